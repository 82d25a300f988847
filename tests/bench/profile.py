"""Where the chain's time goes: its steps one by one, in this process, without Kafka."""

import os
import time
from collections.abc import Callable
from hashlib import sha256
from statistics import median

from auditline.chain.core import Chain
from auditline.chain.duplicates import Window
from auditline.chain.records import SourceRecord
from auditline.chain.state import PartitionState
from auditline.event import Codec, event_text
from auditline.ledger import Entry, commitment, encode_entry, leaf_hash
from auditline.ledger.leaf import pack
from bench.results import Row, figure
from bench.sizes import Sizes
from bench.workload import values

_EVENTS = 5_000
_NOW = 1_764_028_800_000_000


def run(sizes: Sizes) -> list[Row]:
    """Microseconds an event of each step, and of all of them."""
    codec = Codec()
    records = [
        SourceRecord(i, org.encode(), value) for i, (org, value) in enumerate(values(_EVENTS))
    ]
    events = [codec.decode(r.value) for r in records]
    texts = [event_text(e) for e in events]
    steps: dict[str, Callable[[], object]] = {
        "decode and validate": lambda: [codec.decode(r.value) for r in records],
        "JSON text": lambda: [event_text(e) for e in events],
        "leaf, hashes, record": lambda: [_entry(text) for text in texts],
        "all of the core": lambda: _whole(codec, records),
    }
    repeats = 3 * sizes.repeats
    spent = {name: median(_time(step) for _ in range(repeats)) for name, step in steps.items()}
    note = ", ".join(f"{name} {seconds * 1e6:.1f}" for name, seconds in spent.items())
    value = spent["all of the core"] * 1e6
    size = sum(len(r.value or b"") for r in records) / _EVENTS
    note = f"µs an event of {size:.0f} bytes: {note}; {1e6 / value:,.0f} events/s without any I/O"
    return [figure("chain's core, without I/O", value, "µs/event", note)]


def _time(step: Callable[[], object]) -> float:
    """CPU seconds an event: other processes do not count."""
    began = time.process_time()
    step()
    return (time.process_time() - began) / _EVENTS


def _entry(text: bytes) -> bytes:
    salt = text[:16]
    leaf = pack(salt, 1, _NOW, salt, commitment(salt, text), 0, 0, 1, sha256(salt).digest())
    leaf_hash(leaf)
    return encode_entry(Entry(leaf, salt, text))


def _whole(codec: Codec, records: list[SourceRecord]) -> None:
    state = PartitionState("bench", 0, 1, Window(7200, 1_000_000))
    chain = Chain(state, codec, os.urandom)
    for start in range(0, len(records), 2_000):
        chain.append(records[start : start + 2_000], _NOW)
