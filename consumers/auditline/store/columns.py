"""Every derived column of ``audit.entries``, computed again in Python from leaf and text.

Written from the ledger format and the event model, not from the SQL, and compared column by
column: a list is compared in C, so a whole column costs less than one row at a time would.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from operator import attrgetter
from struct import Struct as Layout
from typing import Any

import msgspec

from auditline.event.text import CHANGES_MARK

_LEAF = Layout(">16x16sQQ16s32s3xBIQ32s")


class _Part(msgspec.Struct, frozen=True):
    """Base of the parts of a text; absent is empty, as in the table."""


class _Outcome(_Part, frozen=True):
    result: str = ""
    code: str = ""
    reason: str = ""


class _Actor(_Part, frozen=True):
    type: str = ""
    id: str = ""
    email: str = ""
    name: str = ""
    role: str = ""
    groups: list[str] = []
    credential_id: str = ""
    auth_method: str = ""
    session_id: str = ""


class _Principal(_Part, frozen=True):
    type: str = ""
    id: str = ""
    email: str = ""


class _Geo(_Part, frozen=True):
    country: str = ""


class _Source(_Part, frozen=True):
    client_ip: str = ""
    peer_ip: str = ""
    user_agent: str = ""
    geo: _Geo = _Geo()


class _Resource(_Part, frozen=True):
    type: str = ""
    id: str = ""
    name: str = ""


class _Request(_Part, frozen=True):
    id: str = ""
    trace_id: str = ""
    method: str = ""
    route: str = ""
    batch_id: str = ""
    caused_by: str = ""


class _Justification(_Part, frozen=True):
    reason: str = ""
    ticket: str = ""


class _Service(_Part, frozen=True):
    name: str = ""
    version: str = ""


class _Label(_Part, frozen=True):
    key: str = ""
    value: str = ""


class _Producer(_Part, frozen=True):
    id: str = ""
    epoch: int = 0
    counter: int = 0


class _Change(_Part, frozen=True):
    path: str


class Text(_Part, frozen=True):
    """What the columns show of an event's text."""

    event_id: str = ""
    org_id: str = ""
    project_id: str = ""
    environment: str = ""
    occurred_at: int = 0
    action: str = ""
    action_version: int = 0
    crud: str = ""
    severity: str = ""
    outcome: _Outcome = _Outcome()
    actor: _Actor = _Actor()
    on_behalf_of: _Principal = _Principal()
    source: _Source = _Source()
    resource: _Resource = _Resource()
    targets: list[_Resource] = []
    request: _Request = _Request()
    justification: _Justification = _Justification()
    service: _Service = _Service()
    labels: list[_Label] = []
    producer: _Producer = _Producer()
    changes: list[_Change] = []


