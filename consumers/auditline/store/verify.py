"""Walking the whole table: every entry recomputed, every derived column compared.

One pass in the table's own order (org, log, seq), streamed in blocks, so that memory does not grow
with the log. `Walk` decides and does no I/O; `verify` feeds it and fails closed: what cannot be
read to its end is UNVERIFIABLE, and so is an empty table.
"""

import gc
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Protocol

import msgspec

from auditline.ledger.leaf import LEAF_SIZE
from auditline.ledger.verify import Class, Head, LogCheck, Problem
from auditline.store.columns import NAMES, Mismatch, compare, expected
from auditline.store.errors import Refused, Unavailable
from auditline.store.report import Finding, LogReport, Report, Verdict
from auditline.store.text import Text, read_text

Progress = Callable[[int], None]
"""Told how many entries are done, after each block."""

_LOG_ID, _ORG_ID = (NAMES.index(name) for name in ("log_id", "org_id"))
_PLACE = frozenset(("log_id", "seq"))


@dataclass(frozen=True, slots=True)
class Block:
    """Rows that follow each other in the table: the evidence, and *derived* as in `SELECTED`."""

    leaves: Sequence[bytes]
    salts: Sequence[bytes]
    events: Sequence[bytes]
    derived: Sequence[Sequence[Any]]


class Entries(Protocol):
    """Where the rows are; both raise `Unavailable` or `Refused` rather than give less than all."""

    def count(self, org_id: str | None) -> int:
        """How many rows there are, of one organization or of all."""

    def blocks(self, org_id: str | None) -> Iterable[Block]:
        """Them all, in the order of org_id, log_id and seq as the table has them."""

    def repeated(self, org_id: str | None) -> Sequence[tuple[str, str]]:
        """Some events that are there more than once: org_id and event_id."""


@dataclass(slots=True)
class Walk:
    """The decisions of one verification; *known* are heads from outside, by log_id in hex."""

    deployment: str
    known: Mapping[str, Head] = field(default_factory=dict)
    entries: int = 0
    logs: list[LogReport] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    _check: LogCheck | None = None

    def feed(self, block: Block) -> None:
        """Check the rows of *block*, which follow those of the block before."""
        texts = [_text(event) for event in block.events]
        wrong = self._mismatches(block, texts)
        orgs, log_ids = block.derived[_ORG_ID], block.derived[_LOG_ID]
        rows = range(len(block.leaves))
        for (org_id, log_id), run in groupby(rows, lambda row: (orgs[row], log_ids[row])):
            numbers = list(run)
            part = slice(numbers[0], numbers[-1] + 1)
            check = self._log(org_id, bytes(log_id))
            named = [(text.org_id, text.event_id) for text in texts[part]]
            check.feed(block.leaves[part], block.salts[part], block.events[part], named)
            for mismatch in wrong:
                if part.start <= mismatch.row < part.stop:
                    _report(check, block, mismatch)
        self.entries += len(block.leaves)

    def finish(self) -> None:
        """There are no more rows."""
        self._close()
        missing = self.known.keys() - {log.log_id for log in self.logs}
        for log_id in sorted(missing):
            problem = Problem(Class.MISSING_LOG, 0, "no entries", str(self.known[log_id]))
            self.findings.append(Finding("", log_id, problem))

    def verdict(self) -> Verdict:
        """What it comes to, once finished."""
        if self.findings:
            return Verdict.TAMPERED
        if not self.entries:
            return Verdict.UNVERIFIABLE
        anchored = all(log.anchored for log in self.logs)
        return Verdict.VERIFIED_ANCHORED if anchored else Verdict.UNANCHORED

    def _mismatches(self, block: Block, texts: list[Text]) -> list[Mismatch]:
        if any(len(leaf) != LEAF_SIZE for leaf in block.leaves):
            return []  # the column's type forbids it; the check names it
        return compare(block.derived, expected(block.leaves, texts))

    def _log(self, org_id: str, log_id: bytes) -> LogCheck:
        check = self._check
        if check is None or check.log_id != log_id or check.org_id != org_id:
            self._close()
            head = self.known.get(log_id.hex())
            check = self._check = LogCheck(self.deployment, org_id, log_id, head)
        return check

    def _close(self) -> None:
        check, self._check = self._check, None
        if check is None:
            return
        log_id = check.log_id.hex()
        problems = check.finish()
        self.findings += [Finding(check.org_id, log_id, problem) for problem in problems]
        anchored = check.known.size if check.known and not problems else 0
        self.logs.append(LogReport(check.org_id, log_id, check.count, check.head, anchored))


def verify(
    entries: Entries,
    deployment: str,
    known: Mapping[str, Head] | None = None,
    org_id: str | None = None,
    progress: Progress = lambda _: None,
) -> Report:
    """Verify the logs of *org_id*, or all, against the heads *known* by log_id in hex.

    Never raises for what it finds or cannot read: the report says so, and is not green.
    """
    started = time.monotonic()
    walk = Walk(deployment, known or {})
    reason, repeated = "", []
    try:
        at_least = entries.count(org_id)
        with _uncollected():
            for block in entries.blocks(org_id):
                walk.feed(block)
                progress(walk.entries)
        walk.finish()
        repeated = list(entries.repeated(org_id))
        if walk.entries < at_least:
            reason = f"{walk.entries} entries came of {at_least}: the answer was cut short"
        elif not walk.entries:
            reason = "there are no entries: nothing was verified"
    except (Unavailable, Refused) as error:
        reason = str(error)
    verdict = Verdict.UNVERIFIABLE if reason and not walk.findings else walk.verdict()
    seconds = time.monotonic() - started
    return Report(verdict, walk.findings, walk.logs, walk.entries, seconds, reason, repeated)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the cycle collector, which would take half of the time: a walk makes no cycles."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _report(check: LogCheck, block: Block, wrong: Mismatch) -> None:
    """A column that differs; those that say where an entry is have a class of their own."""
    seq = int.from_bytes(block.leaves[wrong.row][32:40])
    cls = Class.INDEX_MISMATCH if wrong.column in _PLACE else Class.COLUMN_MISMATCH
    found, wanted = _shown(wrong.found), _shown(wrong.expected)
    check.report(cls, seq, f"{wrong.column} {found}", f"{wrong.column} {wanted}")


def _shown(value: object) -> str:
    return bytes(value).hex() if isinstance(value, bytes | memoryview) else repr(value)[:500]


def _text(event: bytes) -> Text:
    """The text's fields; none of them for bytes that are no event, which then differ everywhere."""
    try:
        return read_text(event)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Text()
