"""Ledger records as the chain would write them, and inserts as the store would, without Kafka."""

import time
from collections.abc import Iterator, Sequence

from auditline.chain.core import Chain
from auditline.chain.duplicates import Window
from auditline.chain.records import SourceRecord
from auditline.chain.state import PartitionState
from auditline.event import Codec
from auditline.store.block import container
from auditline.store.plan import Batch, Limits, read_record
from auditline.store.settings import StoreSettings
from bench.log import DEPLOYMENT
from bench.workload import values

_BATCH = 2_000


def entries(events: int, orgs: int = 100) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of one partition's ledger: *events* and one entry more for each org."""
    chain = Chain(PartitionState(DEPLOYMENT, 0, 1, Window(7200, 1_000_000)), Codec())
    records = [SourceRecord(i, org.encode(), v) for i, (org, v) in enumerate(values(events, orgs))]
    for start in range(0, events, _BATCH):
        batch = chain.append(records[start : start + _BATCH], time.time_ns() // 1000)
        yield from batch.ledger


def blocks(ledger: Sequence[tuple[bytes, bytes]]) -> Iterator[bytes]:
    """The bodies of the INSERTs that the store makes of *ledger*."""
    settings = StoreSettings()
    limits = Limits(settings.batch_rows, settings.batch_bytes, settings.batch_seconds)
    batch = Batch(0)
    for offset, (key, value) in enumerate(ledger):
        record = read_record(offset, key, value)
        if not batch.takes(record, limits):
            yield container([r.value for r in batch.records])
            batch = Batch(offset)
        batch.add(record, 0.0)
    yield container([r.value for r in batch.records])
