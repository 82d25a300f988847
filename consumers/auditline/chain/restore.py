"""A partition's state from what is durable: the same path at start-up, rebalance and crash.

First the heads topic is taken in (`Cache`), then the ledger from the snapshot's offset to its end
(`Restored.take`), each entry checked against the one before. Pure: records come in, state goes
out. The heads topic is only a cache: a snapshot or position whose entry is not in the ledger is
not believed, and the ledger is then read from its beginning.
"""

from dataclasses import dataclass, field
from typing import Any

import msgspec
import orjson

from auditline.chain import heads
from auditline.chain.duplicates import Window
from auditline.chain.heads import Counter, LogHead, Manifest, Position, Snapshot
from auditline.chain.settings import ChainSettings
from auditline.chain.state import PartitionState
from auditline.event import ProducerNumber
from auditline.event.text import CHANGES_MARK
from auditline.kafka.errors import Broken
from auditline.ledger import Kind, Leaf, Malformed, decode_entry, leaf_hash

_PRECEDES_ITS_EVENT = (Kind.LOG_CREATED, Kind.PRODUCER_GAP)


@dataclass(slots=True)
class Cache:
    """What the heads topic says of one partition; later records replace earlier ones."""

    manifest: Manifest | None = None
    position: Position | None = None
    snapshot: Snapshot | None = None
    logs: dict[str, LogHead] = field(default_factory=dict)
    counters: dict[tuple[str, int], int] = field(default_factory=dict)
    ids: dict[bytes, list[tuple[int, bytes]]] = field(default_factory=dict)

    def take(self, key: bytes, value: bytes | None) -> None:
        """Take in one record; raises `Broken` for one that this version cannot read."""
        try:
            self._take(key, value)
        except (msgspec.MsgspecError, ValueError) as error:
            raise Broken(f"unreadable record {key!r} in the heads topic: {error}") from error

    def _take(self, key: bytes, value: bytes | None) -> None:
        if value is None:
            self.ids.pop(key, None)
        elif key == heads.POSITION_KEY:
            self.position = heads.decode(value, Position)
        elif key.startswith(heads.LOG):
            self.logs[key[len(heads.LOG) :].decode()] = heads.decode(value, LogHead)
        elif key.startswith(heads.PRODUCER):
            self.counters[heads.parse_producer_key(key)] = heads.decode(value, Counter).last
        elif key.startswith(heads.IDS):
            self.ids[key] = heads.unpack_ids(value)
        elif key == heads.SNAPSHOT_KEY:
            self.snapshot = heads.decode(value, Snapshot)
        elif key == heads.MANIFEST_KEY:
            self.manifest = heads.decode(value, Manifest)

    def checked_manifest(self, partition: int, partitions: int) -> Manifest:
        """The manifest, once it fits the topics as they are; raises `Broken` otherwise."""
        if self.manifest is None:
            raise Broken(
                f"partition {partition} has no manifest: run `auditline topics create`; if the "
                "log exists, partitions were added to its topics, which is not possible: an "
                "organization's partition would change. Start a new log under another "
                "kafka.topic_prefix"
            )
        if self.manifest.partitions != partitions:
            raise Broken(
                f"this log was created with {self.manifest.partitions} partitions and its topics "
                f"have {partitions}: the number is fixed for ever, because it decides where an "
                "organization's events go. Start a new log under another kafka.topic_prefix"
            )
        return self.manifest


