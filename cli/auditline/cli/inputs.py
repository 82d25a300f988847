"""Where a command's input comes from."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from auditline.cli.errors import CommandFailed
from auditline.cli.exits import Exit


@contextmanager
def opened(file: Path | None) -> Iterator[BinaryIO]:
    """*file*, or stdin without one; raises `CommandFailed` when it cannot be read."""
    if file is None or str(file) == "-":
        yield sys.stdin.buffer
        return
    try:
        stream = file.open("rb")
    except OSError as error:
        raise CommandFailed(f"{file}: {error.strerror}", Exit.NOT_FOUND) from error
    with stream:
        yield stream
