"""Avro bodies to plain values: by cavro where it is installed, else by fastavro.

cavro reads two to three times faster, and the chain spends most of its time here; it has no
wheels for every platform, so the producers' base install does without. A property test holds the
two equal on good and on damaged bytes.
"""

import io
import json
import os
from collections.abc import Callable
from typing import Any

import fastavro

from auditline.event.errors import InvalidEvent

try:
    import cavro
except ModuleNotFoundError:  # the gateway's install; decoding is then fastavro's
    cavro = None

Decoder = Callable[[bytes], Any]
"""Body to value; raises `InvalidEvent` unless the bytes are exactly one value."""

_DAMAGED = (EOFError, IndexError, ValueError, OverflowError, TypeError)


def with_fastavro(schema: Any) -> Decoder:
    """A decoder of *schema* by fastavro."""
    parsed = fastavro.parse_schema(schema)

    def decode(body: bytes) -> Any:
        stream = io.BytesIO(body)
        try:
            value = fastavro.schemaless_reader(stream, parsed, None)
        except _DAMAGED as error:
            raise _undecodable(error) from error
        return _all_read(value, len(body) - stream.tell())

    return decode


def with_cavro(schema: Any) -> Decoder:
    """A decoder of *schema* by cavro.

    A marker behind the body, read as one more field, shows that the record ends where the bytes
    do; it is secret, so that no record can bring its own.
    """
    marker = os.urandom(16)
    end = {"type": "fixed", "name": "End", "size": len(marker)}
    fields = [{"name": "body", "type": schema}, {"name": "end", "type": end}]
    framed = {"type": "record", "name": "Framed", "fields": fields}
    options = cavro.DEFAULT_OPTIONS.replace(record_decodes_to_dict=True)
    read = cavro.Schema(json.dumps(framed), options=options).binary_decode

    def decode(body: bytes) -> Any:
        try:
            value = read(body + marker)
        except (*_DAMAGED, cavro.CavroException) as error:
            raise _undecodable(error) from error
        return _all_read(value["body"], value["end"] != marker)

    return decode


make_decoder = with_fastavro if cavro is None else with_cavro


def _undecodable(error: Exception) -> InvalidEvent:
    return InvalidEvent(f"the bytes do not decode: {type(error).__name__}: {error}")


def _all_read(value: Any, left: object) -> Any:
    if left:
        raise InvalidEvent("bytes are left over after the record")
    return value
