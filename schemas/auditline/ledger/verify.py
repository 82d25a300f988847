"""Verification of one log: the evidence alone, in order of seq, in constant memory.

    for block in …:
        check.feed(block.leaves, block.salts, block.events, block.named)
    problems = check.finish()

Each entry is held to the ledger format: a leaf of its form, seq from 0 without a hole, the
commitment over salt and text, the link to the entry before (the first one's to the log's name and
organization), time and source offset that never go back, a text that names this organization and
this event. What is found is named by the format's classes, at the first entry that is wrong.

A link that does not hold says that one of two entries is wrong; the entry after them says which:
it holds to the second, or it does not. At the log's end nothing can tell, and the first is named.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from struct import Struct

from auditline.ledger.leaf import EVENT_LABEL, LEAF_LABEL, LEAF_SIZE, Kind, genesis_prev, origin
from auditline.ledger.tree import CompactRange

MOST_PROBLEMS = 100
"""Kept of one log; the first is what matters, the count goes on."""

_FIELDS = Struct(">16s16sQQ16s32sIIQ32s").unpack
_KINDS = frozenset(int(kind) for kind in Kind)


class Class(StrEnum):
    """What is wrong with a log (ledger format, section 4)."""

    PAYLOAD_MISMATCH = "PAYLOAD_MISMATCH"
    LEAF_MISMATCH = "LEAF_MISMATCH"
    LINK_BROKEN = "LINK_BROKEN"
    GAP = "GAP"
    DUPLICATE_SEQ = "DUPLICATE_SEQ"
    FOREIGN_ENTRY = "FOREIGN_ENTRY"
    TIME_REGRESSION = "TIME_REGRESSION"
    SOURCE_REGRESSION = "SOURCE_REGRESSION"
    COLUMN_MISMATCH = "COLUMN_MISMATCH"
    INDEX_MISMATCH = "INDEX_MISMATCH"
    ROOT_MISMATCH = "ROOT_MISMATCH"
    TRUNCATED = "TRUNCATED"
    MISSING_LOG = "MISSING_LOG"


@dataclass(frozen=True, slots=True)
class Problem:
    """Entry *seq* is the first that is wrong in this way; *found* where *expected* should be."""

    cls: Class
    seq: int
    found: str
    expected: str


@dataclass(frozen=True, slots=True)
class Head:
    """A log's end as someone noted it: *digest* is the tree's root or the last leaf's hash."""

    size: int
    digest: bytes

    @classmethod
    def parse(cls, text: str) -> "Head":
        """The head in ``<size>:<64 hex digits>``; raises ValueError."""
        size, colon, digest = text.partition(":")
        if not (colon and size.isascii() and size.isdecimal() and len(digest) == 64):
            raise ValueError(f"a head is <size>:<64 hex digits>, not {text!r}")
        if int(size) == 0:
            raise ValueError("a head of size 0 vouches for nothing")
        return cls(int(size), bytes.fromhex(digest))

    def __str__(self) -> str:
        return f"{self.size}:{self.digest.hex()}"


