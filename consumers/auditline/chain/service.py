"""The chain's session: read what came, append it, and do it again.

`auditline.kafka.sessions` runs it. Start-up, a rebalance and a crash all restore a partition by
the same path: `PartitionChain`, made when the partition is assigned.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import structlog
from confluent_kafka import Consumer, Message, TopicPartition

from auditline.chain.metrics import ChainMetrics
from auditline.chain.partition import PartitionChain, Setting
from auditline.chain.records import MOVED_HEADER, SourceRecord
from auditline.kafka.clients import make_consumer
from auditline.kafka.polling import by_partition
from auditline.kafka.sessions import SessionLoop

log = structlog.get_logger("auditline.chain")


_RESTORES = 8


class ChainSession:
    """One membership in the group, and the partitions that it brought."""

    def __init__(self, setting: Setting, metrics: ChainMetrics, consumer: Consumer) -> None:
        self._setting = setting
        self._metrics = metrics
        self._consumer = consumer
        self.chains: dict[int, PartitionChain] = {}
        # When the newest record that was read was written, and when that was last reported.
        self._read_up_to: dict[int, float] = {}
        self._reported_at = 0.0

    def join(self) -> None:
        """Ask for partitions; they come inside `step`."""
        self._consumer.subscribe(
            [self._setting.topics.events],
            on_assign=self._assigned,
            on_revoke=self._revoked,
            on_lost=self._revoked,
        )

    def step(self) -> int:
        """Read and append one round; returns how many records it took."""
        settings = self._setting.chain
        messages = self._consumer.consume(settings.batch_records, settings.poll_seconds)
        started = time.monotonic()
        found = by_partition(messages, self.chains)
        for partition, records in found.items():
            for part in split(records, settings.batch_bytes):
                self._append(partition, part, started)
        for partition in self.chains.keys() - found.keys():
            self.chains[partition].rest()
        self._report_lag()
        return len(messages)

    def _append(self, partition: int, messages: list[Message], started: float) -> None:
        chain = self.chains[partition]
        records = [_source(message) for message in messages]
        batch = chain.append(records, self._consumer.consumer_group_metadata())
        self._metrics.appended(partition, batch, len(records), time.monotonic() - started)
        self._metrics.logs.labels(str(partition)).set(chain.logs)
        _, written_at = messages[-1].timestamp()
        self._read_up_to[partition] = written_at / 1000
        for letter in batch.dead_letters:
            log.warning(
                "dead letter",
                partition=partition,
                offset=letter.record.offset,
                reason=letter.reason,
            )

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        # Fencing and reading is mostly waiting for the broker, so all at once. Whatever this
        # raises comes out of consume() and ends the session.
        with ThreadPoolExecutor(_RESTORES) as pool:
            positions = list(pool.map(self._open, [p.partition for p in partitions]))
        consumer.incremental_assign(positions)

    def _open(self, partition: int) -> TopicPartition:
        started = time.monotonic()
        chain = PartitionChain(self._setting, partition)
        seconds = time.monotonic() - started
        self.chains[partition] = chain
        self._metrics.restore_seconds.observe(seconds)
        log.info(
            "partition restored",
            partition=partition,
            next_offset=chain.next_offset,
            logs=chain.logs,
            seconds=round(seconds, 3),
        )
        return TopicPartition(self._setting.topics.events, partition, chain.next_offset)

    def _revoked(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        # Between two steps nothing is in flight, so there is nothing to finish or abort.
        for partition in partitions:
            if chain := self.chains.pop(partition.partition, None):
                chain.close()
                self._read_up_to.pop(partition.partition, None)
                self._metrics.forget(partition.partition)
                log.info("partition released", partition=partition.partition)
        consumer.incremental_unassign(partitions)

    def _report_lag(self) -> None:
        """Say how far behind each partition is, at most once a second, also when nothing comes."""
        now = time.time()
        if now - self._reported_at < 1.0:
            return
        self._reported_at = now
        for partition, chain in self.chains.items():
            topic = TopicPartition(self._setting.topics.events, partition)
            _, high = self._consumer.get_watermark_offsets(topic, cached=True)
            lag = max(0, high - chain.next_offset)
            since = self._read_up_to.setdefault(partition, now)
            self._metrics.lag_records.labels(str(partition)).set(lag)
            self._metrics.lag_seconds.labels(str(partition)).set(max(0.0, now - since) * bool(lag))

    def ready(self) -> str | None:
        """Why nothing can be appended, or None."""
        return None if self.chains else "no partitions assigned yet"

    def leave(self) -> None:
        """Give the partitions back."""
        for chain in self.chains.values():
            chain.close()
        self.chains.clear()
        self._consumer.close()


def split(messages: list[Message], most_bytes: int) -> Iterator[list[Message]]:
    """*messages* in runs of at most *most_bytes*, each with at least one."""
    part: list[Message] = []
    size = 0
    for message in messages:
        length = len(message)
        if part and size + length > most_bytes:
            yield part
            part, size = [], 0
        part.append(message)
        size += length
    if part:
        yield part


def _source(message: Message) -> SourceRecord:
    headers = message.headers()
    moved = bool(headers) and MOVED_HEADER in dict(headers or ())
    return SourceRecord(message.offset() or 0, message.key(), message.value(), moved)


def chain_loop(setting: Setting, metrics: ChainMetrics, stop: Event) -> SessionLoop:
    """The chain's loop, to be run until *stop* is set."""

    def open_session() -> ChainSession:
        return ChainSession(setting, metrics, make_consumer(setting.kafka, setting.chain.group))

    return SessionLoop(open_session, stop, lambda reason: metrics.restarts.labels(reason).inc())
