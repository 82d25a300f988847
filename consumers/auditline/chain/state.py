"""Everything that a partition's chain holds in memory; all of it can be read again from Kafka."""

from dataclasses import dataclass, field

from auditline.chain.duplicates import Counters, Window
from auditline.chain.heads import LogHead

_RECENT_SECONDS = 600
_RECENT_EVENTS = 100_000


@dataclass(slots=True)
class PartitionState:
    """The logs of one partition.

    *clock* is the latest time (microseconds) given to an entry, *leaf* the leaf hash of the
    partition's last entry, *next_offset* the source offset to read next.
    """

    deployment: str
    partition: int
    partitions: int
    window: Window
    logs: dict[str, LogHead] = field(default_factory=dict)
    counters: Counters = field(default_factory=Counters)
    # Numbered events emitted a second time under a new number, after a delivery that seemed to
    # fail; only as far back as the ledger was read at the start.
    recent: Window = field(default_factory=lambda: Window(_RECENT_SECONDS, _RECENT_EVENTS))
    next_offset: int = 0
    clock: int = 0
    leaf: bytes = b""

    # What changed since the last snapshot.
    changed_logs: set[str] = field(default_factory=set)
    new_ids: list[tuple[int, bytes]] = field(default_factory=list)
    entries_since_snapshot: int = 0
    # Keys of the ids in the heads topic, and when the newest of each was chained.
    id_slots: dict[bytes, int] = field(default_factory=dict)

    def remember(self, event_id: bytes) -> None:
        """Keep the id of an unnumbered event."""
        self.window.add(event_id, self.clock)
        self.new_ids.append((self.clock, event_id))

    def advance(self, org_id: str, head: LogHead) -> None:
        """Take *head* as the new end of the log of *org_id*."""
        self.logs[org_id] = head
        self.leaf = head.leaf
        self.clock = max(self.clock, head.recorded_at)
        self.changed_logs.add(org_id)
        self.entries_since_snapshot += 1

    def snapshot_taken(self) -> None:
        """All that changed is in the heads topic now."""
        self.changed_logs.clear()
        self.counters.changed.clear()
        self.new_ids.clear()
        self.entries_since_snapshot = 0
