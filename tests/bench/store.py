"""The store draining a full ledger, beside a client that inserts the same blocks ready-made."""

import time
from collections.abc import Iterator, Sequence

import clickhouse_connect

from auditline.kafka import make_producer
from auditline.store.block import container
from auditline.store.clickhouse import COLUMNS
from auditline.store.plan import Batch, Limits, read_record
from auditline.store.settings import StoreSettings
from bench.entries import entries
from bench.log import BenchLog, Prepared
from bench.processes import Memory, Process
from bench.results import Row, figure, paired
from bench.services import Services, both
from bench.sizes import Sizes
from bench.waiting import eventually

_UNIT = "rows/s"


def run(sizes: Sizes) -> list[Row]:
    """The store's rate, and its ratio to bare inserts."""
    ledger = list(entries(sizes.store_rows))
    blocks = list(_blocks(ledger))
    stored, bare, peak = [], [], 0
    with both(more_tables=sizes.repeats) as services:
        for i in range(1, sizes.repeats + 1):
            rate, rss = _store(services.log(), ledger)
            stored.append(rate)
            peak = max(peak, rss)
            bare.append(len(ledger) / _bare(services, f"copy_{i}", blocks))
    note = f"{len(ledger):,} rows in {len(blocks)} blocks; read back and committed after each"
    return [
        paired("store / bare inserts of the same blocks", stored, bare, _UNIT, 0.8, note),
        figure("memory of store, peak", peak / 1e6, "MB", "while catching up"),
    ]


def _store(log: BenchLog, ledger: Sequence[tuple[bytes, bytes]]) -> tuple[float, int]:
    """Rows a second from the moment that the ledger becomes visible, and the peak of memory."""
    hidden = _hidden(log, ledger)
    with Process("store", log) as process, Memory({"store": process.pid}) as memory:
        process.wait_ready()
        hidden.commit()
        began = time.monotonic()
        eventually(
            "the ledger is in ClickHouse",
            lambda: log.committed(f"{log.name}-store", log.topics.ledger) >= len(ledger),
            tick=0.05,
        )
        seconds = time.monotonic() - began
        process.stop()
    return len(ledger) / seconds, memory.peaks["store"]


def _hidden(log: BenchLog, ledger: Sequence[tuple[bytes, bytes]]) -> Prepared:
    """The ledger's records in a transaction that is still open."""
    producer = make_producer(log.kafka, transactional_id=f"{log.name}-ledger")
    producer.init_transactions(30)
    producer.begin_transaction()
    for key, value in ledger:
        while True:
            try:
                producer.produce(log.topics.ledger, value, key, 0)
            except BufferError:
                producer.poll(0.05)
            else:
                break
    producer.flush(60)
    return Prepared(producer, len(ledger))


def _blocks(ledger: Sequence[tuple[bytes, bytes]]) -> Iterator[bytes]:
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


def _bare(services: Services, table: str, blocks: Sequence[bytes]) -> float:
    """Seconds for the same inserts by clickhouse-connect alone."""
    client = clickhouse_connect.get_client(dsn=services.addresses.clickhouse)
    settings = {"async_insert": 0, "max_insert_threads": 1, "max_partitions_per_insert_block": 1}
    began = time.monotonic()
    for block in blocks:
        client.raw_insert(table, COLUMNS, block, settings=settings, fmt="Avro")
    seconds = time.monotonic() - began
    client.close()
    return seconds
