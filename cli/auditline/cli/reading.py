"""Reading entries from ClickHouse, as a reader where one is configured."""

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from clickhouse_connect.driver.client import Client

from auditline.cli.errors import CommandFailed
from auditline.cli.exits import Exit
from auditline.cli.terms import Cursor, Parameters, Terms, statement
from auditline.ledger import Entry, Leaf
from auditline.store.clickhouse import connect, mapped
from auditline.store.settings import ClickHouseSettings

_BYTES = {"String": "bytes", "FixedString": "bytes"}
_FOLLOW_TICK = 0.5
# How much later than the newest one an entry may become visible and still be shown.
_FOLLOW_OVERLAP = 10_000_000
_FOLLOW_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Page:
    """Entries, and the cursor after them unless they are the last."""

    entries: list[Entry]
    next: str | None


def page(settings: ClickHouseSettings, terms: Terms, limit: int, after: str | None = None) -> Page:
    """Entries that match, newest first. Raises the store's `Unavailable` and `Refused`."""
    cursor = Cursor.parse(after) if after else None
    with closing(_client(settings, terms.org)) as client:
        found = _read(client, *statement(terms, limit + 1, cursor))
    if len(found) <= limit:
        return Page(found, None)
    found = found[:limit]
    return Page(found, str(Cursor.of(Leaf.parse(found[-1].leaf))))


def newest(settings: ClickHouseSettings, org: str | None, count: int) -> list[Entry]:
    """The newest entries, oldest first."""
    return page(settings, Terms(org=org), count).entries[::-1]


def following(
    settings: ClickHouseSettings, org: str | None, shown: list[Entry]
) -> Iterator[list[Entry]]:
    """Entries that come after those *shown*, for ever, oldest first."""
    seen = {(leaf.log_id, leaf.seq): leaf.recorded_at for leaf in _leaves(shown)}
    newest_at = max(seen.values(), default=time.time_ns() // 1000)
    with closing(_client(settings, org)) as client:
        while True:
            since = newest_at - _FOLLOW_OVERLAP
            found = _read(client, *statement(Terms(org=org, since=since), _FOLLOW_MOST, None))[::-1]
            fresh = [e for e in found if _key(e) not in seen]
            seen |= {(leaf.log_id, leaf.seq): leaf.recorded_at for leaf in _leaves(fresh)}
            newest_at = max(seen.values(), default=newest_at)
            seen = {key: at for key, at in seen.items() if at >= newest_at - _FOLLOW_OVERLAP}
            if fresh:
                yield fresh
            time.sleep(_FOLLOW_TICK)


def by_seq(settings: ClickHouseSettings, org: str, seq: int) -> list[Entry]:
    """Entry *seq* of an organization; more than one only where something is wrong.

    Raises `CommandFailed` when there is none.
    """
    text = (
        "SELECT leaf, salt, event FROM entries WHERE org_id = {org:String} AND seq = {seq:UInt64}"
    )
    return _found(settings, org, text, {"org": org, "seq": seq}, f"{org} has no entry {seq}")


def by_event(settings: ClickHouseSettings, event_id: str) -> list[Entry]:
    """The entries with an event's id; raises `CommandFailed` when there is none."""
    text = "SELECT leaf, salt, event FROM entries WHERE event_id = {id:UUID} ORDER BY org_id, seq"
    return _found(settings, None, text, {"id": event_id}, f"there is no event {event_id}")


def _found(
    settings: ClickHouseSettings, org: str | None, text: str, parameters: Parameters, nothing: str
) -> list[Entry]:
    with closing(_client(settings, org)) as client:
        found = _read(client, text, parameters)
    if not found:
        raise CommandFailed(nothing, Exit.NOT_FOUND)
    return found


def _client(settings: ClickHouseSettings, org: str | None) -> Client:
    return connect(settings, reader=True, scope=org or "*")


def _read(client: Client, text: str, parameters: Parameters) -> list[Entry]:
    with mapped("reading"):
        rows = client.query(text, parameters=parameters, query_formats=_BYTES).result_rows
    return [Entry(*row) for row in rows]


def _leaves(entries: list[Entry]) -> list[Leaf]:
    return [Leaf.parse(entry.leaf) for entry in entries]


def _key(entry: Entry) -> tuple[bytes, int]:
    leaf = Leaf.parse(entry.leaf)
    return leaf.log_id, leaf.seq
