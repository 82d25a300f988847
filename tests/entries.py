"""Logs made in memory, entry by entry, for tests that need no chain."""

import os
import time
from dataclasses import dataclass, field

from confluent_kafka import Producer
from samples import event

from auditline.event import AuditEvent, event_text
from auditline.ledger import (
    Entry,
    Kind,
    Leaf,
    commitment,
    encode_entry,
    genesis_prev,
    leaf_hash,
    origin,
)

DEPLOYMENT = "test"


@dataclass(slots=True)
class LogMaker:
    """One organization's log; each call of `add` gives its next entry."""

    org_id: str = "org_acme"
    partition: int = 0
    log_id: bytes = field(default_factory=lambda: os.urandom(16))
    recorded_at: int = field(default_factory=lambda: time.time_ns() // 1000)
    seq: int = 0
    offset: int = 0
    prev: bytes = b""
    deployment: str = DEPLOYMENT

    def add(self, of: AuditEvent | None = None, text: bytes | None = None, step: int = 1) -> Entry:
        """The entry of an event, or of a *text* as it is, *step* microseconds after the last."""
        of = of or event(self.org_id)
        text = event_text(of) if text is None else text
        salt = os.urandom(16)
        name = origin(self.deployment, self.log_id)
        self.recorded_at += step
        leaf = Leaf(
            self.log_id,
            self.seq,
            self.recorded_at,
            of.event_id.bytes,
            commitment(salt, text),
            Kind.EVENT if self.seq else Kind.LOG_CREATED,
            self.partition,
            self.offset,
            self.prev or genesis_prev(name, self.log_id, self.org_id),
        ).pack()
        self.prev = leaf_hash(leaf)
        self.seq += 1
        self.offset += 1
        return Entry(leaf, salt, text)

    def take(self, count: int) -> list[Entry]:
        """The next *count* entries."""
        return [self.add() for _ in range(count)]


def put(producer: Producer, topic: str, partition: int, org_id: str, entries: list[Entry]) -> None:
    """Put *entries* into the ledger; returns when the broker has them."""
    for entry in entries:
        producer.produce(topic, encode_entry(entry), org_id.encode(), partition)
    assert producer.flush(30) == 0
