"""The tests' judge of a ledger: recomputes every hash and link from the record values alone.

It shares with the chain only the ledger format, not its code for building entries.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from auditline.ledger import Kind, Leaf, commitment, decode_entry, genesis_prev, leaf_hash, origin


@dataclass(slots=True)
class Log:
    """One organization's log, checked as it is fed."""

    log_id: bytes
    head: bytes
    leaves: list[Leaf] = field(default_factory=list)
    events: list[UUID] = field(default_factory=list)
    texts: list[dict[str, Any]] = field(default_factory=list)

    def kinds(self) -> list[Kind]:
        """The kind of each entry."""
        return [leaf.kind for leaf in self.leaves]


def check_ledger(values: Iterable[bytes | None], deployment: str = "test") -> dict[str, Log]:
    """The logs in one partition's ledger records; fails the test at the first wrong entry."""
    logs: dict[str, Log] = {}
    for value in values:
        entry = decode_entry(value)
        leaf = Leaf.parse(entry.leaf)
        text = json.loads(entry.event)
        org = text["org_id"]
        if org not in logs:
            name = origin(deployment, leaf.log_id)
            logs[org] = Log(leaf.log_id, genesis_prev(name, leaf.log_id, org))
            assert leaf.kind == Kind.LOG_CREATED, f"{org} begins with {leaf.kind!r}"
        log = logs[org]
        assert leaf.log_id == log.log_id, f"{org} is forked: two logs"
        assert leaf.seq == len(log.leaves), f"{org}: seq {leaf.seq} after {len(log.leaves)}"
        assert leaf.prev == log.head, f"{org}: seq {leaf.seq} does not follow"
        assert leaf.commitment == commitment(entry.salt, entry.event)
        assert UUID(bytes=leaf.event_id) == UUID(text["event_id"])
        if log.leaves:
            assert leaf.recorded_at >= log.leaves[-1].recorded_at, f"{org}: time goes back"
            assert leaf.offset >= log.leaves[-1].offset, f"{org}: source goes back"
        log.leaves.append(leaf)
        log.head = leaf_hash(entry.leaf)
        log.texts.append(text)
        if leaf.kind == Kind.EVENT:
            log.events.append(UUID(bytes=leaf.event_id))
    return logs
