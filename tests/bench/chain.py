"""One chain process on one partition, beside a bare copy and beside QuixStreams.

All three read the same records and are timed by the broker, from the first record that they write
to the last.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from statistics import median

from confluent_kafka.cimpl import NewTopic

from auditline.event.schema import committed, plain
from auditline.kafka import make_admin
from bench import quix_environment
from bench.ledger import check_links, span
from bench.log import BenchLog
from bench.processes import Process
from bench.results import Row, barred, figure, paired, unmeasured
from bench.services import Services, only_kafka
from bench.sizes import Sizes
from bench.usage import Usage
from bench.waiting import eventually
from bench.workload import values

NAME = "chain, 1 process, 1 partition, ~1 KB events"
_UNIT = "events/s"


def run(sizes: Sizes) -> list[Row]:
    """The chain's rate, and its ratios to the other two."""
    events = list(values(sizes.chain_events))
    rates: dict[str, list[float]] = {"chain": [], "copy": [], "quix": []}
    peak, reason = 0, ""
    with only_kafka() as services:
        for _ in range(sizes.repeats):
            log = services.log()
            log.fill(events)
            rates["chain"].append(_chain(log, len(events)))
            rates["copy"].append(_copy(log, len(events)))
            try:
                rates["quix"].append(_quix(services, log, len(events)))
            except quix_environment.CannotInstall as error:
                reason = str(error)
        peak = _memory(services, events)
    return _rows(rates, reason, peak)


def _rows(rates: dict[str, list[float]], reason: str, peak: int) -> list[Row]:
    rate = median(rates["chain"])
    runs = "runs: " + ", ".join(f"{r:,.0f}" for r in rates["chain"])
    rows = [
        barred(NAME, rate, _UNIT, "at least", 25_000, note=runs + "; see the profile below"),
        paired("chain / bare transactional copy", rates["chain"], rates["copy"], _UNIT),
    ]
    name = "chain / QuixStreams application"
    if rates["quix"]:
        rows.append(paired(name, rates["chain"], rates["quix"], _UNIT, 2.0))
    else:
        note = f"QuixStreams could not be installed: {reason}"
        rows.append(unmeasured(name, _UNIT, "ratio at least 2", note))
    return [*rows, figure("memory of chain, peak", peak / 1e6, "MB", "while catching up")]


def _chain(log: BenchLog, count: int) -> float:
    with Process("chain", log) as process:
        log.wait_committed(f"{log.name}-chain", count)
        process.stop()
    check_links(log.kafka, log.topics.ledger)
    return span(log.kafka, log.topics.ledger, 1).rate


def _memory(services: Services, events: Sequence[tuple[str, bytes]]) -> int:
    log = services.log()
    log.fill(events)
    with Process("chain", log) as process, Usage({"chain": process.pid}) as usage:
        log.wait_committed(f"{log.name}-chain", len(events))
        process.stop()
    return usage.peaks["chain"]


def _copy(log: BenchLog, count: int) -> float:
    target = f"{log.name}.copy"
    _create(log, target)
    arguments = [log.kafka.bootstrap_servers, log.topics.events, target, str(count)]
    subprocess.run([sys.executable, "-m", "bench.plain_copy", *arguments], check=True, timeout=300)
    return span(log.kafka, target, 1).rate


def _quix(services: Services, log: BenchLog, count: int) -> float:
    python, target = quix_environment.python(), f"{log.name}.quix"
    _create(log, target)
    schema = services.directory / "event.json"
    schema.write_text(json.dumps(plain(list(committed().values())[-1])), "utf-8")
    arguments = [log.kafka.bootstrap_servers, log.topics.events, target, str(schema)]
    state = services.directory / f"{log.name}-state"
    with (services.directory / f"{log.name}-quix.log").open("wb") as out:
        process = subprocess.Popen(
            [str(python), str(quix_environment.APP), *arguments, str(state)],
            stdout=out,
            stderr=out,
        )
    try:
        _until_committed(process, lambda: log.committed(target) >= count)
    finally:
        process.kill()
        process.wait()
    check_links(log.kafka, target)
    return span(log.kafka, target, 1).rate


def _until_committed(process: "subprocess.Popen[bytes]", done: Callable[[], bool]) -> None:
    def ended() -> bool:
        if process.poll() is not None:
            raise RuntimeError(f"the QuixStreams application ended with {process.returncode}")
        return done()

    eventually("QuixStreams has all events", ended, 300)


def _create(log: BenchLog, topic: str) -> None:
    config = {"message.timestamp.type": "LogAppendTime", "max.message.bytes": "10000000"}
    wanted = NewTopic(topic, num_partitions=1, replication_factor=1, config=config)
    admin = make_admin(log.kafka)  # named: it must outlive its answer
    admin.create_topics([wanted])[topic].result(30)
