"""Finding entries: what to ask ClickHouse, and asking it.

Whatever a caller gives is a bound parameter. Pages are keyset pages: the next one begins after the
last row's key, so that it costs what the first one did and nothing is shown twice while entries
arrive. What comes back is the evidence; columns only decide what is found.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from clickhouse_connect.driver.client import Client

from auditline.ledger import Entry
from auditline.store.clickhouse import mapped

_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


class Key(NamedTuple):
    """A row's place in the order of `search`: *recorded_at* in microseconds, log and seq."""

    recorded_at: int
    log_id: bytes
    seq: int

    @classmethod
    def parse(cls, text: str) -> "Key":
        """The key in ``<recorded_at>.<log_id hex>.<seq>``; raises ValueError."""
        recorded_at, log_id, seq = text.split(".")
        key = cls(int(recorded_at), bytes.fromhex(log_id), int(seq))
        if len(key.log_id) != 16 or key.recorded_at < 0 or key.seq < 0:
            raise ValueError(f"{text!r} is no cursor")
        return key

    def __str__(self) -> str:
        return f"{self.recorded_at}.{self.log_id.hex()}.{self.seq}"


@dataclass(frozen=True, slots=True)
class Row:
    """One entry found: its place, whose it is, and the evidence."""

    key: Key
    org_id: str
    entry: Entry


@dataclass(frozen=True, slots=True)
class Filter:
    """What all found entries have; None asks for nothing.

    *actor* is an id or an e-mail address. *resource_type* and *resource_id* may stand alone.
    Times are of recording, aware: *since* included, *until* not.
    """

    org_id: str | None = None
    actor: str | None = None
    action: str | None = None
    resource: str | None = None
    resource_type: str | None = None
    resource_id: str | None = None
    outcome: str | None = None
    client_ip: str | None = None
    request_id: str | None = None
    event_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


# An id may be an actor's own or the one acted for: whoever looks for a person means both.
_CONDITIONS: dict[str, str] = {
    "org_id": "org_id = {org_id:String}",
    "actor": "(actor_id = {actor:String} OR actor_email = {actor:String} "
    "OR on_behalf_of_id = {actor:String})",
    "action": "action = {action:String}",
    "resource": "(resource_id = {resource:String} OR resource_type = {resource:String})",
    "resource_type": "resource_type = {resource_type:String}",
    "resource_id": "resource_id = {resource_id:String}",
    "outcome": "outcome = {outcome:String}",
    "client_ip": "client_ip = {client_ip:String}",
    "request_id": "request_id = {request_id:String}",
    "event_id": "event_id = {event_id:UUID}",
    "since": "recorded_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')",
    "until": "recorded_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')",
}
_AFTER = (
    "(recorded_at, log_id, seq) {sign} "
    "(fromUnixTimestamp64Micro({{at:Int64}}, 'UTC'), unhex({{log:String}}), {{seq:UInt64}})"
)
_SELECT = (
    "SELECT toUnixTimestamp64Micro(recorded_at) AS at, log_id, seq, org_id, leaf, salt, event "
    "FROM entries"
)


class Query(NamedTuple):
    """A statement and its parameters."""

    text: str
    parameters: dict[str, Any]


def search_query(
    wanted: Filter, after: Key | None = None, limit: int = 100, *, oldest_first: bool = False
) -> Query:
    """The statement for one page of *limit* rows beyond the key *after*, newest first."""
    conditions, parameters = _conditions(wanted)
    if after is not None:
        conditions.append(_AFTER.format(sign=">" if oldest_first else "<"))
        parameters |= {"at": after.recorded_at, "log": after.log_id.hex(), "seq": after.seq}
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    way = "ASC" if oldest_first else "DESC"
    order = f" ORDER BY recorded_at {way}, log_id {way}, seq {way}"
    parameters["limit"] = limit
    return Query(f"{_SELECT}{where}{order} LIMIT {{limit:UInt32}}", parameters)


def show_query(org_id: str | None, which: int | UUID) -> Query:
    """The statement for the entries with a seq, or of an event; more than one is a finding."""
    if isinstance(which, UUID):
        conditions, parameters = _conditions(Filter(org_id=org_id, event_id=which))
    else:
        conditions, parameters = _conditions(Filter(org_id=org_id))
        conditions.append("seq = {seq:UInt64}")
        parameters["seq"] = which
    text = f"{_SELECT} WHERE {' AND '.join(conditions)} ORDER BY org_id, log_id, seq LIMIT 100"
    return Query(text, parameters)


def search(
    client: Client,
    wanted: Filter,
    after: Key | None = None,
    limit: int = 100,
    *,
    oldest_first: bool = False,
) -> list[Row]:
    """One page of entries; the next begins after the last row's key.

    Raises `auditline.store.errors.Unavailable` and `Refused`.
    """
    return _rows(client, search_query(wanted, after, limit, oldest_first=oldest_first), "searching")


def show(client: Client, org_id: str | None, which: int | UUID) -> list[Row]:
    """The entries of a seq or an event id; raises as `search` does."""
    return _rows(client, show_query(org_id, which), "looking an entry up")


def _conditions(wanted: Filter) -> tuple[list[str], dict[str, Any]]:
    conditions, parameters = [], {}
    for field in fields(wanted):
        value = getattr(wanted, field.name)
        if value is not None:
            conditions.append(_CONDITIONS[field.name])
            parameters[field.name] = _parameter(value)
    return conditions, parameters


def _parameter(value: object) -> str | int:
    if isinstance(value, datetime):
        return (value - _EPOCH) // timedelta(microseconds=1)
    return str(value)


def _rows(client: Client, query: Query, what: str) -> list[Row]:
    parameters: Mapping[str, Any] = query.parameters
    with mapped(what):
        found: Sequence[Sequence[Any]] = client.query(
            query.text, parameters=dict(parameters), column_formats={"event": "bytes"}
        ).result_rows
    return [
        Row(Key(at, log_id, seq), org_id, Entry(leaf, salt, event))
        for at, log_id, seq, org_id, leaf, salt, event in found
    ]