_decode = msgspec.json.Decoder(Text).decode
_TOKENS = re.compile(rb'"path":("(?:[^"\\]|\\.)*")|"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)


def read_text(event: bytes) -> Text:
    """The text's fields; raises `msgspec.MsgspecError` when it is not an event's."""
    try:
        return _decode(event)
    except (msgspec.DecodeError, RecursionError):
        # A diff may be nested deeper than a parser goes; the rest may not.
        head, mark, diff = event.partition(CHANGES_MARK)
        if not mark:
            raise
        changes = [_Change(path) for path in _paths(diff)]
        return msgspec.structs.replace(_decode(head + b"}"), changes=changes)


def _paths(diff: bytes) -> Iterator[str]:
    """The paths in a list of changes whose opening bracket is gone, whatever the values are."""
    depth = 0
    for token in _TOKENS.finditer(diff):
        if token[1] and depth == 1:
            yield msgspec.json.decode(token[1], type=str)
        elif token[0] in b"[{":
            depth += 1
        elif token[0] in b"]}":
            depth -= 1


def _path_list(text: Text) -> list[str]:
    return [change.path for change in text.changes] if text.changes else []


def _target_ids(text: Text) -> list[str]:
    return [target.id for target in text.targets] if text.targets else []


def _labels(text: Text) -> list[tuple[str, str]]:
    return [(label.key, label.value) for label in text.labels] if text.labels else []


_FROM_LEAF = (
    "log_id",
    "seq",
    "recorded_at",
    "event_id",
    "commitment",
    "kind",
    "source_partition",
    "source_offset",
    "prev",
)
_FROM_TEXT: dict[str, Callable[[Text], Any]] = {
    "org_id": attrgetter("org_id"),
    "project_id": attrgetter("project_id"),
    "environment": attrgetter("environment"),
    "occurred_at": attrgetter("occurred_at"),
    "action": attrgetter("action"),
    "action_version": attrgetter("action_version"),
    "crud": attrgetter("crud"),
    "severity": attrgetter("severity"),
    "outcome": attrgetter("outcome.result"),
    "outcome_code": attrgetter("outcome.code"),
    "outcome_reason": attrgetter("outcome.reason"),
    "actor_type": attrgetter("actor.type"),
    "actor_id": attrgetter("actor.id"),
    "actor_email": attrgetter("actor.email"),
    "actor_name": attrgetter("actor.name"),
    "actor_role": attrgetter("actor.role"),
    "actor_groups": attrgetter("actor.groups"),
    "actor_credential_id": attrgetter("actor.credential_id"),
    "actor_auth_method": attrgetter("actor.auth_method"),
    "actor_session_id": attrgetter("actor.session_id"),
    "on_behalf_of_type": attrgetter("on_behalf_of.type"),
    "on_behalf_of_id": attrgetter("on_behalf_of.id"),
    "on_behalf_of_email": attrgetter("on_behalf_of.email"),
    "client_ip": attrgetter("source.client_ip"),
    "peer_ip": attrgetter("source.peer_ip"),
    "user_agent": attrgetter("source.user_agent"),
    "country": attrgetter("source.geo.country"),
    "resource_type": attrgetter("resource.type"),
    "resource_id": attrgetter("resource.id"),
    "resource_name": attrgetter("resource.name"),
    "target_ids": _target_ids,
    "request_id": attrgetter("request.id"),
    "trace_id": attrgetter("request.trace_id"),
    "method": attrgetter("request.method"),
    "route": attrgetter("request.route"),
    "batch_id": attrgetter("request.batch_id"),
    "caused_by": attrgetter("request.caused_by"),
    "reason": attrgetter("justification.reason"),
    "ticket": attrgetter("justification.ticket"),
    "service_name": attrgetter("service.name"),
    "service_version": attrgetter("service.version"),
    "producer_id": attrgetter("producer.id"),
    "producer_epoch": attrgetter("producer.epoch"),
    "producer_counter": attrgetter("producer.counter"),
    "labels": _labels,
    "changed_paths": _path_list,
}
# Compared as integers, bytes and plain pairs: exact, and quick to read.
_AS = {
    "recorded_at": "toUnixTimestamp64Micro(recorded_at)",
    "event_id": "UUIDStringToNum(toString(event_id))",
    "occurred_at": "toUnixTimestamp64Micro(occurred_at)",
    "labels": "CAST(labels, 'Array(Tuple(String, String))')",
}
NAMES = (*_FROM_LEAF, "leaf_hash", *_FROM_TEXT)
"""The derived columns, in the order of `expected`."""

SELECTED = tuple(_AS.get(name, name) for name in NAMES)
"""What to select to compare them."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Row *row* of a block says *found* in *column*, where its evidence says *expected*."""

    row: int
    column: str
    found: Any
    expected: Any


def expected(leaves: Sequence[bytes], texts: Sequence[Text]) -> list[Sequence[Any]]:
    """The columns of a block, in the order of `SELECTED`; leaves MUST have 144 bytes."""
    fields = list(zip(*map(_LEAF.unpack, leaves), strict=True))
    hashes = [sha256(b"\x00" + leaf).digest() for leaf in leaves]
    return [*fields, hashes, *(list(map(get, texts)) for get in _FROM_TEXT.values())]


def compare(found: Sequence[Sequence[Any]], wanted: Sequence[Sequence[Any]]) -> list[Mismatch]:
    """Where the columns of a block are not what they should be, the lowest row first."""
    wrong = []
    for name, left, right in zip(NAMES, found, wanted, strict=True):
        # Equal in nearly every block; only a block that is not is looked at row by row.
        if list(left) != list(right):
            rows = enumerate(zip(left, right, strict=True))
            wrong += [Mismatch(row, name, a, b) for row, (a, b) in rows if a != b]
    return sorted(wrong, key=lambda mismatch: mismatch.row)
