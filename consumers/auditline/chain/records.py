"""What goes into a batch and what comes out of it: plain values, no Kafka objects."""

from dataclasses import dataclass, field

import msgspec

MOVED_HEADER = "auditline-moved-from"
"""On a record that came to a wrong partition: where it came from, as ``partition/offset``."""


class SourceRecord(msgspec.Struct, frozen=True, gc=False):
    """One record of ``audit.events``; *moved* when the chain itself put it on this partition."""

    offset: int
    key: bytes | None
    value: bytes | None
    moved: bool = False


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that cannot enter the log, as it came, and why."""

    record: SourceRecord
    error: str
    reason: str


@dataclass(frozen=True, slots=True)
class Move:
    """A record for another partition of ``audit.events``."""

    record: SourceRecord
    key: bytes
    partition: int


@dataclass(slots=True)
class Batch:
    """What one transaction writes, in order of source offset, and the offset to read next."""

    next_offset: int
    ledger: list[tuple[bytes, bytes]] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    duplicates: int = 0
    kinds: dict[int, int] = field(default_factory=dict)
