"""Walking the whole table: every entry recomputed, every derived column compared.

One pass in the table's own order (org, log, seq), streamed, so that memory does not grow with the
log. `Walk` decides and does no I/O; `verify` reads ClickHouse and fails closed.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Protocol

import msgspec

from auditline.ledger.verdict import Finding, Verdict, Wrong
from auditline.ledger.verify import LogVerifier
from auditline.store.columns import COLUMNS, SELECT, expected

Row = Sequence[object]
"""org_id, log_id, leaf, salt, event, then `COLUMNS`."""

_EVIDENCE = 5
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class KnownHead:
    """A head that the caller brings from outside: *size* entries, the last with *leaf* hash."""

    org_id: str
    size: int
    leaf: bytes

    @classmethod
    def parse(cls, text: str) -> "KnownHead":
        """From ``ORG:SIZE:HASH``, the hash in 64 hexadecimal digits; raises ValueError."""
        org_id, _, rest = text.rpartition(":")[0].rpartition(":")
        size, digits = rest, text.rpartition(":")[2]
        if not org_id or not size.isdecimal() or int(size) < 1 or len(digits) != 64:
            raise ValueError(f"{text!r} is not ORG:SIZE:HASH with 64 hexadecimal digits")
        return cls(org_id, int(size), bytes.fromhex(digits))


@dataclass(frozen=True, slots=True)
class LogHead:
    """Where a verified log ends; what a caller keeps to bring back as `KnownHead`."""

    org_id: str
    log_id: str
    size: int
    leaf: str


@dataclass(slots=True)
class Report:
    """What a verification did and found."""

    verdict: Verdict
    findings: list[Finding]
    heads: list[LogHead]
    entries: int
    seconds: float
    reason: str = ""

    def as_dict(self) -> dict[str, object]:
        """For `--json`; stable."""
        return {
            "verdict": self.verdict.name,
            "exit_code": self.verdict.value,
            "reason": self.reason,
            "entries": self.entries,
            "logs": len(self.heads),
            "seconds": round(self.seconds, 3),
            "findings": [asdict(finding) for finding in self.findings],
            "heads": [asdict(head) for head in self.heads],
        }


@dataclass(slots=True)
class Walk:
    """The decisions of a verification; rows come in, in the order of org, log and seq."""

    deployment: str
    known: dict[str, KnownHead] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    heads: list[LogHead] = field(default_factory=list)
    entries: int = 0
    _log: LogVerifier | None = None
    _failed: bool = False
    _met: set[str] = field(default_factory=set)

    def take(self, row: Row) -> None:
        """Check one row."""
        org_id, log_id, leaf, salt, event = row[:_EVIDENCE]
        self.entries += 1
        log = self._log
        if log is None or log.log_id != log_id or log.org_id != org_id:
            log = self._begin(str(org_id), bytes(log_id))  # type: ignore[call-overload]
        if self._failed:
            return
        finding = log.take(leaf, salt, event)  # type: ignore[arg-type]
        finding = finding or self._compare(log, leaf, event, row)  # type: ignore[arg-type]
        finding = finding or self._at_known_head(log)
        if finding:
            self._fail(finding)

    def _begin(self, org_id: str, log_id: bytes) -> LogVerifier:
        self.finish_log()
        self._log = LogVerifier(self.deployment, org_id, log_id)
        self._failed = False
        if self.heads and self.heads[-1].org_id == org_id:
            self._fail(self._finding(Wrong.FOREIGN_ENTRY, 0, "a second log of one organization"))
        return self._log

    def _compare(self, log: LogVerifier, leaf: bytes, event: bytes, row: Row) -> Finding | None:
        seq = log.size - 1
        try:
            wanted = expected(leaf, event)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            return self._finding(Wrong.PAYLOAD_MISMATCH, seq, f"the text is no event: {error}")
        if wanted == tuple(row[_EVIDENCE:]):
            return None
        for name, want, have in zip(COLUMNS, wanted, row[_EVIDENCE:], strict=True):
            if want != have:
                detail = f"column {name} is not what the evidence says"
                return self._finding(Wrong.COLUMN_MISMATCH, seq, detail, repr(want), repr(have))
        return None

    def _at_known_head(self, log: LogVerifier) -> Finding | None:
        known = self.known.get(log.org_id)
        if known is None or log.size != known.size:
            return None
        self._met.add(log.org_id)
        if log.head == known.leaf:
            return None
        return self._finding(
            Wrong.ROOT_MISMATCH,
            log.size - 1,
            "not the head that you brought: this entry or one before it was changed",
            known.leaf.hex(),
            log.head.hex(),
        )

    def finish_log(self) -> None:
        """The current log has no more rows."""
        log = self._log
        if log is None:
            return
        if not self._failed and (finding := log.end()):
            self._fail(finding)
        known = self.known.get(log.org_id)
        if not self._failed and known and log.org_id not in self._met:
            detail = f"ends at {log.size} entries, before the head that you brought"
            self._fail(
                self._finding(Wrong.TRUNCATED, log.size, detail, str(known.size), str(log.size))
            )
        self._met.add(log.org_id)
        self.heads.append(LogHead(log.org_id, log.log_id.hex(), log.size, log.head.hex()))
        self._log = None

    def finish(self) -> Verdict:
        """The verdict once all rows were taken."""
        self.finish_log()
        for org_id in self.known.keys() - self._met:
            detail = "the organization whose head you brought has no log"
            self.findings.append(Finding(Wrong.MISSING_LOG, org_id, "", 0, detail))
        if self.findings:
            return Verdict.TAMPERED
        if not self.entries:
            return Verdict.UNVERIFIABLE
        anchored = all(head.org_id in self.known for head in self.heads)
        return Verdict.VERIFIED_ANCHORED if anchored else Verdict.UNANCHORED

    def _fail(self, finding: Finding) -> None:
        self.findings.append(finding)
        self._failed = True  # one finding a log: the first; what follows it is not evidence

    def _finding(
        self, wrong: Wrong, seq: int, detail: str, expected_: str = "", found: str = ""
    ) -> Finding:
        assert self._log is not None
        log = self._log
        return Finding(wrong, log.org_id, log.log_id.hex(), seq, detail, expected_, found)


class Source(Protocol):
    """Where rows come from; MUST raise `Unreadable` rather than end early."""

    def count(self, org_id: str | None) -> int:
        """How many rows there are."""

    def rows(self, org_id: str | None) -> Iterable[Sequence[Row]]:
        """All rows in blocks, in the order of org, log and seq."""


class Unreadable(Exception):
    """ClickHouse could not be read to the end."""


def query(table: str, org_id: str | None) -> tuple[str, dict[str, str]]:
    """The statement that gives `Source.rows`, and its parameters."""
    where = "WHERE org_id = {org:String}" if org_id else ""
    columns = ", ".join(("org_id", "log_id", "leaf", "salt", "event", *SELECT))
    text = f"SELECT {columns} FROM {table} {where} ORDER BY org_id, log_id, seq"
    return text, {"org": org_id} if org_id else {}


def verify(
    source: Source,
    deployment: str,
    known: Iterable[KnownHead] = (),
    org_id: str | None = None,
    progress: Progress = lambda _: None,
) -> Report:
    """Verify the log of *org_id*, or all logs, against the heads that are *known*.

    Fails closed: what cannot be read is UNVERIFIABLE, never green.
    """
    walk = Walk(deployment, {head.org_id: head for head in known})
    started = time.monotonic()
    reason = ""
    try:
        for block in source.rows(org_id):
            for row in block:
                walk.take(row)
            progress(walk.entries)
        verdict = walk.finish()
        there = source.count(org_id)
        if there < walk.entries:
            verdict = Verdict.UNVERIFIABLE
            reason = f"{walk.entries} rows were read but {there} are there"
        elif not walk.entries:
            reason = "there are no entries"
    except Unreadable as error:
        verdict, reason = Verdict.UNVERIFIABLE, str(error)
    seconds = time.monotonic() - started
    return Report(verdict, walk.findings, walk.heads, walk.entries, seconds, reason)
