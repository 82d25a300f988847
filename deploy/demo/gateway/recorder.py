"""Closed mode: an action's answer waits until the broker has acknowledged its event."""

import asyncio
from concurrent.futures import Future
from typing import Protocol

from auditline.event import AuditEvent, InvalidEvent
from auditline.producer import AuditLogError, Delivery

from .errors import NotRecorded


class Log(Protocol):
    """The part of `auditline.producer.AuditLog` that is used here."""

    def emit(self, event: AuditEvent) -> "Future[Delivery]":
        """Hands *event* over; the future resolves when the broker has it for good."""


class Recorder:
    """Emits events and waits, without blocking the event loop."""

    def __init__(self, log: Log, timeout: float) -> None:
        """*timeout* in seconds is how long an answer may wait for the broker."""
        self._log = log
        self._timeout = timeout

    async def record(self, event: AuditEvent) -> None:
        """Returns once *event* is in the log for good.

        Raises NotRecorded when it is not, or when nobody can say yet: after a timeout the
        event may still arrive, so the caller must then say that the action did not happen.
        """
        try:
            waiting = asyncio.wrap_future(self._log.emit(event))
        except (AuditLogError, InvalidEvent) as refused:
            raise NotRecorded(str(refused)) from refused
        # Not wait_for: it would cancel the producer's future, which is not ours to cancel.
        done, _ = await asyncio.wait({waiting}, timeout=self._timeout)
        if not done:
            waiting.add_done_callback(_forget)
            raise NotRecorded(f"no acknowledgement in {self._timeout:g} s")
        try:
            waiting.result()
        except AuditLogError as failed:
            raise NotRecorded(str(failed)) from failed

    def record_later(self, event: AuditEvent) -> None:
        """Emits *event* without waiting: best effort, for what nobody waits for any more."""
        try:
            asyncio.wrap_future(self._log.emit(event)).add_done_callback(_forget)
        except (AuditLogError, InvalidEvent):
            return  # the first event did not leave either, so there is nothing to put right


def _forget(late: "asyncio.Future[Delivery]") -> None:
    if not late.cancelled():
        late.exception()  # looked at, so that asyncio does not report it as never retrieved
