"""Whatever fails, and whether or not it had worked: every entry is in the table exactly once."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from confluent_kafka import TopicPartition
from entries import put
from harness import eventually
from stacks import Stack
from stores import Fault, StoreLog

from auditline.kafka import make_consumer
from auditline.kafka.errors import Broken
from auditline.store.clickhouse import EntriesTable, connect
from auditline.store.plan import Intent

pytestmark = pytest.mark.integration

PROCESS = Path(__file__).parents[1] / "store_process.py"


@pytest.fixture
def log(stack: Stack) -> StoreLog:
    return StoreLog(stack)


@pytest.mark.parametrize("done", [False, True], ids=["fails", "fails but done"])
@pytest.mark.parametrize("name", ["ends", "intent", "insert", "count", "commit"])
def test_each_call_fails(log: StoreLog, name: str, done: bool) -> None:
    log.emit(8)
    fault = Fault(name, done, times=2)
    with log.store(fault):
        log.wait_stored()
        eventually("the fault was met", lambda: fault.times == 0)
        log.emit(8)
        log.wait_stored()
    log.check()
    assert committed(log)


@pytest.mark.parametrize("done", [False, True], ids=["fails", "fails but done"])
def test_a_crash_after_each_call(log: StoreLog, done: bool) -> None:
    """A store that stops for good there leaves to the next one what it had begun."""
    for name in ("intent", "insert", "commit"):
        log.emit(3)
        fault = Fault(name, done, times=1_000_000)
        with log.store(fault, batch_rows=7):
            eventually(f"{name} was met", partial(was_met, fault))
    with log.store(batch_rows=50):  # another size: what was begun is finished as it was begun
        log.wait_stored()
    log.check()


def test_two_stores_and_a_rebalance(log: StoreLog) -> None:
    log.emit(10)
    with log.store():
        log.emit(10)
        with log.store() as second:
            eventually("both have a partition", lambda: second.ready() is None)
            log.emit(10)
            log.wait_stored()
        log.emit(10)
        log.wait_stored()
    log.check()


def test_kill_9(log: StoreLog) -> None:
    log.emit(20)
    for round_ in range(4):
        with process(log) as running:
            before = len(log.rows())
            log.emit(10)
            eventually(
                f"round {round_}: the store goes on",
                partial(more_than, log, before),
            )
            running.kill()
    with process(log):
        log.wait_stored()
    log.check()


def test_clickhouse_dies(log: StoreLog, stack: Stack) -> None:
    log.emit(10)
    with log.store() as loop:
        log.wait_stored()
        writing = threading.Thread(target=log.emit, args=(40,))
        writing.start()
        stack.kill("clickhouse", hold=True)
        eventually("the store says so", lambda: loop.ready() is not None)
        writing.join()
        stack.start_service("clickhouse")
        log.wait_stored()
        eventually("it is ready again", lambda: loop.ready() is None)
    log.check()


def test_a_new_group_skips_what_is_there(log: StoreLog) -> None:
    log.emit(10)
    with log.store(batch_rows=7):
        log.wait_stored()
    log.emit(5)
    log.group += "-2"
    with log.store(batch_rows=11):
        log.wait_stored()
        eventually("committed", lambda: committed(log))
    log.check()


def test_a_hole_in_a_log_stops_the_store(log: StoreLog) -> None:
    maker = log.makers[0]
    log.emit(2)
    maker.add()  # never reaches the ledger
    log.put(maker, maker.add())
    with pytest.raises(Broken, match="entries 2 to 2 of log"), log.store() as loop:
        eventually("it has stopped", lambda: not loop.running)


def test_a_fork_stops_the_store(log: StoreLog) -> None:
    maker = log.makers[0]
    log.emit(2)
    maker.seq = 1
    log.put(maker, maker.add())
    with pytest.raises(Broken, match=r"has entry 1 of log .* again"), log.store() as loop:
        eventually("it has stopped", lambda: not loop.running)


def test_what_is_no_entry_stops_the_store(log: StoreLog) -> None:
    log._producer.produce(log.topics.ledger, b"nonsense", b"org", 0)
    log._producer.flush(10)
    with pytest.raises(Broken, match="no entry of version 1"), log.store() as loop:
        eventually("it has stopped", lambda: not loop.running)


def test_an_offset_out_of_the_topic_stops_the_store(log: StoreLog) -> None:
    log.emit(1)
    commit(log, 0, 1000)
    with pytest.raises(Broken, match="beyond the end"), log.store() as loop:
        eventually("it has stopped", lambda: not loop.running)


def test_an_intent_for_other_records_stops_the_store(log: StoreLog) -> None:
    log.emit(3)
    commit(log, 0, 0, Intent(2, 2, "0" * 16).encode())
    with pytest.raises(Broken, match="the topic is not the one"), log.store() as loop:
        eventually("it has stopped", lambda: not loop.running)


def test_one_insert_is_one_part(log: StoreLog) -> None:
    for maker in log.makers[:1]:
        for _ in range(3000):
            log.made.setdefault(maker.log_id, []).append(maker.add())
    put(log._producer, log.topics.ledger, 0, log.makers[0].org_id, log.made[log.makers[0].log_id])
    inserts: list[int] = []
    inner = EntriesTable(log.clickhouse)

    class Counting(EntriesTable):
        def insert(self, block: bytes, token: str) -> int:
            inserts.append(inner.insert(block, token))
            return inserts[-1]

    with log.store(table=Counting(log.clickhouse), batch_rows=50_000, batch_seconds=1.0):
        log.wait_stored()
    assert sum(inserts) == 3000
    log.check()


def test_months_do_not_meet_in_one_insert(log: StoreLog) -> None:
    maker = log.makers[0]
    maker.recorded_at = 1_796_083_199_999_990  # 2026-11-30 23:59:59.99999
    for _ in range(20):
        log.put(maker, maker.add())
    with log.store(batch_rows=50_000):
        log.wait_stored()
    log.check()
    with connect(log.clickhouse, reader=True, scope=maker.org_id) as client:
        months = client.query(
            "SELECT toYYYYMM(recorded_at), count() FROM entries WHERE org_id = {org:String} "
            "GROUP BY ALL ORDER BY ALL",
            parameters={"org": maker.org_id},
        ).result_rows
    assert [tuple(row) for row in months] == [(202611, 9), (202612, 11)]


def was_met(fault: Fault) -> bool:
    """Whether a fault that never ends has begun."""
    return fault.times < 1_000_000


def more_than(log: StoreLog, before: int) -> bool:
    """Whether rows came."""
    return len(log.rows()) > before


def committed(log: StoreLog) -> bool:
    """Whether the group's offsets are at the end of each partition, with no intent left."""
    consumer = make_consumer(log.kafka, log.group)
    try:
        wanted = [TopicPartition(log.topics.ledger, p) for p in range(log.partitions)]
        ends = [consumer.get_watermark_offsets(where, timeout=10)[1] for where in wanted]
        found = consumer.committed(wanted, timeout=10)
        return [p.offset for p in found] == ends and not any(p.metadata for p in found)
    finally:
        consumer.close()


def commit(log: StoreLog, partition: int, offset: int, metadata: str = "") -> None:
    """Put the group's offset."""
    consumer = make_consumer(log.kafka, log.group)
    where = TopicPartition(log.topics.ledger, partition, offset, metadata)
    consumer.commit(offsets=[where], asynchronous=False)
    consumer.close()


@contextmanager
def process(log: StoreLog) -> Iterator[subprocess.Popen[bytes]]:
    """The store in a process of its own, killed at the end."""
    environment = os.environ | {
        "BOOTSTRAP": log.kafka.bootstrap_servers,
        "PREFIX": log.topics.prefix,
        "DSN": log.stack.clickhouse_dsn,
    }
    running = subprocess.Popen([sys.executable, str(PROCESS)], env=environment)
    try:
        yield running
    finally:
        running.kill()
        running.wait()
