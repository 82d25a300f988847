"""Every derived column of ``audit.entries``, computed again in Python from leaf and text.

Written from the ledger format and the event model, not from the SQL, and compared column by
column: a list is compared in C, so a whole column costs less than one row at a time would.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from operator import attrgetter
from struct import Struct as Layout
from typing import Any

from auditline.store.text import Text

_LEAF = Layout(">16x16sQQ16s32s3xBIQ32s")


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
# Of the text: by the part that a column's value is in, its name and its field there.
_PARTS: dict[str, tuple[tuple[str, str], ...]] = {
    "": (
        ("org_id", "org_id"),
        ("project_id", "project_id"),
        ("environment", "environment"),
        ("occurred_at", "occurred_at"),
        ("action", "action"),
        ("action_version", "action_version"),
        ("crud", "crud"),
        ("severity", "severity"),
    ),
    "outcome": (
        ("outcome", "result"),
        ("outcome_code", "code"),
        ("outcome_reason", "reason"),
    ),
    "actor": (
        ("actor_type", "type"),
        ("actor_id", "id"),
        ("actor_email", "email"),
        ("actor_name", "name"),
        ("actor_role", "role"),
        ("actor_groups", "groups"),
        ("actor_credential_id", "credential_id"),
        ("actor_auth_method", "auth_method"),
        ("actor_session_id", "session_id"),
    ),
    "on_behalf_of": (
        ("on_behalf_of_type", "type"),
        ("on_behalf_of_id", "id"),
        ("on_behalf_of_email", "email"),
    ),
    "source": (
        ("client_ip", "client_ip"),
        ("peer_ip", "peer_ip"),
        ("user_agent", "user_agent"),
    ),
    "source.geo": (("country", "country"),),
    "resource": (
        ("resource_type", "type"),
        ("resource_id", "id"),
        ("resource_name", "name"),
    ),
    "request": (
        ("request_id", "id"),
        ("trace_id", "trace_id"),
        ("method", "method"),
        ("route", "route"),
        ("batch_id", "batch_id"),
        ("caused_by", "caused_by"),
    ),
    "justification": (
        ("reason", "reason"),
        ("ticket", "ticket"),
    ),
    "service": (
        ("service_name", "name"),
        ("service_version", "version"),
    ),
    "producer": (
        ("producer_id", "id"),
        ("producer_epoch", "epoch"),
        ("producer_counter", "counter"),
    ),
}
_LISTS: dict[str, Callable[[Text], list[Any]]] = {
    "target_ids": _target_ids,
    "labels": _labels,
    "changed_paths": _path_list,
}
_EMPTY = Text()
# Compared as integers, bytes and plain pairs: exact, and quick to read.
_AS = {
    "recorded_at": "toUnixTimestamp64Micro(recorded_at)",
    "event_id": "UUIDStringToNum(toString(event_id))",
    "occurred_at": "toUnixTimestamp64Micro(occurred_at)",
    "labels": "CAST(labels, 'Array(Tuple(String, String))')",
}
NAMES = (
    *_FROM_LEAF,
    "leaf_hash",
    "leaf_is_known",
    *(name for columns in _PARTS.values() for name, _ in columns),
    *_LISTS,
)
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
    columns: list[Sequence[Any]] = list(zip(*map(_LEAF.unpack, leaves), strict=True))
    columns.append([sha256(b"\x00" + leaf).digest() for leaf in leaves])
    columns.append([1] * len(leaves))  # a leaf that is not known is found by the check of its log
    for path, fields in _PARTS.items():
        columns += _columns(path, fields, texts)
    columns += [list(map(get, texts)) for get in _LISTS.values()]
    return columns


def _columns(
    path: str, fields: Sequence[tuple[str, str]], texts: Sequence[Text]
) -> list[Sequence[Any]]:
    parts = list(map(attrgetter(path), texts)) if path else texts
    empty = attrgetter(path)(_EMPTY) if path else None
    if empty is not None and all(part is empty for part in parts):
        # Most events lack most parts: their columns are constant.
        return [[getattr(empty, field)] * len(parts) for _, field in fields]
    return [list(map(attrgetter(field), parts)) for _, field in fields]


def compare(found: Sequence[Sequence[Any]], wanted: Sequence[Sequence[Any]]) -> list[Mismatch]:
    """Where the columns of a block are not what they should be, the lowest row first."""
    wrong = []
    for name, left, right in zip(NAMES, found, wanted, strict=True):
        # Equal in nearly every block; only a block that is not is looked at row by row.
        if _as_list(left) != _as_list(right):
            rows = enumerate(zip(left, right, strict=True))
            wrong += [Mismatch(row, name, a, b) for row, (a, b) in rows if a != b]
    return sorted(wrong, key=lambda mismatch: mismatch.row)


def _as_list(column: Sequence[Any]) -> list[Any]:
    return column if isinstance(column, list) else list(column)
