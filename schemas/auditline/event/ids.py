"""UUIDv7 event identifiers (RFC 9562 §5.7): sortable by time, unique without coordination."""

import os
import threading
import time
from uuid import UUID

_lock = threading.Lock()
_last = 0


def uuid7(milliseconds: int, sub_millisecond: int, random: bytes) -> UUID:
    """UUIDv7 of a Unix time in *milliseconds*, a 12-bit fraction and 8 bytes of *random*."""
    high = (milliseconds & 0xFFFF_FFFF_FFFF) << 16 | 0x7000 | (sub_millisecond & 0xFFF)
    low = 0b10 << 62 | int.from_bytes(random, "big") & 0x3FFF_FFFF_FFFF_FFFF
    return UUID(int=high << 64 | low)


def new_event_id() -> UUID:
    """A UUIDv7 for now; within a process each is greater than the one before (method 3)."""
    global _last
    with _lock:
        # 4096 steps a millisecond; a clock that stands still or steps back only counts on.
        _last = max(_last + 1, time.time_ns() * 4096 // 1_000_000)
        steps = _last
    return uuid7(steps >> 12, steps & 0xFFF, os.urandom(8))
