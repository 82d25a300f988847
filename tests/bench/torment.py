"""One log under fire: events flow, and its chain and its store are killed over and over.

A process is killed once it has done some work, at a random moment soon after; so every kill meets
a process at work, and what it had begun is left to its successor.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator

from auditline.event import AuditEvent
from auditline.kafka.reader import PartitionReader
from auditline.producer import AuditLog
from bench.log import BenchLog
from bench.pace import paced
from bench.processes import Name, Process
from bench.waiting import TooSlow, eventually
from bench.workload import event

_RATE = 60.0
_MOMENT = 1.0
_ORGS = 5


class Tormented:
    """A log of one partition with one chain and one store; *seed* decides the moments."""

    def __init__(self, log: BenchLog, seed: int) -> None:
        self.log = log
        self.kills = {"chain": 0, "store": 0}
        self.alarms: list[str] = []
        self.acknowledged: list[AuditEvent] = []
        self._random = random.Random(seed)
        self._stop = threading.Event()
        group = f"{log.name}-store"
        self._threads = [
            threading.Thread(target=self._torment, args=("chain", self._ledger_end)),
            threading.Thread(
                target=self._torment,
                args=("store", lambda: log.committed(group, log.topics.ledger)),
            ),
            threading.Thread(target=self._emit),
        ]

    def start(self) -> None:
        """Let events flow, and kill."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """No more events, no more kills."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _torment(self, name: Name, progress: Callable[[], int]) -> None:
        while not self._stop.is_set():
            with Process(name, self.log) as process:
                worked = self._wait(progress, progress(), process)
                if worked:
                    time.sleep(self._random.uniform(0, _MOMENT))
                code = process.returncode()
                if code is not None:
                    self.alarms.append(f"{name} ended by itself with {code}")
                elif worked:
                    process.kill()
                    self.kills[name] += 1

    def _wait(self, progress: Callable[[], int], before: int, process: Process) -> bool:
        """Whether there was progress before the end of the process or of the whole test."""

        def over() -> bool:
            ended = self._stop.is_set() or process.returncode() is not None
            return ended or progress() > before

        try:
            eventually("some work done", over, tick=0.2)
        except TooSlow as error:
            self.alarms.append(str(error))
            return False
        return not self._stop.is_set() and process.returncode() is None

    def _ledger_end(self) -> int:
        with PartitionReader(self.log.kafka) as reader:
            return reader.watermarks(self.log.topics.ledger, 0).high

    def _emit(self) -> None:
        with AuditLog(self.log.kafka.bootstrap_servers, topic=self.log.topics.events) as audit:
            sent = [(one, audit.emit(one)) for one in paced(self._events(), _RATE)]
            for one, future in sent:
                future.result(60)
                self.acknowledged.append(one)

    def _events(self) -> Iterator[AuditEvent]:
        i = 0
        while not self._stop.is_set():
            yield event(f"{self.log.name}_org_{i % _ORGS}", i)
            i += 1
