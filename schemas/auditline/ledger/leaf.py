"""The 144-byte leaf and the hashes over it (ledger format, sections 2 and 3).

One hash is both the chain link and the Merkle leaf (RFC 6962 section 2.1).
"""

from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from struct import Struct

from auditline.ledger.errors import Malformed

LEAF_SIZE = 144
LEAF_LABEL = b"auditline-leaf1\n"
EVENT_LABEL = b"auditline-event1"
GENESIS_LABEL = b"auditline-genes1"

_LAYOUT = Struct(">16s16sQQ16s32sIIQ32s")


class Kind(IntEnum):
    """What an entry is; all but `EVENT` are control entries, made by the chain."""

    EVENT = 0
    LOG_CREATED = 1
    LOG_SEALED = 2
    PRODUCER_GAP = 3
    DEAD_LETTER = 4
    KEY = 5
    RECOVERY = 6
    TIME_ANCHOR = 7


@dataclass(frozen=True, slots=True)
class Leaf:
    """What an entry commits to.

    *recorded_at* is the chain's clock in microseconds since the Unix epoch, UTC; *partition* and
    *offset* say which source record the entry came from; *prev* is the leaf hash of seq - 1.
    """

    log_id: bytes
    seq: int
    recorded_at: int
    event_id: bytes
    commitment: bytes
    kind: Kind
    partition: int
    offset: int
    prev: bytes

    def pack(self) -> bytes:
        """The leaf's 144 bytes."""
        return pack(
            self.log_id,
            self.seq,
            self.recorded_at,
            self.event_id,
            self.commitment,
            self.kind,
            self.partition,
            self.offset,
            self.prev,
        )

    @classmethod
    def parse(cls, data: bytes) -> "Leaf":
        """The leaf in *data*; raises `Malformed` for another length, label or kind."""
        if len(data) != LEAF_SIZE:
            raise Malformed(f"a leaf has {LEAF_SIZE} bytes, not {len(data)}")
        label, log_id, seq, at, event_id, digest, kind, partition, offset, prev = _LAYOUT.unpack(
            data
        )
        if label != LEAF_LABEL:
            raise Malformed(f"unknown leaf label {label!r}")
        if kind not in _KINDS:
            raise Malformed(f"unknown entry kind {kind}")
        return cls(log_id, seq, at, event_id, digest, Kind(kind), partition, offset, prev)


_KINDS = frozenset(Kind)


def pack(
    log_id: bytes,
    seq: int,
    recorded_at: int,
    event_id: bytes,
    commitment: bytes,
    kind: int,
    partition: int,
    offset: int,
    prev: bytes,
) -> bytes:
    """A leaf's 144 bytes from its fields; see `Leaf`."""
    return _LAYOUT.pack(
        LEAF_LABEL, log_id, seq, recorded_at, event_id, commitment, kind, partition, offset, prev
    )


def leaf_hash(leaf: bytes) -> bytes:
    """RFC 6962 hash of a leaf: SHA-256(0x00 ‖ leaf)."""
    return sha256(b"\x00" + leaf).digest()


def commitment(salt: bytes, text: bytes) -> bytes:
    """What a leaf says of an event's *text*, blinded by 16 bytes of *salt*."""
    return sha256(EVENT_LABEL + salt + text).digest()


def origin(deployment: str, log_id: bytes) -> str:
    """The name of a log, for its genesis and its checkpoints."""
    return f"{deployment}/log/{log_id.hex()}"


def genesis_prev(origin: str, log_id: bytes, org_id: str) -> bytes:
    """*prev* of a log's first leaf: it binds the log to its name and its organization."""
    name, org = origin.encode(), org_id.encode()
    return sha256(
        GENESIS_LABEL + len(name).to_bytes(2) + name + log_id + len(org).to_bytes(2) + org
    ).digest()
