"""The same chain as a QuixStreams application, written as its documentation would.

Exactly-once, the heads in its own state store with a changelog topic; everything else is left at
its default. It runs in an environment of its own and imports nothing of Auditline:
`python app.py BOOTSTRAP SOURCE TARGET SCHEMA.json STATE_DIRECTORY`, until SIGTERM.
"""

import io
import json
import os
import sys
import time
import uuid
from hashlib import sha256
from pathlib import Path
from struct import Struct
from typing import Any

import fastavro
import orjson
from quixstreams import Application, State

LEAF = Struct(">16s16sQQ16s32sIIQ32s")
HEAD = Struct(">16sQQ32s")


class Decode:
    """An event's record, with the framing taken off."""

    def __init__(self, schema: Any) -> None:
        self._schema = fastavro.parse_schema(schema)

    def __call__(self, value: bytes) -> Any:
        return fastavro.schemaless_reader(io.BytesIO(value[10:]), self._schema, None)


def chain(
    event: dict[str, Any], key: bytes, timestamp: int, headers: object, state: State
) -> bytes:
    """One entry on the head of the event's organization."""
    stored = state.get_bytes("head")
    log_id, size, at, prev = HEAD.unpack(stored) if stored else (os.urandom(16), 0, 0, bytes(32))
    event_id = event["event_id"]
    event["event_id"] = str(uuid.UUID(bytes=event_id))
    text, salt = orjson.dumps(event), os.urandom(16)
    at = max(at, time.time_ns() // 1000)
    commitment = sha256(b"auditline-event1" + salt + text).digest()
    leaf = LEAF.pack(
        b"auditline-leaf1\n", log_id, size, at, event_id, commitment, 0, 0, timestamp, prev
    )
    state.set_bytes("head", HEAD.pack(log_id, size + 1, at, sha256(b"\x00" + leaf).digest()))
    return b"".join((b"\xc3\x01" + bytes(8), leaf, salt, len(text).to_bytes(4), text))


def main(bootstrap: str, source: str, target: str, schema: str, directory: str) -> None:
    """Chain until stopped."""
    app = Application(
        broker_address=bootstrap,
        consumer_group=target,
        auto_offset_reset="earliest",
        processing_guarantee="exactly-once",
        state_dir=directory,
        # What the chain's producer sets too.
        producer_extra_config={"compression.type": "lz4", "linger.ms": 5, "batch.size": 1_000_000},
    )
    events = app.topic(source, value_deserializer="bytes")
    ledger = app.topic(target, value_serializer="bytes")
    frame = app.dataframe(events)
    frame = frame.apply(Decode(json.loads(Path(schema).read_text("utf-8"))))
    frame = frame.apply(chain, stateful=True, metadata=True)
    frame.to_topic(ledger)
    app.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
