"""A file that one process at a time holds, and that says which.

The kernel lets go of it with the process, however that ends, so nothing is ever left locked.
"""

import fcntl
import os
import time
from pathlib import Path
from typing import IO

# `holder` takes the lock for a moment to see whether anybody has it.
_PROBED = 0.5


class Held(Exception):
    """Another process holds the file: *pid*, as far as it has written that down."""

    def __init__(self, pid: int | None) -> None:
        super().__init__(f"held by process {pid}")
        self.pid = pid


def hold(path: Path) -> IO[str]:
    """Holds *path* until the returned file is closed. Raises Held when another process does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.open("a+")
    deadline = time.monotonic() + _PROBED
    while not _take(lock):
        if time.monotonic() > deadline:
            with lock:
                raise Held(_pid(lock))
        time.sleep(0.02)
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def holder(path: Path) -> int | None:
    """The process that holds *path*, or None."""
    if not path.exists():
        return None
    with path.open("r+") as lock:
        return None if _take(lock) else _pid(lock)


def _take(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _pid(lock: IO[str]) -> int | None:
    lock.seek(0)
    written = lock.read().strip()
    return int(written) if written else None
