"""One partition of the ledger on its way into the table, exactly once.

    records ─▶ batch ─▶ intent committed ─▶ INSERT ─▶ counted ─▶ offset committed

A batch that was begun is finished before anything else, also by the next process: it finds the
intent, reads the same range again and makes the same insert under the same token. Thrown away
when anything but `Unavailable` is raised; after that, call `load` again.
"""

from collections import deque
from dataclasses import dataclass
from typing import Protocol

from auditline.store.block import container
from auditline.store.errors import Broken, Unavailable
from auditline.store.plan import (
    Batch,
    Intent,
    Limits,
    Logs,
    Range,
    Record,
    range_of,
    token,
)
from auditline.store.sequence import Sequence

_MOST_VANISHED = 5
"""Inserts accepted and not there, a replica's delay allowed for, until an operator has to look."""


class Table(Protocol):
    """The table; implementations MUST raise `Unavailable` when they do not know the outcome."""

    def insert(self, block: bytes, token: str) -> int:
        """Insert an Avro container as one part, once for a *token*; returns the rows written."""

    def count(self, where: Range) -> int:
        """How many rows are in the range."""

    def ends(self, logs: Logs) -> dict[bytes, int]:
        """The seq after the last one of each log that has rows."""


class Offsets(Protocol):
    """The group's offsets; what `commit` put is durable when it returns."""

    def commit(self, partition: int, offset: int, metadata: str) -> None:
        """Put the *offset* to read next, with *metadata*."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a partition's entries come from and go to."""

    group: str
    topic: str
    partition: int
    table: Table
    offsets: Offsets
    limits: Limits


@dataclass(frozen=True, slots=True)
class Loaded:
    """A batch that is in the table: *rows* inserted by us now, and its last record's *offset*."""

    rows: int
    offset: int
    tries: int


@dataclass(slots=True)
class _Insert:
    """A batch under way: what the table lacks of it, as bytes that never change."""

    batch: Batch
    records: list[Record]
    block: bytes
    token: str
    where: Range
    tries: int = 0
    vanished: int = 0


class PartitionLoad:
    """The load of one partition from offset *start*, with the *intent* found there."""

    def __init__(self, place: Place, start: int, intent: Intent | None) -> None:
        self._place = place
        self._sequence = Sequence()
        self._intent = intent
        self._open = Batch(start)
        self._closed: deque[Batch] = deque()
        self._current: _Insert | None = None
        self.committed = start

    @property
    def waiting(self) -> int:
        """How many records are read but not in the table."""
        return len(self._open.records) + sum(len(batch.records) for batch in self._closed)

    def add(self, record: Record, now: float) -> None:
        """Take the next record; raises `Broken` when the ledger is not as the intent says."""
        if self._intent is not None:
            self._replay(self._intent, record, now)
            return
        if not self._open.takes(record, self._place.limits):
            self._close()
        self._open.add(record, now)

    def _replay(self, intent: Intent, record: Record, now: float) -> None:
        self._open.add(record, now)
        if record.offset + 1 < intent.end:
            return
        found = self._open.intent()
        if found != intent:
            raise Broken(
                f"{self._name()}: an insert of {intent} was begun, but the ledger now holds "
                f"{found} there: the topic is not the one that was read; restore it"
            )
        self._close()
        self._intent = None

    def _close(self) -> None:
        self._closed.append(self._open)
        self._open = Batch(self._open.end)

    def due(self, now: float) -> bool:
        """Whether `load` has something to do."""
        if self._intent is None and self._open.due(now, self._place.limits):
            self._close()
        return bool(self._closed)

    def load(self) -> Loaded:
        """Put the oldest batch into the table and commit; call it again after `Unavailable`."""
        insert = self._current or self._prepare(self._closed[0])
        self._current = insert
        if insert.records:
            self._insert(insert)
        self._place.offsets.commit(self._place.partition, insert.batch.end, "")
        # A crash here: nothing is in flight, the next process goes on from this offset.
        self.committed = insert.batch.end
        self._closed.popleft()
        self._current = None
        return Loaded(len(insert.records), insert.batch.end - 1, insert.tries)

    def _prepare(self, batch: Batch) -> _Insert:
        place, sequence = self._place, self._sequence
        unknown = sequence.unknown(batch.records)
        if unknown.ids:
            sequence.learn(unknown, place.table.ends(unknown))
        lacking = sequence.missing(batch.records)
        if not lacking:
            return _Insert(batch, [], b"", "", range_of(place.partition, batch.records))
        name = token(place.group, place.topic, place.partition, batch.start, batch.end, lacking)
        block = container([record.value for record in lacking])
        insert = _Insert(batch, lacking, block, name, range_of(place.partition, lacking))
        # From here on `load` never prepares this batch again: retries send the same bytes.
        self._current = insert
        place.offsets.commit(place.partition, batch.start, batch.intent().encode())
        # A crash here: nothing is inserted; the next process reads the intent and does the same.
        return insert

    def _insert(self, insert: _Insert) -> None:
        table, rows = self._place.table, len(insert.records)
        insert.tries += 1
        if insert.tries > 1 and self._there(insert) == rows:
            return  # the try that seemed to fail had worked
        written = table.insert(insert.block, insert.token)
        # A crash here: the rows are there. The next process finds the intent and the rows, and
        # commits; should the server finish only later, the token makes one of two inserts empty.
        if written not in (0, rows):
            raise Broken(f"{self._name()}: {written} rows were written of {rows}: verify the log")
        if not self._there(insert):
            self._vanished(insert)

    def _vanished(self, insert: _Insert) -> None:
        insert.vanished += 1
        if insert.vanished < _MOST_VANISHED:
            raise Unavailable(f"{self._name()}: an insert was accepted and cannot be read back")
        raise Broken(
            f"{self._name()}: ClickHouse takes the insert {insert.token} and keeps nothing: its "
            "rows were deleted, or the database was restored from before it; it remembers the "
            "token. Set store.group to a new name: what the table has is then skipped"
        )

    def _there(self, insert: _Insert) -> int:
        """How many of the rows are in the table: all, or none of a part that is not there."""
        there, rows = self._place.table.count(insert.where), len(insert.records)
        if there not in (0, rows):
            raise Broken(
                f"{self._name()}: the table has {there} of the {rows} rows of one insert "
                f"({insert.token}), which is all or nothing: somebody else writes or deletes "
                "there; run `auditline verify`"
            )
        return there

    def idle_at(self, offset: int) -> None:
        """The end of the partition is at *offset*, past markers that carry no entry.

        Committing it keeps apart what retention may remove unseen and what it may not.
        """
        if self._intent is None and not self.waiting and offset > self.committed:
            self._place.offsets.commit(self._place.partition, offset, "")
            # A crash here: as after any commit.
            self.committed = offset
            self._open = Batch(offset)

    def _name(self) -> str:
        return f"{self._place.topic}/{self._place.partition}"
