"""`auditline search`: find entries."""

from typing import Annotated

import typer

from auditline.cli.options import ConfigOption, JsonOption

_TIME = "Such as 2026-07-01, 2026-07-01T12:30:00+02:00, or 2h for two hours ago."

Org = Annotated[str | None, typer.Option(show_default=False, help="Organization.")]
Actor = Annotated[
    str | None, typer.Option(show_default=False, help="The actor's id or e-mail address.")
]
Action = Annotated[
    str | None, typer.Option(show_default=False, help="Action, such as provider_key.rotate.")
]
Resource = Annotated[
    str | None, typer.Option(show_default=False, help="The resource's id or type.")
]
ResourceType = Annotated[
    str | None, typer.Option(show_default=False, help="The resource's type, beside its id.")
]
Outcome = Annotated[
    str | None, typer.Option(show_default=False, help="success, failure, denied or unknown.")
]
Ip = Annotated[str | None, typer.Option("--ip", show_default=False, help="The client's address.")]
RequestId = Annotated[str | None, typer.Option(show_default=False, help="Request id.")]
EventId = Annotated[str | None, typer.Option(show_default=False, help="Event id.")]
Since = Annotated[
    str | None, typer.Option("--from", show_default=False, help=f"Recorded since. {_TIME}")
]
Until = Annotated[
    str | None, typer.Option("--to", show_default=False, help="Recorded before; as --from.")
]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="Entries in one page.")]
After = Annotated[
    str | None, typer.Option(show_default=False, help="The cursor that ended the page before.")
]

_EPILOG = """\b
Examples:
  auditline search --org org_acme --actor zoe@example.com --from 7d
  auditline search --outcome denied --json --limit 1000
"""


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command("search", epilog=_EPILOG)(search)


def search(
    org: Org = None,
    actor: Actor = None,
    action: Action = None,
    resource: Resource = None,
    resource_type: ResourceType = None,
    outcome: Outcome = None,
    ip: Ip = None,
    request_id: RequestId = None,
    event_id: EventId = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 100,
    after: After = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Find entries, newest first; all that is given must hold.

    A page that is not the last ends with a cursor: give it as --after, with the same filters,
    for the next one. With --json the cursor is the last line, {"next": …}.
    """
    from datetime import UTC, datetime

    from auditline.cli import terms
    from auditline.cli.context import settings_for
    from auditline.cli.entries import print_page
    from auditline.cli.reading import page
    from auditline.store.search import Filter

    now = datetime.now(UTC)
    wanted = Filter(
        org_id=org,
        actor=actor,
        action=action,
        resource=resource,
        resource_type=resource_type,
        outcome=None if outcome is None else terms.outcome(outcome),
        client_ip=ip,
        request_id=request_id,
        event_id=None if event_id is None else terms.event_id(event_id),
        since=None if since is None else terms.moment(since, "--from", now),
        until=None if until is None else terms.moment(until, "--to", now),
    )
    cursor = None if after is None else terms.cursor(after)
    print_page(page(settings_for(config).clickhouse, wanted, limit, cursor), json)
