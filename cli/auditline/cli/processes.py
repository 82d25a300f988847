"""The processes of the local stack, as tables and JSON."""

from collections.abc import Sequence
from pathlib import Path

from auditline.cli.output import print_json, print_table
from auditline.local import statefile
from auditline.local.service import Status


def local_processes(directory: Path) -> list[Status]:
    """What runs in *directory*; empty when nothing does."""
    state = statefile.read(directory)
    return statefile.statuses(state) if state is not None else []


def as_json(status: Status) -> dict[str, object]:
    """One process."""
    return {
        "name": status.name,
        "state": status.state,
        "pid": status.pid,
        "ports": dict(status.ports),
        "restarts": status.restarts,
    }


def print_processes(statuses: Sequence[Status], config: Path, json: bool) -> None:
    """What runs and where."""
    if json:
        print_json({"config": str(config), "processes": [as_json(s) for s in statuses]})
        return
    rows = [(s.name, s.state, s.pid, ports(s), s.restarts) for s in statuses]
    print_table(("process", "state", "pid", "on 127.0.0.1", "restarts"), rows)
    print(f"configuration: {config}")


def ports(status: Status) -> str:
    """A process's ports for people."""
    return ", ".join(f"{name} {port}" for name, port in status.ports.items())
