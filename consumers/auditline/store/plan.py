"""When to cut a batch, what to call it, and how to remember it. Pure: no clock, no I/O.

A batch is a run of one ledger partition that becomes one INSERT and one part: so it never spans
two months of recorded_at, which is what the table is partitioned by.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from struct import Struct

from auditline.ledger import ENTRY_PREFIX
from auditline.ledger.leaf import LEAF_LABEL, LEAF_SIZE
from auditline.store.block import digest
from auditline.store.errors import Broken

_LEAF = Struct(">16s16sQQ")
_SOURCE = Struct(">Q")
_LEAF_AT = len(ENTRY_PREFIX)
_SOURCE_AT = _LEAF_AT + 104
_DAY = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Record:
    """One record of the ledger: its *offset*, key and *value*, and what the leaf in it says."""

    offset: int
    value: bytes
    org_id: str
    log_id: bytes
    seq: int
    source_offset: int
    month: int


def read_record(offset: int, key: bytes | None, value: bytes | None) -> Record:
    """The record at *offset*; raises `Broken` when *value* is no entry of a version we know."""
    if value is None or value[:_LEAF_AT] != ENTRY_PREFIX or len(value) < _LEAF_AT + LEAF_SIZE:
        raise Broken(
            f"the ledger record at offset {offset} is no entry of version 1: if chain is newer "
            "than this store, update the store; else find out who else writes to the ledger"
        )
    label, log_id, seq, recorded_at = _LEAF.unpack_from(value, _LEAF_AT)
    if label != LEAF_LABEL:
        raise Broken(f"the ledger record at offset {offset} has an unknown leaf label {label!r}")
    (source_offset,) = _SOURCE.unpack_from(value, _SOURCE_AT)
    # The key only narrows a search in the table down; a wrong one finds nothing, and that stops us.
    org_id = (key or b"").decode("utf-8", "replace")
    month = _month(recorded_at // _DAY)
    return Record(offset, value, org_id, log_id, seq, source_offset, month)


@lru_cache(1024)
def _month(day: int) -> int:
    """The table's partition for a *day* since the Unix epoch, as ``toYYYYMM`` has it."""
    if day > 2_932_896:  # 9999-12-31; the table ends long before, and refuses what is later
        return 999_912
    at = datetime.fromtimestamp(day * 86_400, UTC)
    return at.year * 100 + at.month


@dataclass(frozen=True, slots=True)
class Limits:
    """How large and how old a batch may get."""

    rows: int
    bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Intent:
    """What is about to be inserted: the records up to offset *end*, *rows* of them, by *digest*."""

    end: int
    rows: int
    digest: str

    def encode(self) -> str:
        """As metadata of an offset commit."""
        return json.dumps(
            {"v": 1, "end": self.end, "n": self.rows, "h": self.digest}, separators=(",", ":")
        )

    @classmethod
    def decode(cls, metadata: str | None) -> "Intent | None":
        """The intent in *metadata*, None where there is none; raises `Broken`."""
        if not metadata:
            return None
        try:
            fields = json.loads(metadata)
            if fields["v"] != 1:
                raise ValueError(f"version {fields['v']}")
            return cls(int(fields["end"]), int(fields["n"]), str(fields["h"]))
        except (ValueError, KeyError, TypeError) as error:
            raise Broken(
                f"the group's offset carries metadata that this store cannot read ({error}): if "
                "a newer store wrote it, run that; else find out who else commits in this group"
            ) from error


@dataclass(slots=True)
class Batch:
    """Consecutive records from offset *start*; *opened_at* is when the first was read."""

    start: int
    opened_at: float = 0.0
    size: int = 0
    records: list[Record] = field(default_factory=list)

    @property
    def end(self) -> int:
        """The offset to read next."""
        return self.records[-1].offset + 1 if self.records else self.start

    def takes(self, record: Record, limits: Limits) -> bool:
        """Whether *record* still fits; an empty batch takes any."""
        if not self.records:
            return True
        return (
            len(self.records) < limits.rows
            and self.size + len(record.value) <= limits.bytes
            and self.records[0].month == record.month
        )

    def add(self, record: Record, now: float) -> None:
        """Append *record*, read at *now* (any clock, in seconds)."""
        if not self.records:
            self.opened_at = now
        self.records.append(record)
        self.size += len(record.value)

    def due(self, now: float, limits: Limits) -> bool:
        """Whether it should go now although more would fit."""
        if not self.records:
            return False
        full = len(self.records) >= limits.rows or self.size >= limits.bytes
        return full or now - self.opened_at >= limits.seconds

    def intent(self) -> Intent:
        """What to remember before it is inserted."""
        values = [record.value for record in self.records]
        return Intent(self.end, len(values), digest(values))


@dataclass(frozen=True, slots=True)
class Logs:
    """Some logs: their organizations, sorted, and their ids, sorted."""

    orgs: tuple[str, ...]
    ids: tuple[bytes, ...]

    @classmethod
    def of(cls, records: Iterable[Record]) -> "Logs":
        """The logs of *records*."""
        orgs, ids = set(), set()
        for record in records:
            orgs.add(record.org_id)
            ids.add(record.log_id)
        return cls(tuple(sorted(orgs)), tuple(sorted(ids)))


@dataclass(frozen=True, slots=True)
class Range:
    """Where a batch's rows are in the table: source offset and seq, both ends included."""

    partition: int
    first: tuple[int, int]
    last: tuple[int, int]
    logs: Logs


def range_of(partition: int, records: Sequence[Record]) -> Range:
    """The range that holds *records* and nothing else: a source record's entries are in order."""
    positions = [(record.source_offset, record.seq) for record in records]
    return Range(partition, min(positions), max(positions), Logs.of(records))


def token(
    group: str, topic: str, partition: int, start: int, end: int, records: Sequence[Record]
) -> str:
    """The name under which ClickHouse takes a batch once: by range and by content."""
    name = digest([record.value for record in records])
    return f"{group}/{topic}/{partition}/{start}-{end}/{name}"
