"""The chain under fire: each write fails, or fails after it took effect; processes are killed,
frozen and doubled; the broker dies. Afterwards the oracle reads the ledger."""

import random
import signal
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.cimpl import NewPartitions
from harness import ChainProcess, KafkaLog, eventually
from samples import event
from stacks import Stack

from auditline.chain.restore import Cache
from auditline.chain.settings import ChainSettings
from auditline.event import encode, partition_for
from auditline.kafka import make_admin
from auditline.kafka.errors import Broken, Interrupted
from auditline.kafka.reader import PartitionReader
from auditline.kafka.settings import KafkaSettings
from auditline.kafka.topics import create_topics, partition_counts
from auditline.kafka.transaction import KafkaTransaction
from auditline.ledger import Kind

pytestmark = pytest.mark.integration

CALLS = ("begin", "produce", "flush", "send_offsets", "commit")


@pytest.fixture
def log(stack: Stack) -> KafkaLog:
    return KafkaLog(stack.bootstrap_servers)


class Faults:
    """Makes transactions that fail at *call*: first before it, then after it took effect."""

    def __init__(self, call: str, skip: int) -> None:
        self._call = call
        self._left = [(skip, True), (skip, False)]

    @property
    def spent(self) -> bool:
        """Whether both failures have happened."""
        return not self._left

    def open(self, settings: KafkaSettings, id_: str, timeout: float) -> KafkaTransaction:
        """A transaction with the fault built in."""
        transaction = KafkaTransaction(settings, id_, timeout)
        original = getattr(transaction, self._call)
        setattr(transaction, self._call, lambda *a, **k: self._fail(original, *a, **k))
        return transaction

    def _fail(self, original: Callable[..., None], *args: Any, **kwargs: Any) -> None:
        skip, before = self._left[0] if self._left else (1, True)
        if self._left:
            self._left[0] = (skip - 1, before)
        if skip == 0:
            self._left.pop(0)
            if not before:
                original(*args, **kwargs)
            raise Interrupted(f"injected at {self._call}")
        original(*args, **kwargs)


@pytest.mark.parametrize("call", CALLS)
def test_each_write_fails_before_and_after_it_took_effect(log: KafkaLog, call: str) -> None:
    faults = Faults(call, skip=37 if call == "produce" else 1)
    with log.chain(faults.open):
        while not faults.spent:
            log.emit(100)
            log.wait_chained()
    log.check()


def test_kill_9_again_and_again(log: KafkaLog) -> None:
    """Two processes share the partitions; one at random is killed while events flow."""
    dice = random.Random(7)
    processes = [ChainProcess(log), ChainProcess(log)]
    try:
        for _ in range(8):
            log.emit(300)
            victim = dice.randrange(2)
            processes[victim].kill()
            if dice.random() < 0.3:
                processes[1 - victim].kill()
                processes[1 - victim] = ChainProcess(log)
            processes[victim] = ChainProcess(log)
        log.wait_chained()
    finally:
        for process in processes:
            process.kill()
    log.check()


def test_a_frozen_process_wakes_as_a_zombie_and_writes_nothing(log: KafkaLog) -> None:
    with ChainProcess(log) as frozen:
        log.emit(200)
        log.wait_chained()
        frozen.send(signal.SIGSTOP)
        log.emit(200)
        with ChainProcess(log) as heir:
            # Frozen for longer than the session: its partitions go to the heir.
            log.wait_chained()
            frozen.send(signal.SIGCONT)
            log.emit(200)
            log.wait_chained()
            heir.send(signal.SIGTERM)
            assert heir.wait() == 0
        log.emit(200)
        log.wait_chained()
    log.check()


def test_a_broker_restart(stack: Stack, log: KafkaLog) -> None:
    with log.chain():
        log.emit(200)
        stack.kill("kafka")
        stack.wait_ready("kafka")
        log.emit(200)
        log.wait_chained()
    log.check()


def test_an_orphaned_transaction_is_never_seen(log: KafkaLog) -> None:
    """A process dies with records written and not committed; its heir aborts them."""
    with log.chain():
        log.emit(100)
        log.wait_chained()
    group = f"{log.topics.prefix}-chain"
    for partition in range(log.partitions):
        orphan = KafkaTransaction(log.kafka, f"{group}.{log.topics.events}.{partition}", 5)
        orphan.begin()
        orphan.produce(log.topics.ledger, partition, b"org_0", b"never committed")
        orphan.flush()
    with log.chain():
        log.emit(100)
        log.wait_chained()
    log.check()


