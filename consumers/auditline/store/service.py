"""The store's session: read the ledger, load each partition's batches, wait out ClickHouse.

While ClickHouse is away the partitions are paused but polled, so that the group keeps them, and
the same insert is tried again, for ever. `auditline.kafka.sessions` runs it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

import structlog
from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from auditline.kafka.clients import make_consumer
from auditline.kafka.polling import by_partition
from auditline.kafka.sessions import SessionLoop
from auditline.kafka.settings import KafkaSettings
from auditline.store.errors import Unavailable
from auditline.store.metrics import StoreMetrics
from auditline.store.partition import Offsets, PartitionLoad, Place, Table
from auditline.store.plan import Limits, read_record
from auditline.store.position import begin
from auditline.store.settings import StoreSettings

log = structlog.get_logger("auditline.store")

_POLL_RECORDS = 2_000
_POLL_SECONDS = 0.1
_KAFKA_SECONDS = 20.0
_LOAD_SECONDS = 15.0
"""After so long in inserts the group is polled again, well within max.poll.interval."""


class GroupOffsets:
    """`Offsets` of the consumer's group."""

    def __init__(self, consumer: Consumer, topic: str) -> None:
        self._consumer = consumer
        self._topic = topic

    def commit(self, partition: int, offset: int, metadata: str) -> None:
        """Commit and wait; raises KafkaException, also when the group has moved on without us."""
        position = TopicPartition(self._topic, partition, offset, metadata)
        self._consumer.commit(offsets=[position], asynchronous=False)


@dataclass(frozen=True, slots=True)
class Setting:
    """What a session works with; tests put failing *table* and *offsets* in."""

    kafka: KafkaSettings
    store: StoreSettings
    topic: str
    table: Table
    offsets: Callable[[Consumer, str], Offsets] = GroupOffsets


class StoreSession:
    """One membership in the group, and the partitions that it brought."""

    def __init__(
        self,
        setting: Setting,
        metrics: StoreMetrics,
        consumer: Consumer,
        backoff: Callable[[int], float],
    ) -> None:
        self._setting = setting
        self._metrics = metrics
        self._consumer = consumer
        self._offsets = setting.offsets(consumer, setting.topic)
        self._backoff = backoff
        self._loads: dict[int, PartitionLoad] = {}
        self._written_at: dict[int, float] = {}
        # While ClickHouse is away: what it said, how often, and when to try again.
        self._away: str | None = None
        self._failures = 0
        self._retry_at = 0.0

    def join(self) -> None:
        """Ask for partitions; they come inside `step`."""
        self._consumer.subscribe(
            [self._setting.topic],
            on_assign=self._assigned,
            on_revoke=self._revoked,
            on_lost=self._revoked,
        )

    def step(self) -> int:
        """Read one round and load what is due; returns how many records were read."""
        messages = self._consumer.consume(_POLL_RECORDS, _POLL_SECONDS)
        records = [m for m in messages if not _is_end(m)]
        now = time.monotonic()
        for partition, found in by_partition(records, self._loads).items():
            load = self._loads[partition]
            for message in found:
                load.add(read_record(message.offset() or 0, message.key(), message.value()), now)
            self._written_at[partition] = found[-1].timestamp()[1] / 1000
        # After the records: an end that came before one of them is not the end any more.
        for message in filter(_is_end, messages):
            if idle := self._loads.get(message.partition() or 0):
                idle.idle_at(message.offset() or 0)
        if now >= self._retry_at:
            self._load_due(now)
        return len(records)

    def ready(self) -> str | None:
        """Why entries do not reach the table now, or None."""
        if not self._loads:
            return "no partitions assigned yet"
        return self._away

    def leave(self) -> None:
        """Give the partitions back."""
        self._loads.clear()
        self._consumer.close()

    def _load_due(self, now: float) -> None:
        until = time.monotonic() + _LOAD_SECONDS
        for partition, load in self._loads.items():
            while load.due(now) and time.monotonic() < until:
                started = time.monotonic()
                try:
                    loaded = load.load()
                except Unavailable as error:
                    self._wait(error)
                    return
                self._metrics.loaded(partition, loaded, time.monotonic() - started)
                self._resume()
            self._report_lag(partition, load)

    def _wait(self, error: Unavailable) -> None:
        self._failures += 1
        wait = self._backoff(self._failures)
        self._retry_at = time.monotonic() + wait
        self._metrics.retries.inc()
        self._metrics.unavailable.set(1)
        if self._away is None:
            # Paused but still polled: the group keeps the partitions, memory does not grow.
            self._consumer.pause(self._consumer.assignment())
        self._away = str(error)
        log.warning(
            "ClickHouse is away", error=str(error), tries=self._failures, wait=round(wait, 2)
        )

    def _resume(self) -> None:
        if self._away is None:
            return
        self._consumer.resume(self._consumer.assignment())
        log.info("ClickHouse is back", tries=self._failures)
        self._metrics.unavailable.set(0)
        self._away, self._failures = None, 0

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        # Whatever this raises comes out of consume() and ends the session.
        consumer.incremental_assign([self._open(p.partition) for p in partitions])
        if self._away is not None:
            consumer.pause(partitions)

    def _open(self, partition: int) -> TopicPartition:
        setting = self._setting
        where = TopicPartition(setting.topic, partition)
        low, high = self._consumer.get_watermark_offsets(where, timeout=_KAFKA_SECONDS)
        (found,) = self._consumer.committed([where], timeout=_KAFKA_SECONDS)
        committed = found.offset if found.offset >= 0 else None
        start = begin(f"{setting.topic}/{partition}", committed, found.metadata, low, high)
        self._loads[partition] = PartitionLoad(
            Place(
                setting.store.group,
                setting.topic,
                partition,
                setting.table,
                self._offsets,
                limits(setting.store),
            ),
            start.offset,
            start.intent,
        )
        log.info(
            "partition assigned",
            partition=partition,
            offset=start.offset,
            replay=start.intent is not None,
        )
        return TopicPartition(setting.topic, partition, start.offset)

    def _revoked(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        # An insert that was begun has its intent in the group: the next owner finishes it.
        for partition in partitions:
            if self._loads.pop(partition.partition, None):
                self._metrics.forget(partition.partition)
                log.info("partition released", partition=partition.partition)
        consumer.incremental_unassign(partitions)

    def _report_lag(self, partition: int, load: PartitionLoad) -> None:
        where = TopicPartition(self._setting.topic, partition)
        _, high = self._consumer.get_watermark_offsets(where, cached=True)
        lag = max(0, high - load.committed)
        written_at = self._written_at.get(partition)
        behind = max(0.0, time.time() - written_at) if lag and written_at else 0.0
        self._metrics.behind(partition, lag, behind)


def _is_end(message: Message) -> bool:
    error = message.error()
    return error is not None and error.code() == KafkaError._PARTITION_EOF


def limits(settings: StoreSettings) -> Limits:
    """How large and old a batch may get."""
    return Limits(settings.batch_rows, settings.batch_bytes, settings.batch_seconds)


def store_loop(
    setting: Setting, metrics: StoreMetrics, stop: Event, backoff: Callable[[int], float]
) -> SessionLoop:
    """The store's loop, to be run until *stop* is set; *backoff* is for ClickHouse."""

    def open_session() -> StoreSession:
        consumer = make_consumer(setting.kafka, setting.store.group, enable_partition_eof=True)
        return StoreSession(setting, metrics, consumer, backoff)

    return SessionLoop(open_session, stop, lambda reason: metrics.restarts.labels(reason).inc())