@dataclass(slots=True)
class LogCheck:
    """The check of one log; *known*, if given, is a head from outside that it must contain."""

    deployment: str
    org_id: str
    log_id: bytes
    known: Head | None = None
    problems: list[Problem] = field(default_factory=list)
    count: int = 0
    wrong: int = 0
    # The last entry that was in its place.
    _next: int = 0
    _last: bytes = b""
    _at: int = 0
    _partition: int = -1
    _offset: int = 0
    # A link that did not hold, until the next entry tells whose fault it is.
    _suspect: Problem | None = None
    _tree: CompactRange = field(default_factory=CompactRange)
    _at_known: bytes = b""

    def __post_init__(self) -> None:
        name = origin(self.deployment, self.log_id)
        self._last = genesis_prev(name, self.log_id, self.org_id)

    @property
    def head(self) -> Head | None:
        """The end of the log as checked: its size and last leaf's hash; None when empty."""
        return Head(self._next, self._last) if self._next else None

    @property
    def first(self) -> Problem | None:
        """The problem with the lowest seq."""
        return min(self.problems, key=lambda p: p.seq, default=None)

    def feed(
        self,
        leaves: Sequence[bytes],
        salts: Sequence[bytes],
        events: Sequence[bytes],
        named: Iterable[tuple[str, str]],
    ) -> None:
        """Check the next entries; *named* has the org_id and event_id that each text names."""
        for leaf, salt, event, (org_id, event_id) in zip(leaves, salts, events, named, strict=True):
            self._check(leaf, salt, event, org_id, event_id)

    def report(self, cls: Class, seq: int, found: object, expected: object) -> None:
        """Note a problem; a caller may add those it sees itself."""
        self.wrong += 1
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(cls, seq, _show(found), _show(expected)))

    def _check(self, leaf: bytes, salt: bytes, event: bytes, org_id: str, event_id: str) -> None:
        self.count += 1
        if len(leaf) != LEAF_SIZE:
            self._malformed(f"{len(leaf)} bytes", f"{LEAF_SIZE} bytes")
            return
        label, log_id, seq, at, id_, digest, kind, partition, offset, prev = _FIELDS(leaf)
        if label != LEAF_LABEL or kind not in _KINDS:
            self._malformed(f"label {label!r}, kind {kind}", f"label {LEAF_LABEL!r}, a known kind")
            return
        if seq != self._next and not self._jump(seq):
            return
        if sha256(EVENT_LABEL + salt + event).digest() != digest:
            self.report(Class.PAYLOAD_MISMATCH, seq, "another text or salt", digest)
        if prev != self._last:
            self._broken(seq, prev)
        elif self._suspect is not None:
            self._settle(seq, intact=True)
        if log_id != self.log_id:
            self.report(Class.FOREIGN_ENTRY, seq, log_id, self.log_id)
        if org_id != self.org_id:
            self.report(Class.FOREIGN_ENTRY, seq, org_id, self.org_id)
        if event_id.replace("-", "") != id_.hex():
            self.report(Class.LEAF_MISMATCH, seq, id_, event_id)
        if at < self._at:
            self.report(Class.TIME_REGRESSION, seq, at, f"at least {self._at}")
        if offset < self._offset or partition != self._partition:
            self._source(seq, partition, offset)
        self._at, self._partition, self._offset = at, partition, offset
        self._append(leaf)

    def _append(self, leaf: bytes) -> None:
        self._last = sha256(b"\x00" + leaf).digest()
        self._next += 1
        known = self.known
        if known is not None and self._next <= known.size:
            self._tree.append(self._last)
            if self._next == known.size:
                self._at_known = self._last

    def _malformed(self, found: str, expected: str) -> None:
        self.report(Class.LEAF_MISMATCH, self._next, found, expected)
        self._next += 1
        self._last = b""

    def _jump(self, seq: int) -> bool:
        """An entry out of turn: False when it is to be left out."""
        if seq < self._next:
            self.report(Class.DUPLICATE_SEQ, seq, f"seq {seq} again", f"seq {self._next}")
            return False
        self.report(Class.GAP, self._next, f"seq {seq}", f"seq {self._next}")
        self._settle(seq, intact=False)
        self._next, self._last = seq, b""
        return True

    def _broken(self, seq: int, prev: bytes) -> None:
        if self._suspect is not None:
            self._settle(seq, intact=False)
        if not self._last:
            return  # nothing is known of the entry before
        wrong = Problem(Class.LINK_BROKEN, seq, _show(prev), _show(self._last))
        if seq == 0:
            self.report(wrong.cls, 0, prev, self._last)
        else:
            self._suspect = wrong

    def _settle(self, seq: int, *, intact: bool) -> None:
        """Name who broke a link: the entry before it when the one that has it is *intact*."""
        suspect, self._suspect = self._suspect, None
        if suspect is None:
            return
        if intact:
            leaf_hash = f"a leaf with hash {suspect.expected}"
            self.report(Class.LEAF_MISMATCH, suspect.seq - 1, leaf_hash, suspect.found)
        else:
            self.report(suspect.cls, suspect.seq, suspect.found, suspect.expected)

    def _source(self, seq: int, partition: int, offset: int) -> None:
        if self._partition >= 0:
            found = f"partition {partition} offset {offset}"
            least = f"partition {self._partition} offset {self._offset} or later"
            self.report(Class.SOURCE_REGRESSION, seq, found, least)

    def finish(self) -> list[Problem]:
        """The log has ended: hold it to the known head; returns all problems, lowest seq first."""
        self._settle(self._next, intact=True)
        known = self.known
        if known is not None and self._next < known.size:
            self.report(Class.TRUNCATED, self._next, f"{self._next} entries", f"{known.size}")
        elif known is not None and known.digest not in (self._at_known, self._tree.root()):
            self.report(Class.ROOT_MISMATCH, known.size - 1, self._tree.root(), known.digest)
        self.problems.sort(key=lambda p: p.seq)
        return self.problems


def _show(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