class Expiring(KafkaTransaction):
    """Its first commit comes after the broker has given the transaction up."""

    spent = False

    def commit(self) -> None:
        if not Expiring.spent:
            Expiring.spent = True
            eventually("the broker aborts the transaction", self._refused, 60)
        super().commit()

    def _refused(self) -> bool:
        try:
            self.produce(self.topic, 0, b"org_0", b"too late")
            self.flush()
        except Interrupted:
            return True
        return False

    topic = ""


def test_a_transaction_that_times_out(log: KafkaLog) -> None:
    Expiring.topic = log.topics.dead_letters
    settings = ChainSettings(group=f"{log.topics.prefix}-chain", transaction_seconds=1)
    with log.chain(Expiring, settings):
        log.emit(100)
        log.wait_chained()
    assert Expiring.spent
    log.check()


def _rested(log: KafkaLog, partition: int) -> bool:
    """Whether the partition's newest snapshot is of its last entry."""
    cache = Cache()
    with PartitionReader(log.kafka) as reader:
        for message in reader.read(log.topics.heads, partition, 0):
            cache.take(message.key() or b"", message.value())
    snapshot, position = cache.snapshot, cache.position
    return bool(snapshot and position and snapshot.leaf == position.leaf)


def test_a_silence_longer_than_the_ledgers_retention(log: KafkaLog) -> None:
    settings = ChainSettings(group=f"{log.topics.prefix}-chain", heads_every_seconds=0.1)
    log.emit(50)
    with log.chain(settings=settings):
        log.wait_chained()
        for partition in range(log.partitions):
            eventually("a snapshot at rest", partial(_rested, log, partition))
    admin = make_admin(log.kafka)
    # As retention would: all records go, the end stays.
    gone = [TopicPartition(log.topics.ledger, p, -1) for p in range(log.partitions)]
    for future in admin.delete_records(gone).values():
        future.result(30)
    with log.chain(settings=settings):
        log.emit(50)
        log.wait_chained()
    log.check()


def test_poison_goes_to_dead_letters_and_the_rest_flows(log: KafkaLog) -> None:
    good = event("org_0")
    poison = [None, b"", b"junk", b"\xc3\x01" + bytes(30), encode(event("org_1"))]
    oversize = b"\xc3\x01" + bytes(1_500_000)
    log.put("org_0", *poison, oversize, encode(good))
    log.acknowledged.append(good)
    with log.chain():
        log.wait_chained()
    log.check()
    letters = log.dead_letters()
    assert [letter.value() for letter in letters] == [*poison, oversize]
    headers = dict(letters[2].headers() or ())
    assert headers["auditline-topic"] == log.topics.events.encode()
    assert headers["auditline-offset"] == b"2"
    assert b"framing" in (headers["auditline-message"] or b"")
    kinds = log.logs()["org_0"].kinds()
    assert kinds.count(Kind.DEAD_LETTER) == 6


def test_a_record_on_the_wrong_partition_is_moved_and_chained_once(log: KafkaLog) -> None:
    misplaced = event("org_0")
    wrong = 1 - partition_for("org_0", 2)
    with log.chain():
        log.put("org_0", encode(misplaced), encode(misplaced), partition=wrong)
        log.acknowledged.append(misplaced)
        log.wait_chained()
        log.emit(50)
        log.wait_chained()
    log.check()


def _with_partitions_added(log: KafkaLog) -> Iterator[str]:
    admin = make_admin(log.kafka)
    for name in (log.topics.events, log.topics.ledger, log.topics.heads):
        for future in admin.create_partitions([NewPartitions(name, 4)]).values():
            future.result(30)
        yield name


def test_added_partitions_are_refused(log: KafkaLog) -> None:
    log.emit(20)
    with log.chain():
        log.wait_chained()
    assert len(list(_with_partitions_added(log))) == 3
    log.partitions = 4
    with pytest.raises(Broken, match="number is fixed"), log.chain() as service:
        eventually("the chain refuses", lambda: not service.running)


def test_a_recreated_events_topic_halts_the_chain(log: KafkaLog) -> None:
    log.emit(50)
    with log.chain():
        log.wait_chained()
    admin = make_admin(log.kafka)
    for future in admin.delete_topics([log.topics.events]).values():
        future.result(30)
    eventually("topic gone", lambda: log.topics.events not in partition_counts(admin, log.topics))
    eventually("topic back", lambda: _create(admin, log, create_topics))
    with pytest.raises(Broken, match="lost or made anew"), log.chain() as service:
        eventually("the chain refuses", lambda: not service.running)


def _create(admin: Any, log: KafkaLog, create: Callable[..., list[str]]) -> bool:
    try:
        return log.topics.events in create(admin, log.topics, log.partitions, 1)
    except KafkaException:
        return False
