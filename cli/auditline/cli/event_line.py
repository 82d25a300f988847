"""A line of JSON as an event: the shape of the event's text, with what only we can know filled in.

`event_id`, `occurred_at` and `service` may be absent. `before` and `after` in `changes` are JSON
values, and reach the event with the very digits that stand in the line.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from uuid import UUID

import msgspec

from auditline.event import AuditEvent, Change, InvalidEvent, Op, Service, check


class _Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    path: str
    op: Op
    before: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    after: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    redacted: bool = False
    fingerprint: str | None = None


class _Changes(msgspec.Struct, frozen=True):
    changes: tuple[_Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Defaults:
    """What an event gets that does not say it itself."""

    new_id: Callable[[], UUID]
    now_micros: Callable[[], int]
    service: Service

    @classmethod
    def of_the_cli(cls, new_id: Callable[[], UUID], now_micros: Callable[[], int]) -> "Defaults":
        """Those of `auditline emit`: it is the service that reports."""
        return cls(new_id, now_micros, Service("auditline-cli", version("auditline")))


_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_event = msgspec.json.Decoder(AuditEvent)
_changes = msgspec.json.Decoder(_Changes)
_encode = msgspec.json.encode


def parse(line: bytes, defaults: Defaults) -> AuditEvent:
    """The event in *line*; raises `InvalidEvent`, which names the field and the reason."""
    try:
        return _parse(line, defaults)
    except msgspec.DecodeError as error:
        reason, _, field = str(error).partition(" - at `")
        raise InvalidEvent(reason, field.rstrip("`") or "$") from error
    except RecursionError as error:
        raise InvalidEvent("JSON is nested too deeply") from error
    except UnicodeDecodeError as error:
        raise InvalidEvent(f"not UTF-8 at byte {error.start}") from error


def _parse(line: bytes, defaults: Defaults) -> AuditEvent:
    line.decode()  # raw values would otherwise pass unseen
    fields = _fields.decode(line)
    changes = fields.pop("changes", None)
    _fill(fields, defaults)
    body = b",".join(_encode(name) + b":" + bytes(raw) for name, raw in fields.items())
    event = _event.decode(b"{" + body + b"}")
    if changes is not None:
        made = _changes.decode(b'{"changes":' + bytes(changes) + b"}").changes
        event = msgspec.structs.replace(event, changes=tuple(map(_change, made)))
    check(event)
    return event


def _fill(fields: dict[str, msgspec.Raw], defaults: Defaults) -> None:
    if "event_id" not in fields:
        fields["event_id"] = msgspec.Raw(_encode(defaults.new_id()))
    if "occurred_at" not in fields:
        fields["occurred_at"] = msgspec.Raw(_encode(defaults.now_micros()))
    if "service" not in fields:
        fields["service"] = msgspec.Raw(_encode(defaults.service))


def _change(change: _Change) -> Change:
    return Change(
        change.path,
        change.op,
        _text(change.before),
        _text(change.after),
        change.redacted,
        change.fingerprint,
    )


def _text(value: msgspec.Raw | msgspec.UnsetType) -> str | None:
    return None if value is msgspec.UNSET else bytes(value).decode()
