"""Avro bodies to plain values: by cavro where it is installed, else by fastavro.

cavro reads two to three times faster, and the chain spends most of its time here; it has no
wheels for every platform, so the producers' base install does without. A property test holds the
two equal on good and on damaged bytes.
"""

import io
import json
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
    """A decoder of *schema* by cavro."""
    options = cavro.DEFAULT_OPTIONS.replace(record_decodes_to_dict=True)
    parsed = cavro.Schema(json.dumps(schema), options=options)
    byte = cavro.Schema('{"type": "fixed", "name": "Byte", "size": 1}')

    def decode(body: bytes) -> Any:
        reader = cavro.MemoryReader(body)
        try:
            value = parsed.binary_read(reader)
        except (*_DAMAGED, cavro.CavroException) as error:
            raise _undecodable(error) from error
        try:
            byte.binary_read(reader)
        except EOFError:  # nothing is left, as it should be
            return value
        return _all_read(value, 1)

    return decode


make_decoder = with_fastavro if cavro is None else with_cavro


def _undecodable(error: Exception) -> InvalidEvent:
    return InvalidEvent(f"the bytes do not decode: {type(error).__name__}: {error}")


def _all_read(value: Any, left: int) -> Any:
    if left:
        raise InvalidEvent("bytes are left over after the record")
    return value
