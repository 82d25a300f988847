"""Recomputing one log, entry by entry: every commitment, leaf, link, time and source.

Pure: entries come in, the first finding goes out. Nothing is believed but the ledger format.
"""

from dataclasses import dataclass, field
from hashlib import sha256
from struct import Struct

from auditline.ledger.leaf import EVENT_LABEL, LEAF_LABEL, LEAF_SIZE, Kind, genesis_prev, origin
from auditline.ledger.verdict import Finding, Wrong

_LAYOUT = Struct(">16s16sQQ16s32sIIQ32s")
_LAST_KIND = max(Kind)


@dataclass(slots=True)
class LogVerifier:
    """One log under verification; feed it entries in order of seq, then ask `end`.

    *size* entries have been taken, the last with leaf hash *head*. A broken link is judged with
    the entry after it: if that one follows, the entry before the break was changed
    (LEAF_MISMATCH), otherwise the one that breaks it (LINK_BROKEN).
    """

    deployment: str
    org_id: str
    log_id: bytes
    size: int = 0
    head: bytes = b""
    recorded_at: int = 0
    partition: int = -1
    offset: int = 0
    _broken: Finding | None = field(default=None)
    _suspect: Finding | None = field(default=None)

    def take(self, leaf: bytes, salt: bytes, text: bytes) -> Finding | None:
        """Check the next entry; returns what is wrong first, and must not be called after that."""
        if len(leaf) != LEAF_SIZE:
            return self._finding(Wrong.LEAF_MISMATCH, self.size, "the leaf is not 144 bytes")
        label, log_id, seq, at, _, digest, kind, partition, offset, prev = _LAYOUT.unpack(leaf)
        if label != LEAF_LABEL or kind > _LAST_KIND:
            return self._finding(Wrong.LEAF_MISMATCH, seq, "unknown label or kind")
        if self._broken:
            return self._settle(self._broken, prev)
        finding = self._place(log_id, seq)
        if finding is None and sha256(EVENT_LABEL + salt + text).digest() != digest:
            finding = self._finding(
                Wrong.PAYLOAD_MISMATCH,
                seq,
                "the text is not the one that was recorded",
                digest.hex(),
                sha256(EVENT_LABEL + salt + text).hexdigest(),
            )
        if finding is None:
            finding = self._order(seq, at, partition, offset)
        if finding:
            return finding
        if prev != (self.head or self._genesis()):
            self._break(seq, prev)
        self.size = seq + 1
        self.head = sha256(b"\x00" + leaf).digest()
        self.recorded_at, self.partition, self.offset = at, partition, offset
        return None

    def end(self) -> Finding | None:
        """What is wrong once there are no more entries."""
        return self._suspect or self._broken

    def _place(self, log_id: bytes, seq: int) -> Finding | None:
        if log_id != self.log_id:
            return self._finding(
                Wrong.FOREIGN_ENTRY, seq, "of another log", self.log_id.hex(), log_id.hex()
            )
        if seq > self.size:
            return self._finding(
                Wrong.GAP,
                self.size,
                f"{seq - self.size} entries are missing",
                str(self.size),
                str(seq),
            )
        if seq < self.size:
            return self._finding(Wrong.DUPLICATE_SEQ, seq, "the seq is there twice")
        return None

    def _order(self, seq: int, at: int, partition: int, offset: int) -> Finding | None:
        if at < self.recorded_at:
            return self._finding(
                Wrong.TIME_REGRESSION,
                seq,
                "recorded before its predecessor",
                f">= {self.recorded_at}",
                str(at),
            )
        if self.size and (partition != self.partition or offset < self.offset):
            return self._finding(
                Wrong.SOURCE_REGRESSION,
                seq,
                "from before its predecessor's source record",
                f"{self.partition}/{self.offset}",
                f"{partition}/{offset}",
            )
        return None

    def _genesis(self) -> bytes:
        return genesis_prev(origin(self.deployment, self.log_id), self.log_id, self.org_id)

    def _break(self, seq: int, prev: bytes) -> None:
        expected = (self.head or self._genesis()).hex()
        self._broken = self._finding(
            Wrong.LINK_BROKEN, seq, "does not follow its predecessor", expected, prev.hex()
        )
        if seq:
            self._suspect = self._finding(
                Wrong.LEAF_MISMATCH,
                seq - 1,
                "its leaf is not the one that its successor was chained to",
                prev.hex(),
                expected,
            )

    def _settle(self, broken: Finding, prev: bytes) -> Finding:
        """Whom the entry after a break accuses."""
        return self._suspect if self._suspect and prev == self.head else broken

    def _finding(
        self, wrong: Wrong, seq: int, detail: str, expected: str = "", found: str = ""
    ) -> Finding:
        return Finding(wrong, self.org_id, self.log_id.hex(), seq, detail, expected, found)
