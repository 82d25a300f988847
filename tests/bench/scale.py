"""More partitions and more processes: what each adds on this machine's cores."""

import os
from contextlib import ExitStack
from dataclasses import replace
from itertools import product

from bench.ledger import span
from bench.log import BenchLog
from bench.processes import Process
from bench.results import Row, figure
from bench.services import only_kafka
from bench.sizes import Sizes
from bench.waiting import eventually
from bench.workload import orgs_on, values_of

_ORGS = 96


def run(sizes: Sizes) -> list[Row]:
    """Events a second for each number of partitions and processes."""
    rates: dict[tuple[int, int], float] = {}
    with only_kafka() as services:
        for partitions, processes in product((1, 2, 4), (1, 2)):
            log = services.log(partitions)
            rates[partitions, processes] = _rate(log, processes, sizes.scale_events)
    rows = [
        figure(f"chain, {_count(n, 'partition')}, {_count(m, 'process')}", rate, "events/s")
        for (n, m), rate in rates.items()
    ]
    cores = os.cpu_count() or 1
    note = f"on {cores} cores, which Kafka shares; with 1 partition the second process stands by"
    return [replace(rows[0], note=note), *rows[1:]]


def _rate(log: BenchLog, processes: int, count: int) -> float:
    """The rate once every process has its partitions: only then do the events become visible."""
    hidden = log.prepare(values_of(_balanced(log.partitions), count))
    with ExitStack() as stack:
        started = [stack.enter_context(Process("chain", log)) for _ in range(processes)]
        wanted = min(processes, log.partitions)
        eventually("all chains ready", lambda: sum(p.ready() for p in started) >= wanted)
        hidden.commit()
        log.wait_committed(f"{log.name}-chain", count)
        for process in started:
            process.stop()
    return span(log.kafka, log.topics.ledger, log.partitions).rate


def _balanced(partitions: int) -> list[str]:
    """Organizations, as many on each partition as on any other."""
    each = [orgs_on(p, partitions, _ORGS // partitions) for p in range(partitions)]
    return [org for group in zip(*each, strict=True) for org in group]


def _count(n: int, what: str) -> str:
    return f"{n} {what}" + ("" if n == 1 else "es" if what.endswith("s") else "s")
