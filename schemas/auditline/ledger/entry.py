"""One entry of a log and its Avro record: the leaf, the salt, the event's text.

The record is two fixed fields and one string, so its Avro body is written and read here by hand:
no library is as strict about what is left over, and the store hands the body on unread.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from auditline.event.schema import prefix
from auditline.ledger.errors import Malformed
from auditline.ledger.leaf import LEAF_SIZE

SALT_SIZE = 16
_TEXT_AT = LEAF_SIZE + SALT_SIZE


@cache
def entry_schema() -> Any:
    """The Avro schema of `Entry`; its field names are the columns of ClickHouse's table."""
    return json.loads((files(__package__) / "ledger_entry.v1.avsc").read_text())


ENTRY_PREFIX = prefix(entry_schema())
"""Ten bytes before an entry's Avro body (single-object encoding)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """The evidence: *leaf* (144 bytes), *salt* (16 bytes) and the *event*'s text, UTF-8."""

    leaf: bytes
    salt: bytes
    event: bytes


def encode_entry(entry: Entry) -> bytes:
    """*entry* as a record value of ``audit.ledger``."""
    return entry_value(entry.leaf, entry.salt, entry.event)


def entry_value(leaf: bytes, salt: bytes, event: bytes) -> bytes:
    """A record value of ``audit.ledger`` from an entry's three parts."""
    return b"".join((ENTRY_PREFIX, leaf, salt, _length(len(event)), event))


def decode_entry(value: bytes | None) -> Entry:
    """The entry in a record *value*; raises `Malformed` unless it is exactly one entry."""
    if value is None or value[:10] != ENTRY_PREFIX:
        raise Malformed("not a ledger entry of version 1")
    body = value[10:]
    length, start = _read_length(body, _TEXT_AT)
    if len(body) != start + length:
        raise Malformed(f"a ledger entry of {len(body)} bytes says it has {start + length}")
    return Entry(body[:LEAF_SIZE], body[LEAF_SIZE:_TEXT_AT], body[start:])


def _length(n: int) -> bytes:
    """An Avro string's length: zig-zag, then base 128, least significant first."""
    n <<= 1
    out = bytearray()
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def _read_length(body: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    for i in range(at, min(at + 5, len(body))):
        number |= (body[i] & 0x7F) << shift
        if body[i] < 0x80:
            if number & 1:
                raise Malformed("a ledger entry with a negative length")
            return number >> 1, i + 1
        shift += 7
    raise Malformed("a ledger entry that is cut short")
