"""Building entries on heads: the chain's decisions, without I/O.

Memory moves as entries are built. That is safe because a state whose transaction did not commit
is thrown away and read again from the ledger; see `auditline.chain.partition`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from auditline.chain import control
from auditline.chain.duplicates import Arrival
from auditline.chain.heads import LogHead
from auditline.chain.randomness import RandomPool
from auditline.chain.records import Batch, DeadLetter, Move, SourceRecord
from auditline.chain.state import PartitionState
from auditline.event import AuditEvent, Codec, InvalidEvent, Label, event_text, partition_for
from auditline.kafka.errors import Broken
from auditline.ledger import Kind, commitment, entry_value, genesis_prev, leaf_hash, origin
from auditline.ledger.leaf import pack

MAX_ORG_BYTES = 1024
_SALT = 16


@dataclass(slots=True)
class Chain:
    """Appends source records to the logs of one partition; *random* gives salts and log ids."""

    state: PartitionState
    codec: Codec
    random: Callable[[int], bytes] = field(default_factory=RandomPool)

    def append(self, records: Sequence[SourceRecord], now: int) -> Batch:
        """What to write for *records*, which must go on where the last batch ended.

        *now* is the clock in microseconds; entries never go back behind the one before. Raises
        `Broken`, with nothing changed, for a record that was passed already.
        """
        if records and records[0].offset < self.state.next_offset:
            raise Broken(
                f"offset {records[0].offset} comes after {self.state.next_offset} was expected"
            )
        state = self.state
        state.clock = max(state.clock, now)
        batch = Batch(state.next_offset)
        for record in records:
            self._record(record, batch)
            batch.next_offset = state.next_offset = record.offset + 1
        return batch

    def _record(self, record: SourceRecord, batch: Batch) -> None:
        org_id = _org_of(record.key)
        if org_id is not None and self._elsewhere(org_id, record, batch):
            return
        event: AuditEvent | None = None
        try:
            event = self._read(record, org_id)
            text = event_text(event)
        except InvalidEvent as error:
            self._dead(record, org_id, event, error, batch)
            return
        if org_id is None and self._elsewhere(event.org_id, record, batch):
            return
        self._event(record, event, text, batch)

    def _elsewhere(self, org_id: str, record: SourceRecord, batch: Batch) -> bool:
        """Send a record that belongs to another partition there."""
        right = partition_for(org_id, self.state.partitions)
        if right == self.state.partition:
            return False
        batch.moves.append(Move(record, org_id.encode(), right))
        return True

    def _read(self, record: SourceRecord, org_id: str | None) -> AuditEvent:
        event = self.codec.decode(record.value)
        if record.key is not None and org_id is None:
            raise InvalidEvent("the record's key is not an organization", "key")
        if org_id is not None and event.org_id != org_id:
            raise InvalidEvent(f"differs from the record's key {org_id!r}", "$.org_id")
        return _unnumbered(event) if record.moved else event

    def _event(self, record: SourceRecord, event: AuditEvent, text: bytes, batch: Batch) -> None:
        state, number = self.state, event.producer
        if number is None:
            event_id = event.event_id.bytes
            if event_id in state.window or event_id in state.recent:
                batch.duplicates += 1
                return
            self._entry(record, event, text, Kind.EVENT, batch)
            state.remember(event_id)
            return
        arrival = state.counters.judge(number)
        if arrival is Arrival.RETRY:
            batch.duplicates += 1
            return
        if arrival is Arrival.GAP:
            last = state.counters.last.get((number.id, number.epoch), 0)
            gap = control.producer_gap(event.org_id, number, last, state.clock)
            self._entry(record, gap, event_text(gap), Kind.PRODUCER_GAP, batch)
        event_id = event.event_id.bytes
        if event_id in state.recent or event_id in state.window:
            batch.duplicates += 1
            state.counters.advance(number)
            return
        self._entry(record, event, text, Kind.EVENT, batch)
        state.counters.advance(number)
        state.recent.add(event_id, state.clock)

    def _dead(
        self,
        record: SourceRecord,
        org_id: str | None,
        event: AuditEvent | None,
        error: InvalidEvent,
        batch: Batch,
    ) -> None:
        state = self.state
        batch.dead_letters.append(DeadLetter(record, type(error).__name__, str(error)))
        if org_id is None:
            return
        number = event.producer if event else None
        entry = control.dead_letter(
            org_id, record, state.partition, str(error), number, state.clock
        )
        self._entry(record, entry, event_text(entry), Kind.DEAD_LETTER, batch)
        if number is not None:
            state.counters.advance(number)

    def _entry(
        self, record: SourceRecord, event: AuditEvent, text: bytes, kind: Kind, batch: Batch
    ) -> None:
        """Put one entry on the head of the event's log, which is created if need be."""
        state, org_id = self.state, event.org_id
        head = state.logs.get(org_id)
        if head is None:
            head = self._create(record, org_id, batch)
        salt = self.random(_SALT)
        at = max(state.clock, head.recorded_at)
        leaf = pack(
            head.log_id,
            head.size,
            at,
            event.event_id.bytes,
            commitment(salt, text),
            kind,
            state.partition,
            record.offset,
            head.leaf,
        )
        batch.ledger.append((org_id.encode(), entry_value(leaf, salt, text)))
        batch.kinds[kind] = batch.kinds.get(kind, 0) + 1
        state.advance(org_id, LogHead(head.log_id, head.size + 1, leaf_hash(leaf), at))

    def _create(self, record: SourceRecord, org_id: str, batch: Batch) -> LogHead:
        """Start the log of *org_id* with its first entry."""
        state = self.state
        log_id = self.random(16)
        name = origin(state.deployment, log_id)
        # An empty log's head: the next entry's prev is the genesis value.
        state.logs[org_id] = LogHead(log_id, 0, genesis_prev(name, log_id, org_id), 0)
        created = control.log_created(org_id, log_id, name, state.clock)
        self._entry(record, created, event_text(created), Kind.LOG_CREATED, batch)
        return state.logs[org_id]


def _unnumbered(event: AuditEvent) -> AuditEvent:
    """A moved event without its number, which counts records of another partition."""
    number = event.producer
    if number is None:
        return event
    label = Label(key="producer_number", value=f"{number.id}/{number.epoch}/{number.counter}")
    return replace(event, producer=None, labels=(*event.labels, label))


def _org_of(key: bytes | None) -> str | None:
    """The organization in a record's key, or None where there is none that could be one."""
    if not key or len(key) > MAX_ORG_BYTES:
        return None
    try:
        org_id = key.decode()
    except UnicodeDecodeError:
        return None
    return org_id if len(org_id) <= 256 else None
