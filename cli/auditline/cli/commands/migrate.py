"""`auditline migrate`: bring ClickHouse's tables up to date."""

from typing import Annotated

import typer

from auditline.cli.options import ConfigOption, JsonOption

Cluster = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", show_default=False, help="ClickHouse cluster: replicated and distributed."
    ),
]
User = Annotated[str, typer.Option(help="Who migrates; no service is this user.")]
Password = Annotated[
    str,
    typer.Option(
        envvar="AUDITLINE_MIGRATOR_PASSWORD",
        show_default=False,
        help="Its password; better in the variable AUDITLINE_MIGRATOR_PASSWORD.",
    ),
]

_EPILOG = """\b
Examples:
  auditline migrate
  auditline migrate --cluster production
"""


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command("migrate", epilog=_EPILOG)(migrate)


def migrate(
    cluster: Cluster = None,
    user: User = "auditline_migrator",
    password: Password = "",
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Bring ClickHouse's tables up to date.

    Connects to clickhouse.dsn, as the migrator. What is done is left as it is, so this may be run
    again at any time. The local stack is migrated by each `auditline up`.
    """
    from auditline.cli.context import settings_for
    from auditline.cli.output import print_json
    from auditline.cli.schema import bring_up_to_date

    done = bring_up_to_date(settings_for(config).clickhouse, user, password, cluster)
    if json:
        print_json({"applied": done})
        return
    for name in done:
        print(f"applied {name}")
    print("the tables are up to date")
