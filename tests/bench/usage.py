"""The memory and the processor time that processes take."""

import threading
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

import psutil

_TICK = 0.25


class Usage:
    """Watches processes, named by the keys of *pids*, for the length of a block.

    *peaks* is resident memory in bytes, *cores* processor seconds a second, both by name.
    """

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._processes = {name: psutil.Process(pid) for name, pid in pids.items()}
        self._before = {name: _cpu(process) for name, process in self._processes.items()}
        self._began = time.monotonic()
        self.peaks: dict[str, int] = dict.fromkeys(pids, 0)
        self.cores: dict[str, float] = dict.fromkeys(pids, 0.0)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        while not self._stop.wait(_TICK):
            for name, process in self._processes.items():
                try:
                    self._sample(name, process)
                except psutil.NoSuchProcess:
                    continue  # it has ended; what was seen of it stands

    def _sample(self, name: str, process: psutil.Process) -> None:
        self.peaks[name] = max(self.peaks[name], process.memory_info().rss)
        spent = _cpu(process) - self._before[name]
        self.cores[name] = spent / (time.monotonic() - self._began)

    def shares(self) -> str:
        """Cores that each took, the busiest first."""
        busiest = sorted(self.cores.items(), key=lambda item: -item[1])
        return "cores taken: " + ", ".join(f"{name} {cores:.2f}" for name, cores in busiest)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system
