"""The event's JSON text: the bytes that are hashed, kept, and shown (ledger format, section 1).

Schema order, absent values left out, ``changes`` last with ``before`` and ``after`` embedded as
the JSON they are, always one line. Because a quote inside a JSON string is always escaped, the
bytes ``,"changes":[`` occur at most once outside a diff, and readers may split there.
"""

import json
from typing import NoReturn

import msgspec
import orjson

from auditline.event.errors import InvalidEvent
from auditline.event.model import AuditEvent, Change, Op

CHANGES_MARK = b',"changes":['

_encode = msgspec.json.Encoder().encode
_ONE_LINE = bytes.maketrans(b"\r\n", b"  ")


class _ChangeText(msgspec.Struct, frozen=True, omit_defaults=True):
    path: str
    op: Op
    before: msgspec.Raw | None = None
    after: msgspec.Raw | None = None
    redacted: bool = False
    fingerprint: str | None = None


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def json_value(text: str, field: str) -> bytes:
    """*text* as the bytes of one JSON value on one line, every digit as it came.

    Raises `InvalidEvent` unless it is strict JSON (RFC 8259) in well-formed Unicode.
    """
    try:
        raw = text.encode()
        orjson.loads(raw)
    except UnicodeEncodeError as error:
        raise InvalidEvent("not well-formed Unicode", field) from error
    except orjson.JSONDecodeError as refused:
        _check_slowly(text, field, refused)
    # Outside strings a line break is only white space, and inside them it cannot stand raw.
    return raw.translate(_ONE_LINE)


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
    def raw(text: str | None, name: str) -> msgspec.Raw | None:
        if text is None:
            return None
        return msgspec.Raw(json_value(text, f"$.changes[{index}].{name}"))

    return _ChangeText(
        change.path,
        change.op,
        raw(change.before, "before"),
        raw(change.after, "after"),
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
