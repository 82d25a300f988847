"""A log of its own for each test on the real Kafka, and processes of the chain to torment."""

import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import UUID, uuid4

from confluent_kafka import Message
from oracle import Log, check_ledger
from prometheus_client import CollectorRegistry
from samples import event

from auditline.chain.create import create_log
from auditline.chain.metrics import ChainMetrics
from auditline.chain.partition import OpenTransaction, Setting
from auditline.chain.service import chain_loop
from auditline.chain.settings import ChainSettings
from auditline.event import AuditEvent, Codec, partition_for
from auditline.kafka import KafkaSettings, make_producer
from auditline.kafka.errors import Broken
from auditline.kafka.reader import PartitionReader
from auditline.kafka.sessions import SessionLoop
from auditline.kafka.topics import Topics
from auditline.kafka.transaction import KafkaTransaction
from auditline.producer import AuditLog

CHAIN_PROCESS = Path(__file__).parent / "chain_process.py"
PATIENCE = 90.0
"""Seconds to wait for what must happen; never a pause that always lasts so long."""


def eventually(what: str, true: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Wait until *true*; fails the test, saying *what*, when it never is."""
    deadline = time.monotonic() + patience
    while not true():
        assert time.monotonic() < deadline, f"not within {patience:.0f} s: {what}"
        time.sleep(0.05)


class KafkaLog:
    """A log under a topic prefix that no other test uses."""

    def __init__(self, bootstrap_servers: str, partitions: int = 2) -> None:
        self.kafka = KafkaSettings(
            bootstrap_servers=bootstrap_servers,
            topic_prefix=f"t{uuid4().hex[:12]}",
            partitions=partitions,
            replication_factor=1,
        )
        self.topics = Topics(self.kafka.topic_prefix)
        self.partitions = partitions
        create_log(self.kafka, "test")
        self.acknowledged: list[AuditEvent] = []
        self._read: dict[int, int] = {}
        self._values: dict[int, list[bytes | None]] = {p: [] for p in range(partitions)}

    def producer(self) -> AuditLog:
        """A producer into this log."""
        return AuditLog(self.kafka.bootstrap_servers, topic=self.topics.events)

    def emit(self, count: int, orgs: int = 5, **fields: object) -> None:
        """Emit *count* events round robin over *orgs*, and wait for all acknowledgements."""
        events = [event(f"org_{i % orgs}", **fields) for i in range(count)]
        with self.producer() as log:
            futures = [log.emit(e) for e in events]
            for future in futures:
                future.result(60)
        self.acknowledged += events

    def put(self, org_id: str, *values: bytes | None, partition: int | None = None) -> None:
        """Put raw record *values* under the key of *org_id*."""
        target = partition_for(org_id, self.partitions) if partition is None else partition
        producer = make_producer(self.kafka)
        for value in values:
            producer.produce(self.topics.events, value, org_id.encode(), target)
        assert producer.flush(30) == 0

    def ledger(self) -> list[list[bytes | None]]:
        """The values of each partition of the ledger, read on from the last call."""
        with PartitionReader(self.kafka) as reader:
            for partition, values in self._values.items():
                low = reader.watermarks(self.topics.ledger, partition).low
                start = max(low, self._read.get(partition, 0))
                for message in reader.read(self.topics.ledger, partition, start):
                    values.append(message.value())
                    self._read[partition] = (message.offset() or 0) + 1
        return list(self._values.values())

    def dead_letters(self) -> list[Message]:
        """All dead letters."""
        with PartitionReader(self.kafka) as reader:
            return [
                message
                for partition in range(self.partitions)
                for message in reader.read(self.topics.dead_letters, partition, 0)
            ]

    def logs(self) -> dict[str, Log]:
        """Every organization's log, all checked."""
        found: dict[str, Log] = {}
        for values in self.ledger():
            found |= check_ledger(values)
        return found

    def chained(self) -> list[UUID]:
        """The ids of all events in the ledger, checked, in order within each log."""
        return list(itertools.chain.from_iterable(log.events for log in self.logs().values()))

    def wait_chained(self, patience: float = PATIENCE) -> None:
        """Wait until as many events are in the ledger as were acknowledged."""
        eventually(
            f"{len(self.acknowledged)} events in the ledger",
            lambda: len(self.chained()) >= len(self.acknowledged),
            patience,
        )

    def check(self) -> None:
        """Every acknowledged event is in the ledger exactly once, in the order of its partition."""
        expected: dict[str, list[UUID]] = {}
        for e in self.acknowledged:
            expected.setdefault(e.org_id, []).append(e.event_id)
        assert {org: log.events for org, log in self.logs().items() if log.events} == expected

    @contextmanager
    def chain(
        self,
        transaction: OpenTransaction = KafkaTransaction,
        settings: ChainSettings | None = None,
    ) -> Iterator[SessionLoop]:
        """The chain's service in a thread of this process; what it raises fails the test."""
        setting = Setting(
            self.kafka,
            settings or ChainSettings(group=f"{self.topics.prefix}-chain"),
            self.topics,
            self.partitions,
            Codec(),
            transaction,
        )
        stop = threading.Event()
        service = chain_loop(setting, ChainMetrics(CollectorRegistry()), stop)
        failures: list[Exception] = []

        def run() -> None:
            try:
                service.run(lambda _: 0.1)
            except (Broken, AssertionError, LookupError, TypeError, ValueError) as error:
                failures.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield service
        finally:
            stop.set()
            thread.join()
        if failures:
            raise failures[0]


class ChainProcess:
    """The chain in a process of its own."""

    def __init__(self, log: KafkaLog) -> None:
        environment = os.environ | {
            "BOOTSTRAP": log.kafka.bootstrap_servers,
            "PREFIX": log.topics.prefix,
        }
        self._popen = subprocess.Popen([sys.executable, str(CHAIN_PROCESS)], env=environment)

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._popen.send_signal(number)

    def kill(self) -> None:
        """Kill it where it stands."""
        self._popen.kill()
        self._popen.wait()

    def wait(self, patience: float = PATIENCE) -> int:
        """Wait for its end and return its exit code."""
        return self._popen.wait(patience)

    def running(self) -> bool:
        """Whether it has not ended."""
        return self._popen.poll() is None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        type_: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.running():
            self.send(signal.SIGCONT)
            self.kill()
