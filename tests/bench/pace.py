"""Doing something at a steady rate."""

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def paced(items: Iterable[T], rate: float) -> Iterator[T]:
    """*items* at *rate* a second; one that is late is not waited for, so the rate is kept."""
    began = time.monotonic()
    for i, item in enumerate(items):
        ahead = began + i / rate - time.monotonic()
        if ahead > 0.001:
            time.sleep(ahead)
        yield item
