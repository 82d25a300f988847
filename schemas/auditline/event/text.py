"""The event's JSON text: the bytes that are hashed, kept, and shown (ledger format, section 1).

Schema order, absent values left out, ``changes`` last with ``before`` and ``after`` embedded as
the JSON they are, always one line. Because a quote inside a JSON string is always escaped, the
bytes ``,"changes":[`` occur at most once outside a diff, and readers may split there.
"""

import json
from typing import NoReturn

import msgspec
import orjson
from msgspec import Raw

from auditline.event.errors import InvalidEvent
from auditline.event.model import AuditEvent, Change, Op

CHANGES_MARK = b',"changes":['

_encode = msgspec.json.Encoder().encode
_ONE_LINE = bytes.maketrans(b"\r\n", b"  ")


class _ChangeText(msgspec.Struct, frozen=True, omit_defaults=True):
    path: str
    op: Op
    before: Raw | None = None
    after: Raw | None = None
    redacted: bool = False
    fingerprint: str | None = None


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def json_value(text: str, index: int, name: str) -> bytes:
    """*text*, which is ``$.changes[index].name``, as the bytes of one JSON value on one line.

    Every digit stays as it came. Raises `InvalidEvent` unless it is strict JSON (RFC 8259) in
    well-formed Unicode.
    """
    try:
        raw = text.encode()
        orjson.loads(raw)
    except UnicodeEncodeError as error:
        raise InvalidEvent("not well-formed Unicode", _field(index, name)) from error
    except orjson.JSONDecodeError as refused:
        _check_slowly(text, _field(index, name), refused)
    if b"\n" in raw or b"\r" in raw:
        # Outside strings a line break is only white space, and inside them it cannot stand raw.
        raw = raw.translate(_ONE_LINE)
    return raw


def _field(index: int, name: str) -> str:
    return f"$.changes[{index}].{name}"


def _check_slowly(text: str, field: str, refused: ValueError) -> None:
    """Accept what only a parser with exact numbers can: 1e999 is JSON, but no double."""
    try:
        value = json.loads(text, parse_int=len, parse_float=len, parse_constant=_refuse)
        json.dumps(value, ensure_ascii=False).encode()
    except RecursionError as error:
        raise InvalidEvent("JSON is nested too deeply", field) from error
    except UnicodeEncodeError as error:
        raise InvalidEvent("JSON holds a lone surrogate", field) from error
    except ValueError as error:
        raise InvalidEvent(f"not JSON: {refused}", field) from error


def _change(index: int, change: Change) -> _ChangeText:
    before, after = change.before, change.after
    return _ChangeText(
        change.path,
        change.op,
        None if before is None else Raw(json_value(before, index, "before")),
        None if after is None else Raw(json_value(after, index, "after")),
        change.redacted,
        change.fingerprint,
    )


def event_text(event: AuditEvent) -> bytes:
    """The JSON text of *event*, UTF-8; raises `InvalidEvent` where a diff is not JSON."""
    if not event.changes:
        return _encode(event)
    head = _encode(msgspec.structs.replace(event, changes=()))
    changes = _encode([_change(i, change) for i, change in enumerate(event.changes)])
    return b"".join((head[:-1], CHANGES_MARK[:-1], changes, b"}"))
