"""Auditline's own processes, as an operator starts them."""

import os
import signal
import subprocess
import sys
import time
from types import TracebackType
from typing import Literal, Self

import httpx2

from auditline.local.ports import free
from bench.log import BenchLog
from bench.waiting import TooSlow

Name = Literal["chain", "store"]


class Process:
    """`auditline chain` or `auditline store`; killed when the block ends."""

    def __init__(self, name: Name, log: BenchLog) -> None:
        self.port = free(1)[0]
        self.started = time.monotonic()
        variable = f"AUDITLINE_{name.upper()}__HEALTH_PORT"
        with (log.directory / f"{log.name}-{name}-{self.port}.log").open("wb") as out:
            self._popen = subprocess.Popen(
                [sys.executable, "-m", "auditline.cli", name, "--config", str(log.config)],
                env=os.environ | {variable: str(self.port)},
                stdout=out,
                stderr=out,
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._popen.pid

    def returncode(self) -> int | None:
        """How it ended, or None while it runs."""
        return self._popen.poll()

    def wait_ready(self, patience: float = 60.0) -> float:
        """Wait for its health page to say ready; returns the seconds since it was started."""
        deadline = self.started + patience
        while not self.ready():
            if self._popen.poll() is not None:
                raise TooSlow(f"it ended with {self._popen.returncode}")
            if time.monotonic() > deadline:
                raise TooSlow(f"not ready after {patience:.0f} s")
            time.sleep(0.02)
        return time.monotonic() - self.started

    def ready(self) -> bool:
        """Whether its health page says ready."""
        try:
            return httpx2.get(f"http://127.0.0.1:{self.port}/readyz", timeout=2).status_code == 200
        except httpx2.HTTPError:
            return False

    def stop(self) -> None:
        """Stop it in good order."""
        self._popen.send_signal(signal.SIGTERM)
        self._popen.wait(60)

    def kill(self) -> None:
        """Kill it where it stands."""
        self._popen.kill()
        self._popen.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._popen.poll() is None:
            self.kill()
