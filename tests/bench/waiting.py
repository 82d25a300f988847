"""Waiting for what must happen."""

import time
from collections.abc import Callable


class TooSlow(Exception):
    """Something did not happen in time; the text says what."""


def eventually(
    what: str, true: Callable[[], bool], patience: float = 120.0, tick: float = 0.1
) -> None:
    """Wait until *true*; raises `TooSlow` after *patience* seconds."""
    deadline = time.monotonic() + patience
    while not true():
        if time.monotonic() > deadline:
            raise TooSlow(f"not within {patience:.0f} s: {what}")
        time.sleep(tick)
