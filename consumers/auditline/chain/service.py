"""The chain's loop: read what came, append it, and do it again.

    start ──▶ session ──▶ (consume ─▶ append per partition)*
      ▲          │
      └──────────┘ Interrupted, Fenced, Unavailable: leave the group, drop all memory, wait, start

A session is one membership in the consumer group. Whatever goes wrong ends it; start-up, a
rebalance and a crash then restore a partition by the same path. `Broken` ends the process.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from threading import Event

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from auditline.chain.metrics import ChainMetrics
from auditline.chain.partition import PartitionChain, Setting
from auditline.chain.records import MOVED_HEADER, SourceRecord
from auditline.kafka.clients import make_consumer
from auditline.kafka.errors import Fenced, Interrupted, Unavailable

log = structlog.get_logger("auditline.chain")

_SOFT_ERRORS = {KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT, KafkaError._RESOLVE}


class Session:
    """One membership in the group, and the partitions that it brought."""

    def __init__(self, setting: Setting, metrics: ChainMetrics, consumer: Consumer) -> None:
        self._setting = setting
        self._metrics = metrics
        self._consumer = consumer
        self.chains: dict[int, PartitionChain] = {}

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
        started = time.monotonic()
        messages = self._consumer.consume(settings.batch_records, settings.poll_seconds)
        for partition, records in self._by_partition(messages).items():
            for part in split(records, settings.batch_bytes):
                self._append(partition, part, started)
        return len(messages)

    def _append(self, partition: int, messages: list[Message], started: float) -> None:
        chain = self.chains[partition]
        records = [_source(message) for message in messages]
        batch = chain.append(records, self._consumer.consumer_group_metadata())
        self._metrics.appended(partition, batch, len(records), time.monotonic() - started)
        self._metrics.logs.labels(str(partition)).set(chain.logs)
        self._report_lag(partition, messages[-1])
        for letter in batch.dead_letters:
            log.warning(
                "dead letter",
                partition=partition,
                offset=letter.record.offset,
                reason=letter.reason,
            )

    def _by_partition(self, messages: Iterable[Message]) -> dict[int, list[Message]]:
        found: dict[int, list[Message]] = defaultdict(list)
        for message in messages:
            error = message.error()
            if error is not None:
                if error.code() not in _SOFT_ERRORS:  # those librdkafka mends by itself
                    raise Unavailable(f"reading: {error.str()}")
                continue
            partition = message.partition()
            # A record of a partition that was revoked inside this very consume() is not ours.
            if partition in self.chains:
                found[partition].append(message)
        return found

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        # Whatever this raises comes out of consume() and ends the session.
        consumer.incremental_assign([self._open(p.partition) for p in partitions])

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
                self._metrics.forget(partition.partition)
                log.info("partition released", partition=partition.partition)
        consumer.incremental_unassign(partitions)

    def _report_lag(self, partition: int, last: Message) -> None:
        topic = TopicPartition(self._setting.topics.events, partition)
        _, high = self._consumer.get_watermark_offsets(topic, cached=True)
        lag = max(0, high - self.chains[partition].next_offset)
        _, written_at = last.timestamp()
        behind = max(0.0, time.time() - written_at / 1000) if lag else 0.0
        self._metrics.lag_records.labels(str(partition)).set(lag)
        self._metrics.lag_seconds.labels(str(partition)).set(behind)

    def leave(self) -> None:
        """Give the partitions back, so that another process has them at once."""
        for chain in self.chains.values():
            chain.close()
        self.chains.clear()
        self._consumer.close()


class ChainService:
    """Runs sessions until told to stop."""

    def __init__(self, setting: Setting, metrics: ChainMetrics, stop: Event) -> None:
        self._setting = setting
        self._metrics = metrics
        self._stop = stop
        self._session: Session | None = None
        self._stepped_at = 0.0
        self.running = True

    def ready(self) -> str | None:
        """Why this process cannot append right now, or None when it can."""
        if self._session is None:
            return "not in the consumer group"
        if not self._session.chains:
            return "no partitions assigned yet"
        return self.alive()

    def alive(self) -> str | None:
        """Why this process should be restarted, or None."""
        silent = time.monotonic() - self._stepped_at if self._stepped_at else 0.0
        return f"the loop has not turned for {silent:.0f} s" if silent > 120 else None

    def run(self, backoff: Callable[[int], float]) -> None:
        """Chain until stopped; raises `Broken` when an operator has to look."""
        try:
            self._run(backoff)
        finally:
            self.running = False

    def _run(self, backoff: Callable[[int], float]) -> None:
        failures = 0
        while not self._stop.is_set():
            try:
                for taken in self._run_session():
                    failures = 0 if taken else failures
            except (Interrupted, Unavailable, KafkaException) as error:
                failures += 1
                reason = "fenced" if isinstance(error, Fenced) else "interrupted"
                self._metrics.restarts.labels(reason).inc()
                wait = backoff(failures)
                log.warning("starting again", reason=reason, error=str(error), wait=round(wait, 2))
                self._stop.wait(wait)

    def _run_session(self) -> Iterator[int]:
        consumer = make_consumer(self._setting.kafka, self._setting.chain.group)
        self._session = session = Session(self._setting, self._metrics, consumer)
        try:
            session.join()
            while not self._stop.is_set():
                self._stepped_at = time.monotonic()
                yield session.step()
        finally:
            self._session = None
            session.leave()


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
    names = dict(message.headers() or ())
    return SourceRecord(
        message.offset() or 0, message.key(), message.value(), MOVED_HEADER in names
    )
