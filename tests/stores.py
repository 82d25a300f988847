"""The store against the real Kafka and ClickHouse, and its writes made to fail."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import uuid4

from confluent_kafka import Consumer, KafkaError, KafkaException
from entries import LogMaker, put
from harness import eventually
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from stacks import Stack

from auditline.kafka import KafkaSettings, make_admin, make_producer
from auditline.kafka.errors import Broken
from auditline.kafka.sessions import SessionLoop
from auditline.kafka.topics import Topics, create_topics
from auditline.ledger import Entry
from auditline.store.clickhouse import EntriesTable, connect
from auditline.store.errors import Unavailable
from auditline.store.metrics import StoreMetrics
from auditline.store.migrate import applied_names, statements
from auditline.store.partition import Offsets, Table
from auditline.store.plan import Logs, Range
from auditline.store.service import GroupOffsets, Setting, store_loop
from auditline.store.settings import ClickHouseSettings, StoreSettings

_migrated: set[str] = set()


def migrated(stack: Stack) -> ClickHouseSettings:
    """Settings of the stack's ClickHouse, whose table is there."""
    settings = ClickHouseSettings(
        dsn=SecretStr(stack.clickhouse_dsn), reader_dsn=SecretStr(stack.clickhouse_reader_dsn)
    )
    if stack.clickhouse_dsn not in _migrated:
        with connect(settings) as client:
            done = applied_names(client)
        if todo := statements(done):
            stack.admin(*todo)
        _migrated.add(stack.clickhouse_dsn)
    return settings


@dataclass
class Fault:
    """What happens to the calls of *name*: of the next ones, *times* fail.

    *done* says whether the call takes effect before it fails.
    """

    name: str
    done: bool
    times: int = 1

    def __call__(self, name: str, call: Callable[[], object], error: Exception) -> object:
        if name != self.name or not self.times:
            return call()
        self.times -= 1
        if self.done:
            call()
        raise error


NO_FAULT = Fault("", False, 0)


@dataclass
class FaultyTable:
    """A table whose calls meet a fault."""

    inner: Table
    fault: Fault

    def insert(self, block: bytes, token: str) -> int:
        out = self.fault("insert", lambda: self.inner.insert(block, token), Unavailable("fault"))
        assert isinstance(out, int)
        return out

    def count(self, where: Range) -> int:
        out = self.fault("count", lambda: self.inner.count(where), Unavailable("fault"))
        assert isinstance(out, int)
        return out

    def ends(self, logs: Logs) -> dict[bytes, int]:
        out = self.fault("ends", lambda: self.inner.ends(logs), Unavailable("fault"))
        assert isinstance(out, dict)
        return out


@dataclass
class FaultyOffsets:
    """Offsets whose commits meet a fault: "intent" with metadata, "commit" without."""

    inner: Offsets
    fault: Fault

    def commit(self, partition: int, offset: int, metadata: str) -> None:
        error = KafkaException(KafkaError(KafkaError._TIMED_OUT, "fault"))
        name = "intent" if metadata else "commit"
        self.fault(name, lambda: self.inner.commit(partition, offset, metadata), error)


@dataclass
class StoreLog:
    """A ledger under a topic prefix of its own, and what should be in the table."""

    stack: Stack
    partitions: int = 2
    kafka: KafkaSettings = field(init=False)
    clickhouse: ClickHouseSettings = field(init=False)
    made: dict[bytes, list[Entry]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        prefix = f"s{uuid4().hex[:12]}"
        self.kafka = KafkaSettings(
            bootstrap_servers=self.stack.bootstrap_servers,
            topic_prefix=prefix,
            partitions=self.partitions,
            replication_factor=1,
        )
        self.topics = Topics(prefix)
        self.clickhouse = migrated(self.stack)
        create_topics(make_admin(self.kafka), self.topics, self.partitions, 1)
        self.group = f"{prefix}-store"
        self.makers = [
            LogMaker(f"org_{prefix}_{n}", n % self.partitions) for n in range(self.partitions * 2)
        ]
        self._offsets = [0] * self.partitions
        self._producer = make_producer(self.kafka)

    def emit(self, rounds: int) -> None:
        """Put *rounds* entries of each log into the ledger, and wait for the broker."""
        for _ in range(rounds):
            for maker in self.makers:
                maker.offset = self._offsets[maker.partition]
                self._offsets[maker.partition] += 1
                self.put(maker, maker.add())

    def put(self, maker: LogMaker, entry: Entry) -> None:
        """Put one entry."""
        self.made.setdefault(maker.log_id, []).append(entry)
        put(self._producer, self.topics.ledger, maker.partition, maker.org_id, [entry])

    @contextmanager
    def store(
        self, fault: Fault = NO_FAULT, table: Table | None = None, **settings: object
    ) -> Iterator[SessionLoop]:
        """The store in a thread of this process; what it raises fails the test."""
        inner = EntriesTable(self.clickhouse)

        def offsets(consumer: Consumer, topic: str) -> Offsets:
            return FaultyOffsets(GroupOffsets(consumer, topic), fault)

        values = {"group": self.group, "batch_rows": 20, "batch_seconds": 0.1} | settings
        setting = Setting(
            self.kafka,
            StoreSettings.model_validate(values),
            self.topics.ledger,
            FaultyTable(table or inner, fault),
            offsets,
        )
        stop = threading.Event()
        loop = store_loop(setting, StoreMetrics(CollectorRegistry()), stop, lambda _: 0.1)
        failures: list[Exception] = []

        def run() -> None:
            try:
                loop.run(lambda _: 0.1)
            except (Broken, AssertionError, LookupError, TypeError, ValueError) as error:
                failures.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield loop
        finally:
            stop.set()
            thread.join()
            inner.close()
        if failures:
            raise failures[0]

    def rows(self) -> list[tuple[bytes, bytes, bytes]]:
        """The evidence in the table, in its order."""
        orgs = [maker.org_id for maker in self.makers]
        with connect(self.clickhouse, reader=True, scope="*") as client:
            return [
                (bytes(leaf), bytes(salt), event if isinstance(event, bytes) else event.encode())
                for leaf, salt, event in client.query(
                    "SELECT leaf, salt, event FROM entries "
                    "WHERE org_id IN {orgs:Array(String)} ORDER BY org_id, log_id, seq",
                    parameters={"orgs": orgs},
                ).result_rows
            ]

    def expected(self) -> list[tuple[bytes, bytes, bytes]]:
        """The evidence that was put into the ledger."""
        makers = sorted(self.makers, key=lambda maker: maker.org_id)
        return [(e.leaf, e.salt, e.event) for m in makers for e in self.made.get(m.log_id, [])]

    def wait_stored(self, patience: float = 60) -> None:
        """Wait until as many rows are there as were put."""
        want = len(self.expected())
        eventually(f"{want} rows", lambda: len(self.rows()) >= want, patience)

    def check(self) -> None:
        """Everything is there exactly once, byte for byte."""
        assert self.rows() == self.expected()
