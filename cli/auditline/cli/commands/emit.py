"""`auditline emit`: put events into the log from JSON lines."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditline.cli.exits import Exit
from auditline.cli.options import ConfigOption, JsonOption

if TYPE_CHECKING:
    from auditline.cli.emission import BadLine, Emitted
    from auditline.cli.settings import Settings

FileArgument = Annotated[
    Path | None,
    typer.Argument(metavar="FILE", show_default=False, help="JSON lines; stdin without it or -."),
]
WaitOption = Annotated[
    float,
    typer.Option(
        min=0, metavar="SECONDS", help="Wait so long until the events are queryable; 0 does not."
    ),
]

_LEAST = (
    '{"org_id":"org_acme","action":"member.invite","outcome":{"result":"success"},'
    '"actor":{"type":"user","id":"usr_1"},"resource":{"type":"member"}}'
)
_EPILOG = f"""\b
Examples:
  auditline emit < events.jsonl
  echo '{_LEAST}' | auditline emit
"""


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command("emit", epilog=_EPILOG)(emit)


def emit(
    file: FileArgument = None,
    config: ConfigOption = None,
    wait: WaitOption = 30.0,
    json: JsonOption = False,
) -> None:
    """Put events into the log from JSON lines.

    One object a line; waits for the acknowledgements, then until the events are queryable. event_id, occurred_at (microseconds since 1970, UTC) and service are filled in where absent.
    Lines that are no event are named and counted (exit code 65); the others go all the same.
    """
    from auditline.cli.context import settings_for

    settings = settings_for(config)
    result = _emit(settings, file, json)
    late = _wait(settings, result, wait) if wait and result.last else []
    _report(result, late, wait, json)
    if result.undelivered:
        raise typer.Exit(Exit.UNAVAILABLE)
    if result.bad:
        raise typer.Exit(Exit.BAD_INPUT)
    if late:
        raise typer.Exit(Exit.NOT_YET)


def _emit(settings: "Settings", file: Path | None, json: bool) -> "Emitted":
    import time

    from auditline.cli.emission import Emission, lines_of
    from auditline.cli.event_line import Defaults
    from auditline.cli.inputs import opened
    from auditline.event import new_event_id
    from auditline.kafka.topics import Topics
    from auditline.producer import AuditLog

    kafka = settings.kafka
    defaults = Defaults.of_the_cli(new_event_id, lambda: time.time_ns() // 1000)
    with (
        opened(file) as stream,
        AuditLog(
            kafka.bootstrap_servers,
            topic=Topics(kafka.topic_prefix).events,
            kafka=kafka.client_options(),
        ) as log,
    ):
        return Emission(log, defaults, _complaint(json)).run(lines_of(stream))


def _complaint(json: bool) -> "Callable[[BadLine], None]":
    from auditline.cli.output import note, print_json

    def complain(bad: "BadLine") -> None:
        if json:
            print_json({"line": bad.line, "error": bad.reason})
        else:
            note(f"line {bad.line}: {bad.reason}")

    return complain


def _wait(settings: "Settings", result: "Emitted", seconds: float) -> list[str]:
    """The organizations whose last event cannot be found yet after *seconds*."""
    from auditline.cli.queryable import wait_queryable

    return wait_queryable(settings.clickhouse, result.last, seconds)


def _report(result: "Emitted", late: list[str], wait: float, json: bool) -> None:
    from auditline.cli.output import note, print_json

    if json:
        print_json(
            {
                "acknowledged": result.acknowledged,
                "bad": result.bad,
                "undelivered": result.undelivered,
                "not_queryable": late,
            }
        )
        return
    print(f"{result.acknowledged} events acknowledged, {result.bad} bad lines")
    if result.undelivered:
        note(f"{result.undelivered} events were not acknowledged: emit them again")
    if late:
        note(
            f"acknowledged, but after {wait:g} s not queryable yet: {', '.join(late[:10])}; "
            "`auditline status` shows how far chain and store are"
        )
