"""Events to Avro records and back, in both framings that consumers accept.

- single-object encoding (Avro specification): ``C3 01``, CRC-64-AVRO fingerprint, body;
- Confluent framing: ``00``, big-endian 4-byte schema id, body; the id is looked up by a caller
  that has a registry.

Decoding uses the schema that the record was written with; see `auditline.event.schema`.
"""

import io
import struct
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import fastavro
import msgspec

from auditline.event.decoder import Decoder, make_decoder
from auditline.event.errors import InvalidEvent
from auditline.event.model import AuditEvent
from auditline.event.schema import SINGLE_OBJECT_MARK, by_prefix, committed, plain, prefix

MAX_EVENT_BYTES = 1_000_000
"""A record larger than this is refused by producers and dead-lettered by the chain."""

_newest = list(committed().values())[-1]
_writer = fastavro.parse_schema(plain(_newest))
_prefix = prefix(_newest)


def encode_body(event: AuditEvent) -> bytes:
    """The Avro body of *event* under the newest schema, without framing."""
    record = msgspec.to_builtins(event)
    record["event_id"] = event.event_id.bytes
    out = io.BytesIO()
    try:
        fastavro.schemaless_writer(out, _writer, record, strict_allow_default=True)
    except UnicodeEncodeError as error:
        raise InvalidEvent("a string holds a lone surrogate") from error
    return out.getvalue()


def encode(event: AuditEvent) -> bytes:
    """*event* as a record value in single-object encoding.

    The event is taken as it is; `auditline.event.validate.check` says whether it is acceptable.
    """
    return _prefix + encode_body(event)


class Codec:
    """Decodes record values of the schemas it is given.

    *registry* maps a Confluent schema id to a schema; it raises `InvalidEvent` for an id that it
    does not know, and whatever its transport raises when it cannot be asked.
    """

    def __init__(
        self,
        schemas: Iterable[Any] | None = None,
        registry: Callable[[int], Any] | None = None,
    ) -> None:
        known = by_prefix(committed().values() if schemas is None else schemas)
        self._decoders: Mapping[bytes, Decoder] = {
            mark: make_decoder(plain(schema)) for mark, schema in known.items()
        }
        self._registry = registry
        self._ids: dict[int, Decoder] = {}

    def decode(self, value: bytes | None) -> AuditEvent:
        """The event in a record *value*; raises `InvalidEvent` with the reason otherwise."""
        if value is None:
            raise InvalidEvent("the record has no value")
        if len(value) > MAX_EVENT_BYTES:
            raise InvalidEvent(f"{len(value)} bytes, more than {MAX_EVENT_BYTES}")
        decoder, start = self._find(value)
        try:
            return msgspec.convert(decoder(value[start:]), AuditEvent)
        except msgspec.ValidationError as error:
            raise named(error) from error

    def _find(self, value: bytes) -> tuple[Decoder, int]:
        if value[:2] == SINGLE_OBJECT_MARK:
            decoder = self._decoders.get(value[:10])
            if decoder is None:
                raise InvalidEvent(f"unknown schema fingerprint {value[2:10].hex()}")
            return decoder, 10
        if value[:1] == b"\x00" and len(value) >= 5:
            return self._by_id(struct.unpack_from(">I", value, 1)[0]), 5
        raise InvalidEvent("neither single-object nor Confluent framing")

    def _by_id(self, schema_id: int) -> Decoder:
        if self._registry is None:
            raise InvalidEvent(f"schema id {schema_id}, but no schema registry is configured")
        if schema_id not in self._ids:
            mark = prefix(self._registry(schema_id))
            if mark not in self._decoders:
                raise InvalidEvent(f"schema id {schema_id} is not a known version of AuditEvent")
            self._ids[schema_id] = self._decoders[mark]
        return self._ids[schema_id]


def named(error: msgspec.ValidationError) -> InvalidEvent:
    """msgspec's message, taken apart: ``Expected … - at `$.actor.id` ``."""
    reason, _, field = str(error).partition(" - at `")
    return InvalidEvent(reason, field.rstrip("`") or "$")


_default = Codec()


def decode(value: bytes | None) -> AuditEvent:
    """`Codec.decode` for the committed schemas, without a registry."""
    return _default.decode(value)
