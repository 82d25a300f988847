"""`auditline up`: a whole log on this machine."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditline.cli.options import DirectoryOption, JsonOption

if TYPE_CHECKING:
    from auditline.cli.local_log import LocalLog

DetachOption = Annotated[
    bool, typer.Option("--detach", help="Return once it is ready, and leave it running.")
]
PartitionsOption = Annotated[
    int, typer.Option(min=1, max=1000, help="Of a new log; fixed from then on.")
]


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command(
        "up", epilog="\b\nExamples:\n  auditline up\n  auditline up & auditline emit < events.jsonl"
    )(up)


def up(
    directory: DirectoryOption = Path(".auditline"),
    partitions: PartitionsOption = 4,
    detach: DetachOption = False,
    json: JsonOption = False,
) -> None:
    """Start a whole log on this machine.

    That is Kafka, ClickHouse, chain and store. Stays until Ctrl-C, then stops all of it; the data stays in the directory. Other commands run
    in the directory's parent find it by ./.auditline/auditline.toml.
    """
    from auditline.cli.background import start_in_background

    if detach:
        start_in_background(directory, partitions)
        _report_running(directory, json)
        return
    _stay(directory, partitions, json)


def _stay(directory: Path, partitions: int, json: bool) -> None:
    from auditline.cli.background import terminable
    from auditline.cli.local_log import local_log
    from auditline.cli.output import note

    with terminable(), local_log(directory, partitions, note) as log:
        _report(log, json)
        log.stack.supervisor.run_until_signal()
        note("stopping …")


def _report(log: "LocalLog", json: bool) -> None:
    from auditline.cli.processes import print_processes

    print_processes(log.stack.status(), log.config, json)
    if not json:
        print("Ctrl-C stops it.", flush=True)


def _report_running(directory: Path, json: bool) -> None:
    from auditline.cli.configuration import FILE_NAME
    from auditline.cli.processes import local_processes, print_processes

    print_processes(local_processes(directory), directory / FILE_NAME, json)
    if not json:
        print(f"`auditline down --directory {directory}` stops it.")
