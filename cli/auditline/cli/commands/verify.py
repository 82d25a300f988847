"""`auditline verify`: recompute the log and say whether it is whole."""

from pathlib import Path
from typing import Annotated

import typer

from auditline.cli.options import ConfigOption, JsonOption

Org = Annotated[str | None, typer.Option(show_default=False, help="Only this organization.")]
KnownHead = Annotated[
    list[str],
    typer.Option(
        metavar="ORG:SIZE:HASH",
        show_default=False,
        help="A head noted outside ClickHouse, its log named by organization or log_id. Repeatable.",
    ),
]
KnownHeads = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        show_default=False,
        help="All heads that an earlier `verify --json` printed, kept elsewhere.",
    ),
]

_EPILOG = """\b
Examples:
  auditline verify
  auditline verify --json > heads.json
  auditline verify --known-heads heads.json

\b
Exit codes, besides those of all commands; only 0 and 10 are green:
    0  VERIFIED_WITNESSED  checks, and witnesses have cosigned
   10  VERIFIED_ANCHORED   checks against heads that you brought
   11  UNANCHORED          checks, but only against itself
   40  TAMPERED            something is wrong: class, organization, first seq
   50  UNVERIFIABLE        nothing there, or it cannot be read to its end
"""


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command("verify", epilog=_EPILOG)(verify)


def verify(
    org: Org = None,
    known_head: KnownHead = [],  # noqa: B006  (Typer's way; never changed)
    known_heads: KnownHeads = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Recompute the whole log and compare.

    Every commitment, hash, link and derived column, as ClickHouse has them. Without a head from
    outside a log that was rewritten or cut off consistently cannot be told from a whole one, and
    so the verdict is UNANCHORED. The heads it prints are what to keep elsewhere for the next time.
    """
    from auditline.cli.context import settings_for
    from auditline.cli.heads import given_heads
    from auditline.cli.output import print_json
    from auditline.cli.verification import print_report, run

    heads = given_heads(known_head, known_heads)
    report = run(settings_for(config), org, heads)
    if json:
        print_json(report.as_dict())
    else:
        print_report(report)
    raise typer.Exit(report.exit_code)
