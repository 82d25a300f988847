"""`auditline show`: one entry with its diff and its evidence."""

from typing import Annotated

import typer

from auditline.cli.options import ConfigOption, JsonOption

Which = Annotated[
    str, typer.Argument(metavar="ORG|EVENT_ID", help="An organization, or an event's id.")
]
Seq = Annotated[
    int | None, typer.Argument(metavar="SEQ", min=0, show_default=False, help="Its entry's seq.")
]

_EPILOG = """\b
Examples:
  auditline show org_acme 3
  auditline show 0198f3c2-7a00-7000-8000-000000000001 --json
"""


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command("show", epilog=_EPILOG)(show)


def show(
    which: Which, seq: Seq = None, config: ConfigOption = None, json: JsonOption = False
) -> None:
    """Show one entry: who, what, when, where.

    Then the diff field by field, and the evidence: all that is needed to compute its hashes again.
    """
    from auditline.cli.context import settings_for
    from auditline.cli.details import print_details
    from auditline.cli.output import print_json
    from auditline.cli.reading import one
    from auditline.cli.terms import event_id
    from auditline.cli.view import View, as_json

    org, key = (None, event_id(which)) if seq is None else (which, seq)
    for view in map(View.of, one(settings_for(config).clickhouse, org, key)):
        if json:
            print_json(as_json(view, evidence=True))
        else:
            print_details(view)
