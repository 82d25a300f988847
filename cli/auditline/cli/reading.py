"""Reading entries from ClickHouse, as a reader where one is configured."""

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from uuid import UUID

from clickhouse_connect.driver.client import Client

from auditline.cli.errors import CommandFailed
from auditline.cli.exits import Exit
from auditline.ledger import Entry
from auditline.store.clickhouse import connect
from auditline.store.search import Filter, Key, Row, search, show
from auditline.store.settings import ClickHouseSettings

_FOLLOW_TICK = 0.5
# Partitions are loaded on their own: how much later than the newest entry another may still come.
_FOLLOW_OVERLAP = 10_000_000
_FOLLOW_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Page:
    """Entries, and the cursor after them unless they are the last."""

    entries: list[Entry]
    next: str | None


def page(
    settings: ClickHouseSettings, wanted: Filter, limit: int, after: Key | None = None
) -> Page:
    """Entries that match, newest first. Raises the store's `Unavailable` and `Refused`."""
    with closing(reader(settings, wanted.org_id)) as client:
        found = search(client, wanted, after, limit + 1)
    rows = found[:limit]
    return Page([row.entry for row in rows], str(rows[-1].key) if len(found) > limit else None)


def newest(settings: ClickHouseSettings, org: str | None, count: int) -> list[Row]:
    """The newest entries, oldest first."""
    with closing(reader(settings, org)) as client:
        return search(client, Filter(org_id=org), limit=count)[::-1]


def following(
    settings: ClickHouseSettings, org: str | None, shown: list[Row]
) -> Iterator[list[Entry]]:
    """Entries that come after those *shown*, for ever, oldest first.

    One that becomes visible 10 s or more after later ones is left out here; `search` has it.
    """
    last = max((row.key for row in shown), default=Key(time.time_ns() // 1000, b"", 0))
    newest_at = last.recorded_at
    with closing(reader(settings, org)) as client:
        # What is before the last one shown was left out on purpose.
        before = (row.key for row in _since(client, org, newest_at - _FOLLOW_OVERLAP))
        seen = {key for key in before if key <= last}
        while True:
            since = newest_at - _FOLLOW_OVERLAP
            fresh = [row for row in _since(client, org, since) if row.key not in seen]
            seen |= {row.key for row in fresh}
            newest_at = max([newest_at, *(row.key.recorded_at for row in fresh)])
            seen = {key for key in seen if key.recorded_at >= newest_at - _FOLLOW_OVERLAP}
            if fresh:
                yield [row.entry for row in fresh]
            time.sleep(_FOLLOW_TICK)


def one(settings: ClickHouseSettings, org: str | None, which: int | UUID) -> list[Entry]:
    """The entry with a seq or an event id; more than one only where something is wrong.

    Raises `CommandFailed` when there is none.
    """
    with closing(reader(settings, org)) as client:
        found = show(client, org, which)
    if not found:
        what = f"entry {which}" if isinstance(which, int) else f"event {which}"
        raise CommandFailed(f"{org or 'the log'} has no {what}", Exit.NOT_FOUND)
    return [row.entry for row in found]


def reader(settings: ClickHouseSettings, org: str | None) -> Client:
    """A client that sees the entries of *org*, or all."""
    return connect(settings, reader=True, scope=org or "*")


def _since(client: Client, org: str | None, recorded_at: int) -> Iterator[Row]:
    after = Key(recorded_at, bytes(16), 0)
    while rows := search(client, Filter(org_id=org), after, _FOLLOW_PAGE, oldest_first=True):
        yield from rows
        if len(rows) < _FOLLOW_PAGE:
            return
        after = rows[-1].key
