"""Waiting for an `auditline up` that has begun, or is about to, in this directory.

`auditline up & auditline emit < events.jsonl` is to work: the second command comes first.

    absent ──▶ starting ──▶ ready        as `up` takes the directory's lock, and later writes
       ▲          │           │          its own process id into the file `ready`
       └──────────┴───────────┘          whichever way it ends, the lock goes with it
"""

import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from auditline.cli.configuration import FILE_NAME, ConfigMissing
from auditline.cli.errors import CommandFailed
from auditline.cli.exits import Exit

READY_FILE = "ready"
APPEARS_WITHIN = 10.0
_TICK = 0.1

Phase = Literal["absent", "starting", "ready"]

NO_CONFIG = (
    "no configuration: start a log on this machine with `auditline up`, or name a file with "
    "--config (or AUDITLINE_CONFIG, or ./auditline.toml)"
)


def phase(directory: Path) -> Phase:
    """How far the local stack in *directory* is."""
    if find_spec("psutil") is None:  # without the extra "local" there is no stack to wait for
        return "absent"
    from auditline.local.supervisor import running_supervisor

    holder = running_supervisor(directory)
    if holder is None:
        return "absent"
    try:
        ready = (directory / READY_FILE).read_text("utf-8") == str(holder)
    except FileNotFoundError:
        ready = False
    return "ready" if ready else "starting"


def wait_for_up(
    directory: Path, say: Callable[[str], None], appears_within: float = APPEARS_WITHIN
) -> Path:
    """The configuration that `up` wrote in *directory*, once the stack is ready.

    *say* is told when there is something to wait for. Raises `ConfigMissing` when no `up` appears
    in *appears_within* seconds, `CommandFailed` when one ends without becoming ready.
    """
    deadline = time.monotonic() + appears_within
    seen: Phase = "absent"
    while (now := phase(directory)) != "ready":
        if now == "absent" and seen == "starting":
            raise CommandFailed(
                f"`auditline up` ended before the stack was ready; see {directory}/logs",
                Exit.UNAVAILABLE,
            )
        if now == "absent" and time.monotonic() > deadline:
            raise ConfigMissing(NO_CONFIG)
        if now == "starting" and seen != "starting":
            say("`auditline up` is starting the local stack: waiting until it is ready …")
        seen = now
        time.sleep(_TICK)
    return directory / FILE_NAME
