"""One partition's chain against Kafka: fence, restore, append; thrown away when anything fails."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Message, TopicPartition

from auditline.chain import snapshot
from auditline.chain.core import Chain
from auditline.chain.records import MOVED_HEADER, Batch, SourceRecord
from auditline.chain.restore import Cache, Restored
from auditline.chain.settings import ChainSettings
from auditline.chain.state import PartitionState
from auditline.event import Codec
from auditline.kafka.errors import Broken
from auditline.kafka.reader import PartitionReader
from auditline.kafka.settings import KafkaSettings
from auditline.kafka.topics import Topics
from auditline.kafka.transaction import KafkaTransaction, Transaction

OpenTransaction = Callable[[KafkaSettings, str, float], Transaction]


@dataclass(frozen=True, slots=True)
class Setting:
    """What all partitions of a process share; tests put a failing *transaction* in."""

    kafka: KafkaSettings
    chain: ChainSettings
    topics: Topics
    partitions: int
    codec: Codec
    transaction: OpenTransaction = KafkaTransaction


class PartitionChain:
    """The chain of one partition. Not to be used again after any call raised."""

    def __init__(self, setting: Setting, partition: int) -> None:
        self._setting = setting
        self.partition = partition
        # From here on whoever wrote this partition before is fenced, and its last transaction is
        # either wholly in the ledger or not at all; only now may the ledger be read.
        self._transaction = setting.transaction(
            setting.kafka,
            f"{setting.chain.group}.{setting.topics.events}.{partition}",
            setting.chain.transaction_seconds,
        )
        state, self._ledger_end = restore(setting, partition)
        self._chain = Chain(state, setting.codec)
        self._snapshot_at = time.monotonic()

    @property
    def next_offset(self) -> int:
        """The source offset to read next."""
        return self._chain.state.next_offset

    @property
    def logs(self) -> int:
        """How many organizations' logs are here."""
        return len(self._chain.state.logs)

    def append(self, records: Sequence[SourceRecord], metadata: Any) -> Batch:
        """Put *records* into the log; when this returns they are durable and visible."""
        batch = self._chain.append(records, time.time_ns() // 1000)
        transaction, topics = self._transaction, self._setting.topics
        transaction.begin()
        # A crash from here to the commit: nobody ever sees these records; the next owner's
        # init_transactions aborts them, and the same source offsets are read again.
        self._produce(batch)
        transaction.flush()
        offset = TopicPartition(topics.events, self.partition, batch.next_offset)
        transaction.send_offsets([offset], metadata)
        transaction.commit()
        # A crash here: all of it is in the ledger, which says where to go on; nothing is lost
        # with this memory but time.
        return batch

    def rest(self) -> None:
        """Write the snapshot that is overdue though nothing comes, so that a restart after a long
        silence needs nothing that the ledger's retention may have removed."""
        if not self._chain.state.entries_since_snapshot or not self._overdue():
            return
        transaction = self._transaction
        transaction.begin()
        # A crash from here on: the snapshot before this one stands, and the ledger after it.
        self._produce_heads(self._snapshot(self._ledger_end - 1))
        transaction.flush()
        transaction.commit()

    def close(self) -> None:
        """Let the partition go."""
        self._transaction.close()

    def _produce(self, batch: Batch) -> None:
        transaction, topics, here = self._transaction, self._setting.topics, self.partition
        last = len(batch.ledger) - 1
        for i, (key, value) in enumerate(batch.ledger):
            noted = self._note_end if i == last else None
            transaction.produce(topics.ledger, here, key, value, delivered=noted)
        for letter in batch.dead_letters:
            record = letter.record
            headers = dead_letter_headers(topics.events, here, record.offset, letter)
            transaction.produce(topics.dead_letters, here, record.key, record.value, headers)
        for move in batch.moves:
            origin = f"{here}/{move.record.offset}".encode()
            headers = [(MOVED_HEADER, origin)]
            transaction.produce(topics.events, move.partition, move.key, move.record.value, headers)
        every = self._setting.chain.heads_every_entries
        if batch.ledger and (self._overdue() or self._chain.state.entries_since_snapshot >= every):
            self._produce_heads(self._snapshot(self._ledger_end))
        else:
            self._produce_heads([snapshot.position(self._chain.state)])

    def _overdue(self) -> bool:
        since = time.monotonic() - self._snapshot_at
        return since >= self._setting.chain.heads_every_seconds

    def _snapshot(self, ledger_offset: int) -> list[snapshot.HeadRecord]:
        state = self._chain.state
        records = [snapshot.position(state), *snapshot.snapshot(state, ledger_offset)]
        state.snapshot_taken()
        self._snapshot_at = time.monotonic()
        return records

    def _produce_heads(self, records: list[snapshot.HeadRecord]) -> None:
        for key, value in records:
            self._transaction.produce(self._setting.topics.heads, self.partition, key, value)

    def _note_end(self, error: object, message: Message) -> None:
        """The broker has the batch's last entry (a failure also fails the commit)."""
        offset = message.offset()
        if error is None and offset is not None:
            self._ledger_end = offset + 1


def dead_letter_headers(
    topic: str, partition: int, offset: int, letter: Any
) -> list[tuple[str, bytes]]:
    """The headers of ``audit.dead_letters`` that say where a record came from and why."""
    return [
        ("auditline-stage", b"chain"),
        ("auditline-topic", topic.encode()),
        ("auditline-partition", str(partition).encode()),
        ("auditline-offset", str(offset).encode()),
        ("auditline-error", letter.error.encode()),
        ("auditline-message", letter.reason.encode(errors="replace")),
    ]


def restore(setting: Setting, partition: int) -> tuple[PartitionState, int]:
    """The partition's state, and the ledger's end that it goes to."""
    topics = setting.topics
    with PartitionReader(setting.kafka) as reader:
        cache = Cache()
        for message in reader.read(topics.heads, partition, _low(reader, topics.heads, partition)):
            cache.take(message.key() or b"", message.value())
        restored, end = _read_ledger(reader, setting, cache, partition, True)
        if not restored.believable():
            restored, end = _read_ledger(reader, setting, cache, partition, False)
        state = restored.finish()
        marks = reader.watermarks(topics.events, partition)
    if state.next_offset > marks.high:
        raise Broken(
            f"{topics.events}/{partition} ends at {marks.high}, but its log has entries from "
            f"before {state.next_offset}: the topic was lost or made anew. Nothing restarts at 0 "
            "by itself: restore the topic, or start a new log under another kafka.topic_prefix"
        )
    if state.next_offset < marks.low:
        raise Broken(
            f"{topics.events}/{partition} begins at {marks.low}, but its log goes on at "
            f"{state.next_offset}: records were deleted before they were chained. Restore them "
            "from the gateways' spools or a backup"
        )
    return state, end


def _low(reader: PartitionReader, topic: str, partition: int) -> int:
    return reader.watermarks(topic, partition).low


def _read_ledger(
    reader: PartitionReader, setting: Setting, cache: Cache, partition: int, believe: bool
) -> tuple[Restored, int]:
    topic = setting.topics.ledger
    restored = Restored.begin(cache, setting.chain, partition, setting.partitions, believe)
    low = _low(reader, topic, partition)
    if restored.start < low and not restored.skip_to(low):
        raise Broken(
            f"{topic}/{partition} begins at {low} and the heads topic does not help: the ledger's "
            "beginning is past its retention. Restore the heads topic from a backup"
        )
    end = restored.start
    for message in reader.read(topic, partition, restored.start):
        offset = message.offset() or 0
        restored.take(message.value(), offset)
        end = offset + 1
    return restored, end
