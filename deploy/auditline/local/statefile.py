"""What a supervisor writes down for others: who it is and what it runs.

`state.json` is replaced atomically, so a reader sees one state or the next, never half of one.
"""

import os
from pathlib import Path

import msgspec

from auditline.local.process import Identity
from auditline.local.service import State, Status


class Running(msgspec.Struct, frozen=True):
    """One service's process."""

    pid: int
    create_time: float
    pgid: int
    ports: dict[str, int]
    ready: bool
    state: State
    restarts: int

    def identity(self) -> Identity:
        """The process, recognizable after its pid is reused."""
        return Identity(self.pid, self.create_time)


class StateFile(msgspec.Struct, frozen=True):
    """A supervisor's process and its services; the file is gone when it has stopped."""

    supervisor: int
    create_time: float
    services: dict[str, Running]


def read(directory: Path) -> StateFile | None:
    """The state of the supervisor in *directory*; None where none runs."""
    try:
        return msgspec.json.decode((directory / "state.json").read_bytes(), type=StateFile)
    except FileNotFoundError:
        return None


def write(directory: Path, state: StateFile) -> None:
    """Replaces the state. A crash before the rename leaves the last one, which is still true of
    the processes it names: each is recognized by its start time."""
    fresh = directory / "state.json.new"
    fresh.write_bytes(msgspec.json.format(msgspec.json.encode(state)))
    os.replace(fresh, directory / "state.json")


def statuses(state: StateFile) -> list[Status]:
    """The services of *state* as another process sees them now."""
    return [_status(name, running) for name, running in state.services.items()]


def _status(name: str, running: Running) -> Status:
    alive = running.identity().alive()
    state = running.state if alive else "stopped"
    return Status(name, state, running.pid if alive else None, running.ports, running.restarts)
