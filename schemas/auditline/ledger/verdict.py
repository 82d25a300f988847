"""Verdicts, and the classes of what can be wrong (ledger format, section 4)."""

from dataclasses import dataclass
from enum import Enum, StrEnum


class Verdict(Enum):
    """What a verification found; the value is the exit code. Only the first two are green."""

    VERIFIED_WITNESSED = 0
    VERIFIED_ANCHORED = 10
    UNANCHORED = 11
    UNSEALED_TAIL = 12
    ATTESTED = 20
    DIVERGED = 30
    TAMPERED = 40
    UNVERIFIABLE = 50

    @property
    def green(self) -> bool:
        """Whether the log was shown to be whole."""
        return self in (Verdict.VERIFIED_WITNESSED, Verdict.VERIFIED_ANCHORED)


class Wrong(StrEnum):
    """The class of a finding."""

    PAYLOAD_MISMATCH = "PAYLOAD_MISMATCH"
    LEAF_MISMATCH = "LEAF_MISMATCH"
    LINK_BROKEN = "LINK_BROKEN"
    GAP = "GAP"
    DUPLICATE_SEQ = "DUPLICATE_SEQ"
    FOREIGN_ENTRY = "FOREIGN_ENTRY"
    TIME_REGRESSION = "TIME_REGRESSION"
    SOURCE_REGRESSION = "SOURCE_REGRESSION"
    COLUMN_MISMATCH = "COLUMN_MISMATCH"
    ROOT_MISMATCH = "ROOT_MISMATCH"
    TRUNCATED = "TRUNCATED"
    MISSING_LOG = "MISSING_LOG"


@dataclass(frozen=True, slots=True)
class Finding:
    """The first thing wrong with a log: entry *seq* has *found* where *expected* belongs."""

    wrong: Wrong
    org_id: str
    log_id: str
    seq: int
    detail: str
    expected: str = ""
    found: str = ""
