"""From records of the ledger to one Avro container, without decoding an entry.

A record's value is ten bytes of prefix and an Avro body; a container (Avro spec, "Object Container
Files") is a header, then blocks of bodies one after the other. ClickHouse reads it as it is.
"""

import io
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from typing import Any

import fastavro
from fastavro.schema import parse_schema

from auditline.ledger import ENTRY_PREFIX, entry_schema

_PREFIX_SIZE = len(ENTRY_PREFIX)
_SYNC_SIZE = 16


@cache
def _header() -> bytes:
    """A container without entries: magic, schema, codec; the sync marker is cut off."""
    out = io.BytesIO()
    schema: Any = parse_schema(entry_schema())
    fastavro.writer(out, schema, [], codec="null", sync_marker=bytes(_SYNC_SIZE))
    return out.getvalue()[:-_SYNC_SIZE]


def digest(values: Sequence[bytes]) -> str:
    """A hash of the entries in *values*, 16 hex digits, for a token."""
    return sha256(b"".join(values)).hexdigest()[:16]


def container(values: Sequence[bytes]) -> bytes:
    """The entries of the record *values* as one Avro container; equal values give equal bytes.

    Each value MUST begin with `ENTRY_PREFIX`.
    """
    body = b"".join([value[_PREFIX_SIZE:] for value in values])
    sync = sha256(body).digest()[:_SYNC_SIZE]
    header = _header() + sync
    if not values:
        return header
    return b"".join((header, _long(len(values)), _long(len(body)), body, sync))


def _long(number: int) -> bytes:
    """A non-negative Avro long: zig-zag, base 128, least significant first."""
    number <<= 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
