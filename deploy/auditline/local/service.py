"""A service to supervise, and what is known of one that runs."""

import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Service:
    """A process to keep running, in a process group of its own.

    `ready` says whether it serves yet; it is called from the supervisor's thread, about ten times
    a second until it returns True, and must not block for long. None: ready once it runs.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    ready: Callable[[], bool] | None = None
    ready_timeout: float = 60.0
    after: Sequence[str] = ()
    ports: Mapping[str, int] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    stop_timeout: float = 15.0
    restart: bool = True

    def environment(self) -> dict[str, str]:
        """The process's whole environment."""
        return {**os.environ, **self.env}


State = Literal["starting", "ready", "waiting", "stopped"]


@dataclass(frozen=True, slots=True)
class Status:
    """One service as it stands: "waiting" is dead and about to be started again."""

    name: str
    state: State
    pid: int | None
    ports: Mapping[str, int]
    restarts: int


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """How long a service that died stays down, in seconds: doubling, until one run lasted."""

    first: float = 0.5
    longest: float = 30.0
    lasting: float = 60.0

    def delay(self, deaths: int) -> float:
        """The wait after the *deaths*-th death in a row, counted from 1."""
        return float(min(self.longest, self.first * 2 ** min(deaths - 1, 16)))

    def deaths(self, before: int, uptime: float) -> int:
        """Deaths in a row after one more, that of a run of *uptime* seconds."""
        return 1 if uptime >= self.lasting else before + 1


def in_order(services: Sequence[Service]) -> list[Service]:
    """*services* with each after those it names. Raises ValueError for an unknown name or a cycle."""
    left = {s.name: s for s in services}
    ordered: list[Service] = []
    while left:
        free = [s for s in left.values() if not any(name in left for name in s.after)]
        if not free:
            raise ValueError(f"services wait for one another: {', '.join(sorted(left))}")
        ordered += free
        for service in free:
            del left[service.name]
    return ordered
