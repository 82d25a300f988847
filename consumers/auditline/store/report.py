"""What a verification found, for people and programs (ledger format, section 4)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from auditline.ledger.verify import Class, Head, Problem


class Verdict(Enum):
    """The outcome; the value is the exit code."""

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
        """Whether the log was shown to be whole to somebody who trusts none of ours."""
        return self in (Verdict.VERIFIED_WITNESSED, Verdict.VERIFIED_ANCHORED)


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem and whose log has it."""

    org_id: str
    log_id: str
    problem: Problem


@dataclass(frozen=True, slots=True)
class LogReport:
    """One log: its *head* is what to note down and bring next time; *anchored* entries of it are
    vouched for by a head from outside, the rest only by each other."""

    org_id: str
    log_id: str
    entries: int
    head: Head | None
    anchored: int


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a verification; *repeated* events are retries beyond the chain's memory."""

    verdict: Verdict
    findings: Sequence[Finding]
    logs: Sequence[LogReport]
    entries: int
    seconds: float
    reason: str = ""
    repeated: Sequence[tuple[str, str]] = field(default=())

    @property
    def exit_code(self) -> int:
        """The exit code of the verdict."""
        return self.verdict.value

    @property
    def first(self) -> Finding | None:
        """The first finding: the lowest seq of the first log that is wrong."""
        return self.findings[0] if self.findings else None

    @property
    def cls(self) -> Class | None:
        """The class of the first finding."""
        return self.first.problem.cls if self.first else None

    @property
    def rate(self) -> float:
        """Entries a second."""
        return self.entries / self.seconds if self.seconds else 0.0

    def as_dict(self) -> dict[str, object]:
        """For programs; names and meanings stay."""
        return {
            "verdict": self.verdict.name,
            "exit_code": self.exit_code,
            "class": self.cls,
            "reason": self.reason,
            "entries": self.entries,
            "seconds": round(self.seconds, 3),
            "entries_per_second": round(self.rate),
            "findings": [_finding(found) for found in self.findings],
            "logs": [_log(log) for log in self.logs],
            "repeated": [{"org_id": org, "event_id": event} for org, event in self.repeated],
        }


def _finding(found: Finding) -> dict[str, object]:
    problem = found.problem
    return {
        "class": problem.cls,
        "org_id": found.org_id,
        "log_id": found.log_id,
        "seq": problem.seq,
        "found": problem.found,
        "expected": problem.expected,
    }


def _log(log: LogReport) -> dict[str, object]:
    return {
        "org_id": log.org_id,
        "log_id": log.log_id,
        "entries": log.entries,
        "head": str(log.head) if log.head else None,
        "anchored": log.anchored,
    }
