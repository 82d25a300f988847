"""One entry as people and programs see it; decided from the evidence alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
import orjson

from auditline.cli.times import shown
from auditline.event.text import CHANGES_MARK
from auditline.ledger import Entry, Leaf, leaf_hash

COLUMNS = ("recorded at", "org", "seq", "actor", "action", "resource", "outcome", "from")


class ChangeView(msgspec.Struct, frozen=True):
    """One difference; *before* and *after* are the JSON text that was kept."""

    path: str = ""
    op: str = ""
    before: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    after: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    redacted: bool = False
    fingerprint: str | None = None


class _Changes(msgspec.Struct):
    changes: list[ChangeView] = []


@dataclass(frozen=True, slots=True)
class View:
    """An entry read: *text* is the event without its changes; empty where it cannot be read."""

    entry: Entry
    leaf: Leaf
    text: dict[str, Any]
    changes: list[ChangeView]

    @classmethod
    def of(cls, entry: Entry) -> "View":
        """The view of *entry*; raises `auditline.ledger.Malformed` when its leaf is none."""
        head, mark, _ = entry.event.partition(CHANGES_MARK)
        # Forged or damaged text is for `verify` to report; here the evidence is shown all the same.
        try:
            text = msgspec.json.decode(head + b"}" if mark else head, type=dict[str, Any])
            changes = _read_changes(entry.event)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            text, changes = {}, []
        return cls(entry, Leaf.parse(entry.leaf), text, changes)

    def get(self, path: str) -> Any:
        """The value at *path*, such as ``actor.id``, or None."""
        found: Any = self.text
        for name in path.split("."):
            found = found.get(name) if isinstance(found, dict) else None
        return found


def summary(view: View) -> tuple[object, ...]:
    """One line of a table; see `COLUMNS`."""
    return (
        shown(view.leaf.recorded_at),
        view.get("org_id"),
        view.leaf.seq,
        view.get("actor.email") or view.get("actor.id"),
        view.get("action"),
        _resource(view),
        _joined(view.get("outcome.result"), view.get("outcome.code")),
        view.get("source.client_ip"),
    )


def as_json(view: View, evidence: bool = False) -> dict[str, object]:
    """The entry for programs; *event* is the very text that was hashed."""
    leaf = view.leaf
    found: dict[str, object] = {
        "org_id": view.get("org_id"),
        "log_id": leaf.log_id.hex(),
        "seq": leaf.seq,
        "recorded_at": leaf.recorded_at,
        "kind": leaf.kind.name.lower(),
        "event_id": str(UUID(bytes=leaf.event_id)),
        "leaf_hash": leaf_hash(view.entry.leaf).hex(),
        "event": orjson.Fragment(view.entry.event) if view.text else None,
    }
    if not view.text:
        found["unreadable"] = view.entry.event.decode("utf-8", "backslashreplace")
    if evidence:
        found["evidence"] = dict(evidence_of(view))
    return found


def evidence_of(view: View) -> Iterator[tuple[str, object]]:
    """What anyone needs to compute the hashes again (ledger format, section 2)."""
    leaf = view.leaf
    yield "leaf", view.entry.leaf.hex()
    yield "leaf_hash", leaf_hash(view.entry.leaf).hex()
    yield "prev", leaf.prev.hex()
    yield "commitment", leaf.commitment.hex()
    yield "salt", view.entry.salt.hex()
    yield "log_id", leaf.log_id.hex()
    yield "seq", leaf.seq
    yield "recorded_at", leaf.recorded_at
    yield "event_id", str(UUID(bytes=leaf.event_id))
    yield "kind", leaf.kind.name.lower()
    yield "source_partition", leaf.partition
    yield "source_offset", leaf.offset


def details(view: View) -> Iterator[tuple[str, object]]:
    """Who did what, when and where, for people; absent facts are left out."""
    facts = (
        ("organization", _joined(view.get("org_id"), view.get("project_id"))),
        ("entry", f"seq {view.leaf.seq}, {view.leaf.kind.name.lower().replace('_', ' ')}"),
        ("who", _joined(view.get("actor.email"), view.get("actor.name"), view.get("actor.id"))),
        ("as", _joined(*(view.get(f"actor.{n}") for n in ("type", "role", "auth_method")))),
        ("for", _joined(view.get("on_behalf_of.email"), view.get("on_behalf_of.id"))),
        ("did", _joined(view.get("action"), view.get("crud"), view.get("severity"))),
        ("to", _resource(view)),
        ("outcome", _joined(*(view.get(f"outcome.{n}") for n in ("result", "code", "reason")))),
        ("occurred at", _time(view.get("occurred_at"))),
        ("recorded at", f"{shown(view.leaf.recorded_at)} UTC"),
        ("from", _joined(view.get("source.client_ip"), view.get("source.geo.country"))),
        ("user agent", view.get("source.user_agent")),
        ("request", _joined(*(view.get(f"request.{n}") for n in ("method", "route", "id")))),
        ("because", _joined(*(view.get(f"justification.{n}") for n in ("reason", "ticket")))),
        ("reported by", _joined(view.get("service.name"), view.get("service.version"))),
        ("event id", str(UUID(bytes=view.leaf.event_id))),
    )
    return ((name, value) for name, value in facts if value)


def diff(view: View) -> Iterator[tuple[str, str, str | None, str | None]]:
    """Path, operation, before and after of each change, field by field."""
    for change in view.changes:
        hidden = "(redacted)" if change.redacted else None
        if hidden and change.fingerprint:
            hidden = f"(redacted, fingerprint {change.fingerprint})"
        yield change.path, change.op, _value(change.before), _value(change.after) or hidden


def _read_changes(event: bytes) -> list[ChangeView]:
    try:
        return msgspec.json.decode(event, type=_Changes).changes
    except RecursionError:
        # Valid, but deeper than a parser here goes: the chain takes a little more.
        return [ChangeView(path="(nested too deeply to be shown; --json has it)")]


def _value(raw: msgspec.Raw | msgspec.UnsetType) -> str | None:
    return None if raw is msgspec.UNSET else bytes(raw).decode("utf-8", "backslashreplace")


def _resource(view: View) -> str:
    name = view.get("resource.name") or view.get("resource.id")
    return _joined(view.get("resource.type"), name)


def _time(micros: object) -> str | None:
    return f"{shown(micros)} UTC" if isinstance(micros, int) else None


def _joined(*parts: object) -> str:
    return " · ".join(str(part) for part in parts if part is not None and part != "")
