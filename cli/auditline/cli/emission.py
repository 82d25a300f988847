"""Sending many lines: the good ones go, the bad ones are named, and all are accounted for."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import BinaryIO
from uuid import UUID

from auditline.cli.event_line import Defaults, parse
from auditline.event import AuditEvent, InvalidEvent
from auditline.producer import AuditLog, Delivery, DeliveryFailed, QueueFull

MAX_LINE_BYTES = 10_000_000
_IN_FLIGHT = 20_000
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that was not sent, and why."""

    line: int
    reason: str


@dataclass(slots=True)
class Emitted:
    """What became of the lines; *last* is each organization's last acknowledged event."""

    acknowledged: int = 0
    bad: int = 0
    undelivered: int = 0
    last: dict[str, UUID] = field(default_factory=dict)


def lines_of(stream: BinaryIO) -> Iterator[bytes]:
    """The lines of *stream*; of one that is too long only so much that it is seen to be."""
    while line := stream.readline(MAX_LINE_BYTES + 1):
        yield line
        while len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
            line = stream.readline(MAX_LINE_BYTES + 1)


class Emission:
    """Sends lines through *log*; *complain* is told of every bad one, at once."""

    def __init__(
        self, log: AuditLog, defaults: Defaults, complain: Callable[[BadLine], None]
    ) -> None:
        self._log = log
        self._defaults = defaults
        self._complain = complain
        self._waiting: deque[tuple[int, AuditEvent, Future[Delivery]]] = deque()
        self.result = Emitted()

    def run(self, lines: Iterable[bytes]) -> Emitted:
        """Send all *lines* and wait until the broker has acknowledged each event."""
        for number, line in enumerate(lines, 1):
            if line.strip():
                self._send(number, line)
            self._settle(_IN_FLIGHT)
        self._settle(0)
        return self.result

    def _send(self, number: int, line: bytes) -> None:
        try:
            if len(line) > MAX_LINE_BYTES:
                raise InvalidEvent(f"the line is longer than {MAX_LINE_BYTES} bytes")
            event = parse(line, self._defaults)
            self._waiting.append((number, event, self._emit(event)))
        except InvalidEvent as error:
            self.result.bad += 1
            self._complain(BadLine(number, str(error)))

    def _emit(self, event: AuditEvent) -> Future[Delivery]:
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                return self._log.emit(event)
            except QueueFull:
                if time.monotonic() > deadline:
                    raise
                self._settle(len(self._waiting) // 2)

    def _settle(self, most: int) -> None:
        """Wait for the oldest events until at most *most* are under way."""
        while self._waiting and (len(self._waiting) > most or self._waiting[0][2].done()):
            number, event, future = self._waiting.popleft()
            try:
                future.result(_PATIENCE)
            except (DeliveryFailed, TimeoutError) as error:
                self.result.undelivered += 1
                self._complain(BadLine(number, f"not acknowledged: {error}"))
            else:
                self.result.acknowledged += 1
                self.result.last[event.org_id] = event.event_id
