"""The loop that every consuming process runs, around a session in its consumer group.

    start ──▶ session ──▶ step, step, step …
      ▲          │
      └──────────┘ Interrupted, Fenced, Unavailable: leave the group, drop all memory, wait, start

Whatever goes wrong ends the session; start-up, a rebalance and a crash then take the same path.
`Broken` ends the process.
"""

import time
from collections.abc import Callable, Iterator
from threading import Event
from typing import Protocol

import structlog
from confluent_kafka import KafkaException

from auditline.kafka.errors import Fenced, Interrupted, Unavailable

log = structlog.get_logger("auditline.session")

_SILENCE = 120.0
"""Seconds without a step after which the process had better be restarted."""


class Session(Protocol):
    """One membership in a consumer group. After any call raised, only `leave` is called."""

    def join(self) -> None:
        """Ask for partitions; they come inside `step`."""

    def step(self) -> int:
        """Do one round of work; returns how many records it took."""

    def ready(self) -> str | None:
        """Why it cannot work right now, or None when it can."""

    def leave(self) -> None:
        """Give the partitions back, so that another process has them at once."""


class SessionLoop:
    """Runs sessions, each made by *open*, until *stop* is set.

    *restarted* is told each time that a session failed: "fenced" or "interrupted".
    """

    def __init__(
        self,
        open: Callable[[], Session],
        stop: Event,
        restarted: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._open = open
        self._stop = stop
        self._restarted = restarted
        self._session: Session | None = None
        self._stepped_at = 0.0
        self.running = True

    def ready(self) -> str | None:
        """Why this process cannot do its work right now, or None when it can."""
        session = self._session
        if session is None:
            return "not in the consumer group"
        return session.ready() or self.alive()

    def alive(self) -> str | None:
        """Why this process should be restarted, or None."""
        silent = time.monotonic() - self._stepped_at if self._stepped_at else 0.0
        return f"the loop has not turned for {silent:.0f} s" if silent > _SILENCE else None

    def run(self, backoff: Callable[[int], float]) -> None:
        """Work until stopped; *backoff* gives the seconds to wait after a number of failures."""
        try:
            self._run(backoff)
        finally:
            self.running = False

    def _run(self, backoff: Callable[[int], float]) -> None:
        failures = 0
        while not self._stop.is_set():
            try:
                for taken in self._steps():
                    failures = 0 if taken else failures
            except (Interrupted, Unavailable, KafkaException) as error:
                failures += 1
                reason = "fenced" if isinstance(error, Fenced) else "interrupted"
                self._restarted(reason)
                wait = backoff(failures)
                log.warning("starting again", reason=reason, error=str(error), wait=round(wait, 2))
                self._stop.wait(wait)

    def _steps(self) -> Iterator[int]:
        self._session = session = self._open()
        try:
            session.join()
            while not self._stop.is_set():
                self._stepped_at = time.monotonic()
                yield session.step()
        finally:
            self._session = None
            session.leave()
