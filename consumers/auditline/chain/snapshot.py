"""The records of ``audit.heads`` that a transaction carries: pure, from the state."""

from collections.abc import Iterator

from auditline.chain import heads
from auditline.chain.heads import Counter, Position, Snapshot
from auditline.chain.state import PartitionState

HeadRecord = tuple[bytes, bytes | None]

_IDS_A_RECORD = 40_000
"""At 24 bytes each just under a megabyte."""


def position(state: PartitionState) -> HeadRecord:
    """Where to go on, valid only with the ledger entry it names."""
    return heads.POSITION_KEY, heads.encode(Position(state.next_offset, state.leaf))


def snapshot(state: PartitionState, ledger_offset: int) -> Iterator[HeadRecord]:
    """All that changed since the last snapshot; *ledger_offset* is before this transaction."""
    for org_id in state.changed_logs:
        yield heads.LOG + org_id.encode(), heads.encode(state.logs[org_id])
    for producer_id, epoch in state.counters.changed:
        last = state.counters.last[producer_id, epoch]
        yield heads.producer_key(producer_id, epoch), heads.encode(Counter(last))
    yield from _ids(state)
    yield heads.SNAPSHOT_KEY, heads.encode(Snapshot(ledger_offset, state.leaf))


def _ids(state: PartitionState) -> Iterator[HeadRecord]:
    """New ids in slots of their own, and a tombstone for each slot that the window has left."""
    oldest = state.clock - state.window.seconds * 1_000_000
    for key, newest in list(state.id_slots.items()):
        if newest < oldest:
            del state.id_slots[key]
            yield key, None
    for start in range(0, len(state.new_ids), _IDS_A_RECORD):
        ids = state.new_ids[start : start + _IDS_A_RECORD]
        key = heads.IDS + ids[0][1].hex().encode()
        state.id_slots[key] = ids[-1][0]
        yield key, heads.pack_ids(ids)
