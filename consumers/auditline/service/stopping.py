"""Stopping in good order when asked, and at once when asked twice."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """An event that SIGINT or SIGTERM sets; only in the main thread.

    The first signal also restores the system's own handling, so that a second one ends the
    process where it stands: to Auditline that is a crash like any other, and loses nothing.
    """
    stop = threading.Event()

    def stopping(_number: int, _frame: FrameType | None) -> None:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        stop.set()

    before = {number: signal.signal(number, stopping) for number in _SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