@dataclass(slots=True)
class Restored:
    """State under reconstruction; feed it the ledger from `start` to the end, then `finish`."""

    cache: Cache
    state: PartitionState
    start: int = 0
    _adopted: bool = False
    _snapshot_seen: bool = False
    _last: Leaf | None = None

    @classmethod
    def begin(
        cls, cache: Cache, settings: ChainSettings, partition: int, partitions: int, believe: bool
    ) -> "Restored":
        """Start from the cache's snapshot, or with *believe* false from nothing."""
        manifest = cache.checked_manifest(partition, partitions)
        window = Window(settings.duplicate_window_seconds, settings.duplicate_window_events)
        state = PartitionState(manifest.deployment, partition, partitions, window)
        restored = cls(cache, state)
        if believe and cache.snapshot:
            restored._adopt(cache.snapshot)
        return restored

    def _adopt(self, snapshot: Snapshot) -> None:
        self._adopted = True
        self.start = snapshot.ledger_offset
        self.state.logs = dict(self.cache.logs)
        self.state.counters.last = dict(self.cache.counters)
        for key, ids in sorted(self.cache.ids.items(), key=lambda item: item[1][-1]):
            self.state.id_slots[key] = ids[-1][0]
            for at, event_id in ids:
                self.state.window.add(event_id, at)

    def skip_to(self, low: int) -> bool:
        """Begin at *low*, where retention has removed the snapshot's own entry; False if that
        would skip entries.

        The position is written with every entry: where it names the snapshot's, there are none
        after it.
        """
        snapshot, position = self.cache.snapshot, self.cache.position
        if not self._adopted or not snapshot or not position or position.leaf != snapshot.leaf:
            return False
        self.start = low
        self.state.leaf = snapshot.leaf
        self._snapshot_seen = True
        return True

    def take(self, value: bytes | None, offset: int) -> None:
        """Check and take the ledger record at *offset*; raises `Broken` where it cannot follow."""
        try:
            entry = decode_entry(value)
            leaf = Leaf.parse(entry.leaf)
            text: dict[str, Any] = orjson.loads(_head(entry.event))
        except (Malformed, orjson.JSONDecodeError) as error:
            raise Broken(f"ledger offset {offset}: {error}") from error
        hash_ = leaf_hash(entry.leaf)
        self._follow(leaf, hash_, text["org_id"], offset)
        if self.cache.snapshot and hash_ == self.cache.snapshot.leaf:
            self._snapshot_seen = True
        self._learn(leaf, text)
        self._last = leaf

    def _follow(self, leaf: Leaf, hash_: bytes, org_id: str, offset: int) -> None:
        state = self.state
        head = state.logs.get(org_id)
        size = head.size if head else 0
        if leaf.seq > size:
            raise Broken(f"ledger offset {offset}: seq {leaf.seq} of {org_id!r} after {size}")
        if leaf.seq == size - 1 and head and head.leaf != hash_:
            raise Broken(f"ledger offset {offset}: not the entry that the heads topic names")
        if leaf.seq == size:
            if head and leaf.prev != head.leaf:
                raise Broken(f"ledger offset {offset}: does not follow seq {size - 1}")
            state.advance(org_id, LogHead(leaf.log_id, size + 1, hash_, leaf.recorded_at))
        state.leaf = hash_
        state.clock = max(state.clock, leaf.recorded_at)

    def _learn(self, leaf: Leaf, text: dict[str, Any]) -> None:
        """Numbers and ids that tell a retry."""
        number = text.get("producer")
        if number is not None:
            self.state.counters.advance(ProducerNumber(**number))
            self.state.recent.add(leaf.event_id, leaf.recorded_at)
        elif leaf.kind == Kind.EVENT and leaf.event_id not in self.state.window:
            self.state.window.add(leaf.event_id, leaf.recorded_at)
            self.state.new_ids.append((leaf.recorded_at, leaf.event_id))

    def believable(self) -> bool:
        """Whether the snapshot's own entry was found in the ledger, if one was taken in."""
        return self._snapshot_seen or not self._adopted

    def finish(self) -> PartitionState:
        """The state, with the source offset to go on from."""
        state, position, last = self.state, self.cache.position, self._last
        if last is not None:
            after = 0 if last.kind in _PRECEDES_ITS_EVENT else 1
            state.next_offset = last.offset + after
        if position and position.leaf == state.leaf:
            state.next_offset = max(state.next_offset, position.next_offset)
        return state


def _head(text: bytes) -> bytes:
    """An event's text without its diff, whose numbers may be beyond any parser."""
    head, mark, _ = text.partition(CHANGES_MARK)
    return head + b"}" if mark else text
