"""The difference between two states of a resource, with secrets by fingerprint only. Pure."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TypeAlias

import msgspec

from auditline.event import Change, Op

from .credentials import FingerprintKey, Secret

Value: TypeAlias = "bool | int | str | Decimal | Secret | list[Value] | Mapping[str, Value] | None"
Fields: TypeAlias = Mapping[str, Value]

# Amounts are Decimal and written as numbers, so that 0.10 stays 0.10.
_encoder = msgspec.json.Encoder(decimal_format="number")


def diff(before: Fields | None, after: Fields | None, key: FingerprintKey) -> tuple[Change, ...]:
    """The changes from *before* to *after*, in the order of their fields; None is nothing there.

    Objects are compared field by field, lists as a whole. Paths are JSON pointers (RFC 6901).
    """
    return tuple(_fields("", before or {}, after or {}, key))


def _fields(path: str, before: Fields, after: Fields, key: FingerprintKey) -> Iterator[Change]:
    for name in dict.fromkeys((*before, *after)):
        at = f"{path}/{name.replace('~', '~0').replace('/', '~1')}"
        if name not in before:
            yield _change(at, Op.ADD, None, after[name], key)
        elif name not in after:
            yield _change(at, Op.REMOVE, before[name], None, key)
        else:
            yield from _values(at, before[name], after[name], key)


def _values(path: str, before: Value, after: Value, key: FingerprintKey) -> Iterator[Change]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _fields(path, before, after, key)
    elif before != after:
        yield _change(path, Op.REPLACE, before, after, key)


def _change(path: str, op: Op, before: Value, after: Value, key: FingerprintKey) -> Change:
    secret = next((v for v in (after, before) if isinstance(v, Secret)), None)
    if secret is not None:
        return Change(path, op, redacted=True, fingerprint=key.of(secret))
    return Change(
        path,
        op,
        None if op is Op.ADD else _encoder.encode(before).decode(),
        None if op is Op.REMOVE else _encoder.encode(after).decode(),
    )
