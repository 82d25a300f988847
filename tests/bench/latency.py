"""From `emit` in a gateway to a row that can be queried, with every process on this machine."""

import threading
import time
from bisect import bisect_left
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from auditline.producer import AuditLog, Delivery
from bench.log import Addresses, BenchLog
from bench.pace import paced
from bench.processes import Process
from bench.results import Row, barred, figure
from bench.rows import newest, reader
from bench.services import both
from bench.sizes import Sizes
from bench.usage import Usage
from bench.waiting import eventually
from bench.workload import event

RATE = 1_000
_PARTITIONS = 4
_POLL = 0.02


@dataclass(slots=True)
class Seen:
    """What a reader saw: for each partition, times and the last offset at each, both rising."""

    times: dict[int, list[float]] = field(default_factory=dict)
    offsets: dict[int, list[int]] = field(default_factory=dict)

    def add(self, at: float, found: dict[int, int]) -> None:
        """Take in one answer."""
        for partition, offset in found.items():
            self.times.setdefault(partition, []).append(at)
            self.offsets.setdefault(partition, []).append(offset)

    def has(self, delivery: Delivery) -> bool:
        """Whether that event has been seen."""
        offsets = self.offsets.get(delivery.partition)
        return offsets is not None and offsets[-1] >= delivery.offset

    def when(self, delivery: Delivery) -> float:
        """When that event was first seen."""
        i = bisect_left(self.offsets[delivery.partition], delivery.offset)
        return self.times[delivery.partition][i]


def run(sizes: Sizes) -> list[Row]:
    """Percentiles of the latency at a moderate rate."""
    with both() as services:
        log = services.log(_PARTITIONS)
        with Process("chain", log) as chain, Process("store", log) as store:
            chain.wait_ready()
            store.wait_ready()
            _latencies(services.addresses, log, 3)  # warm: connections, caches, first parts
            pids = services.pids | {"chain": chain.pid, "store": store.pid}
            with Usage(pids) as usage:
                found = sorted(_latencies(services.addresses, log, sizes.latency_seconds))
    name = f"emit to queryable at {RATE:,} events/s"
    p50, p99 = found[len(found) // 2], found[len(found) * 99 // 100]
    note = (
        f"{len(found):,} events; a reader asks every {_POLL * 1000:.0f} ms, its query included; "
        f"{usage.shares()}"
    )
    return [
        figure(f"{name}, p50", p50, "s"),
        barred(f"{name}, p99", p99, "s", "at most", 1.0, note=note),
    ]


def _latencies(addresses: Addresses, log: BenchLog, seconds: int) -> list[float]:
    """Seconds from the call of `emit` to the first answer with the event in it."""
    seen, stop = Seen(), threading.Event()
    watcher = threading.Thread(target=_watch, args=(addresses, seen, stop))
    watcher.start()
    try:
        emitted = _emit(log, seconds)
        deliveries = [(at, future.result(60)) for at, future in emitted]
        eventually("all are in ClickHouse", lambda: all(seen.has(d) for _, d in deliveries[-500:]))
    finally:
        stop.set()
        watcher.join()
    return [seen.when(delivery) - at for at, delivery in deliveries]


def _emit(log: BenchLog, seconds: int) -> Sequence[tuple[float, Future[Delivery]]]:
    events = [event(f"org_{i % 100}", i) for i in range(RATE * seconds)]
    emitted = []
    with AuditLog(log.kafka.bootstrap_servers, topic=log.topics.events) as audit:
        for one in paced(events, RATE):
            emitted.append((time.monotonic(), audit.emit(one)))
    return emitted


def _watch(addresses: Addresses, seen: Seen, stop: threading.Event) -> None:
    with reader(addresses) as client:
        while not stop.wait(_POLL):
            found = newest(client)
            seen.add(time.monotonic(), found)
