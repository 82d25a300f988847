"""`auditline status`: what runs, where, and how far behind it is."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from auditline.cli.exits import Exit
from auditline.cli.options import ConfigOption, JsonOption

if TYPE_CHECKING:
    from auditline.cli.vitals import Vitals
    from auditline.local.service import Status


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command("status", epilog="Example: auditline status --json")(status)


def status(config: ConfigOption = None, json: JsonOption = False) -> None:
    """Show processes, ports, readiness and lag.

    Processes are those of the local stack; chain and store are asked on the health ports that the
    configuration names. Exit code 69 when either is not ready.
    """
    from auditline.cli.configuration import LOCAL_DIRECTORY, find
    from auditline.cli.output import print_json

    # Without waiting for an `up` that is starting: this command is how one looks at it.
    path = find(config, os.environ, Path.cwd())
    vitals = _vitals(path)
    processes = _processes(path.parent if path else LOCAL_DIRECTORY)
    if json:
        from auditline.cli.processes import as_json

        print_json(
            {
                "config": str(path) if path else None,
                "processes": [as_json(process) for process in processes],
                "services": [asdict(v) for v in vitals],
            }
        )
    else:
        _print(processes, vitals)
    if not all(v.ready for v in vitals):
        raise typer.Exit(Exit.UNAVAILABLE)


def _vitals(path: Path | None) -> "list[Vitals]":
    from auditline.cli.context import load_here
    from auditline.cli.vitals import ask

    settings = load_here(path)
    chain, store = settings.chain, settings.store
    return [
        ask("chain", chain.health_host, chain.health_port),
        ask("store", store.health_host, store.health_port),
    ]


def _processes(directory: Path) -> "list[Status]":
    from importlib.util import find_spec

    if find_spec("psutil") is None:  # without the local stack there are none
        return []
    from auditline.cli.processes import local_processes

    return local_processes(directory)


def _print(processes: "list[Status]", vitals: "list[Vitals]") -> None:
    from auditline.cli.output import print_table
    from auditline.cli.processes import ports

    if processes:
        rows = [(s.name, s.state, s.pid, ports(s), s.restarts) for s in processes]
        print_table(("process", "state", "pid", "on 127.0.0.1", "restarts"), rows)
    print_table(
        ("service", "ready", "lag, records", "lag, seconds", "health pages", "why"),
        [
            (
                v.name,
                "yes" if v.ready else "no",
                v.lag_records,
                None if v.lag_seconds is None else f"{v.lag_seconds:.1f}",
                v.url,
                "; ".join(v.reasons),
            )
            for v in vitals
        ],
    )
