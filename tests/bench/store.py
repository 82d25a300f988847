"""The store draining a full ledger, beside a client that inserts the same blocks ready-made."""

import time
from collections.abc import Sequence

from auditline.kafka import make_producer
from bench.entries import blocks, entries
from bench.log import BenchLog, Prepared
from bench.processes import Process
from bench.results import Row, figure, paired
from bench.rows import insert
from bench.services import both
from bench.sizes import Sizes
from bench.usage import Usage
from bench.waiting import eventually

_UNIT = "rows/s"


def run(sizes: Sizes) -> list[Row]:
    """The store's rate, and its ratio to bare inserts."""
    ledger = list(entries(sizes.store_rows))
    inserts = list(blocks(ledger))
    stored, bare, peak = [], [], 0
    with both(more_tables=sizes.repeats) as services:
        for i in range(1, sizes.repeats + 1):
            rate, rss = _store(services.log(), ledger)
            stored.append(rate)
            peak = max(peak, rss)
            bare.append(len(ledger) / insert(services.addresses, f"copy_{i}", inserts))
    note = f"{len(ledger):,} rows in {len(inserts)} blocks; read back and committed after each"
    return [
        paired("store / bare inserts of the same blocks", stored, bare, _UNIT, 0.8, note),
        figure("memory of store, peak", peak / 1e6, "MB", "while catching up"),
    ]


def _store(log: BenchLog, ledger: Sequence[tuple[bytes, bytes]]) -> tuple[float, int]:
    """Rows a second from the moment that the ledger becomes visible, and the peak of memory."""
    hidden = _hidden(log, ledger)
    with Process("store", log) as process, Usage({"store": process.pid}) as usage:
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
    return len(ledger) / seconds, usage.peaks["store"]


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
