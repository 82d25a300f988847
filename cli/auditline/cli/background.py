"""`auditline up` as a process of its own, that outlives the command which began it."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from auditline.cli.errors import CommandFailed
from auditline.cli.exits import Exit
from auditline.cli.output import note
from auditline.cli.waiting import phase

_TICK = 0.1


@contextmanager
def terminable() -> Iterator[None]:
    """SIGTERM ends the block as Ctrl-C does: by an exception that lets it clean up."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    # A shell starts its background jobs with SIGINT ignored; `up` in one is stopped all the same.
    before = {
        number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def start_in_background(directory: Path, partitions: int) -> None:
    """Start `auditline up` in the background and return once it is ready.

    One that runs already will do. Raises `CommandFailed` with the end of its log when it fails.
    """
    if phase(directory) == "ready":
        note("it runs already")
        return
    log = directory / "logs" / "up.log"
    process = _spawn(directory, partitions, log)
    try:
        while phase(directory) != "ready":
            if process.poll() is not None:
                raise CommandFailed(_last_lines(log), Exit.UNAVAILABLE)
            time.sleep(_TICK)
    except KeyboardInterrupt:
        process.terminate()
        process.wait()
        raise


def _spawn(directory: Path, partitions: int, log: Path) -> "subprocess.Popen[bytes]":
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "auditline.cli", "up", "--directory", str(directory)]
    note(f"starting; its log is {log} …")
    with log.open("wb") as out:
        return subprocess.Popen(
            [*command, "--partitions", str(partitions)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _last_lines(log: Path, count: int = 20) -> str:
    lines = log.read_text("utf-8", "replace").splitlines()[-count:]
    return "it did not start:\n" + "\n".join(lines)
