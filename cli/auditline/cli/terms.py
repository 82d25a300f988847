"""What is searched for, as SQL and its parameters; no I/O, and no value inside the SQL."""

from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import TypeAlias
from uuid import UUID

from auditline.cli.errors import CommandFailed
from auditline.cli.exits import Exit
from auditline.cli.times import parse_time
from auditline.event import Result
from auditline.ledger import Leaf

Parameters: TypeAlias = dict[str, str | int]

_CONDITIONS = {
    "org": "org_id = {org:String}",
    "actor": "(actor_id = {actor:String} OR actor_email = {actor:String})",
    "action": "action = {action:String}",
    "resource": "(resource_id = {resource:String} OR resource_type = {resource:String}"
    " OR has(target_ids, {resource:String})"
    " OR concat(resource_type, ':', resource_id) = {resource:String})",
    "outcome": "outcome = {outcome:String}",
    "ip": "client_ip = {ip:String}",
    "request_id": "request_id = {request_id:String}",
    "event_id": "event_id = {event_id:UUID}",
    "since": "recorded_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')",
    "until": "recorded_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')",
}


@dataclass(frozen=True, slots=True)
class Terms:
    """All that is not None must hold; times are microseconds since the epoch."""

    org: str | None = None
    actor: str | None = None
    action: str | None = None
    resource: str | None = None
    outcome: str | None = None
    ip: str | None = None
    request_id: str | None = None
    event_id: str | None = None
    since: int | None = None
    until: int | None = None

    def conditions(self) -> tuple[list[str], Parameters]:
        """SQL conditions with named parameters, and their values."""
        given = {f.name: getattr(self, f.name) for f in fields(self)}
        parameters: Parameters = {name: v for name, v in given.items() if v is not None}
        return [_CONDITIONS[name] for name in parameters], parameters


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last entry of a page: the next one begins after it."""

    recorded_at: int
    log_id: bytes
    seq: int

    @classmethod
    def of(cls, leaf: Leaf) -> "Cursor":
        """The cursor of an entry."""
        return cls(leaf.recorded_at, leaf.log_id, leaf.seq)

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """From `str`; raises `CommandFailed` for anything else."""
        try:
            at, log_id, seq = text.split("-")
            cursor = cls(int(at), bytes.fromhex(log_id), int(seq))
        except ValueError:
            cursor = None
        if cursor is None or str(cursor) != text:
            raise CommandFailed(
                f"--after {text!r} is no cursor: take the one that ended the page before",
                Exit.USAGE,
            )
        return cursor

    def __str__(self) -> str:
        return f"{self.recorded_at}-{self.log_id.hex()}-{self.seq}"


# The first is the table's own order, so that a page of one organization is read, not sorted.
_IN_ONE_ORG = ("log_id", "seq")
_IN_ALL = ("recorded_at", "log_id", "seq")
_CURSOR = {
    "recorded_at": "fromUnixTimestamp64Micro({at:Int64}, 'UTC')",
    "log_id": "toFixedString(unhex({log:String}), 16)",
    "seq": "{seq:UInt64}",
}


def statement(terms: Terms, limit: int, after: Cursor | None) -> tuple[str, Parameters]:
    """The query for a page of at most *limit* entries, newest first."""
    order = _IN_ALL if terms.org is None else _IN_ONE_ORG
    conditions, parameters = terms.conditions()
    if after is not None:
        left, right = ", ".join(order), ", ".join(_CURSOR[name] for name in order)
        conditions.append(f"({left}) < ({right})")
        parameters |= {"at": after.recorded_at, "log": after.log_id.hex(), "seq": after.seq}
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    prefix = "" if terms.org is None else "org_id DESC, "
    by = prefix + ", ".join(f"{name} DESC" for name in order)
    parameters["limit"] = limit
    text = f"SELECT leaf, salt, event FROM entries{where} ORDER BY {by} LIMIT {{limit:UInt32}}"
    return text, parameters


def event_id(text: str) -> str:
    """*text* as an event's id; raises `CommandFailed`."""
    try:
        return str(UUID(text))
    except ValueError:
        raise CommandFailed(
            f"{text!r} is no event id; for an entry of an organization say ORG SEQ", Exit.USAGE
        ) from None


def outcome(text: str) -> str:
    """*text* as an outcome; raises `CommandFailed`."""
    known = [result.value for result in Result]
    if text not in known:
        raise CommandFailed(f"--outcome {text!r} is none of {', '.join(known)}", Exit.USAGE)
    return text


def micros(text: str, option: str, now: datetime) -> int:
    """*text* as a time in microseconds; raises `CommandFailed` that names the *option*."""
    try:
        since_epoch = parse_time(text, now) - datetime(1970, 1, 1, tzinfo=UTC)
    except ValueError as error:
        raise CommandFailed(f"{option}: {error}", Exit.USAGE) from None
    days, seconds = since_epoch.days, since_epoch.seconds
    return (days * 86_400 + seconds) * 1_000_000 + since_epoch.microseconds
