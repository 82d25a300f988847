"""`auditline tail`: the newest entries."""

from typing import Annotated

import typer

from auditline.cli.options import ConfigOption, JsonOption

Org = Annotated[str | None, typer.Option(show_default=False, help="Only this organization.")]
Lines = Annotated[int, typer.Option("--lines", "-n", min=1, max=10_000, help="Entries to show.")]
Follow = Annotated[
    bool, typer.Option("--follow", "-f", help="Then show new ones as they come, until Ctrl-C.")
]

_EPILOG = """\b
Examples:
  auditline tail
  auditline tail --org org_acme --follow --json
"""


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command("tail", epilog=_EPILOG)(tail)


def tail(
    org: Org = None,
    lines: Lines = 20,
    follow: Follow = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Show the newest entries, oldest first."""
    from auditline.cli.context import settings_for
    from auditline.cli.entries import print_entries, print_more
    from auditline.cli.reading import following, newest

    clickhouse = settings_for(config).clickhouse
    rows = newest(clickhouse, org, lines)
    print_entries([row.entry for row in rows], json)
    if follow:
        for more in following(clickhouse, org, rows):
            print_more(more, json)
