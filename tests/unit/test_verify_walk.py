"""The verdict over all logs, from blocks of rows; what cannot be read is never green."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from entries import DEPLOYMENT, LogMaker

from auditline.ledger import Entry, leaf_hash
from auditline.ledger.verify import Class, Head
from auditline.store.columns import NAMES, expected
from auditline.store.errors import Unavailable
from auditline.store.report import Report, Verdict
from auditline.store.text import read_text
from auditline.store.verify import Block, verify


@dataclass
class Rows:
    """A table in memory, in blocks of *size* rows."""

    entries: list[Entry]
    size: int = 3
    fails_after: int | None = None
    more: int = 0
    bent: dict[tuple[int, str], Any] = field(default_factory=dict)

    def count(self, org_id: str | None) -> int:
        return len(self.entries) + self.more

    def blocks(self, org_id: str | None) -> Iterator[Block]:
        texts = [read_text(entry.event) for entry in self.entries]
        columns = [list(c) for c in expected([e.leaf for e in self.entries], texts)]
        for (row, name), value in self.bent.items():
            columns[NAMES.index(name)][row] = value
        for at in range(0, len(self.entries), self.size):
            if self.fails_after is not None and at >= self.fails_after:
                raise Unavailable("the connection is gone")
            part = self.entries[at : at + self.size]
            yield Block(
                [e.leaf for e in part],
                [e.salt for e in part],
                [e.event for e in part],
                [column[at : at + self.size] for column in columns],
            )

    def repeated(self, org_id: str | None) -> Sequence[tuple[str, str]]:
        return []


@pytest.fixture
def makers() -> list[LogMaker]:
    return [LogMaker(f"org_{n}") for n in range(3)]


@pytest.fixture
def entries(makers: list[LogMaker]) -> list[Entry]:
    return [entry for maker in makers for entry in maker.take(5)]


def heads(makers: Iterable[LogMaker]) -> dict[str, Head]:
    return {m.log_id.hex(): Head(m.seq, m.prev) for m in makers}


def run(rows: Rows, known: dict[str, Head] | None = None) -> Report:
    return verify(rows, DEPLOYMENT, known)


@pytest.mark.parametrize("size", [1, 2, 4, 5, 100])
def test_whole(makers: list[LogMaker], entries: list[Entry], size: int) -> None:
    report = run(Rows(entries, size))
    assert report.verdict is Verdict.UNANCHORED
    assert report.exit_code == 11
    assert report.entries == 15
    assert [log.entries for log in report.logs] == [5, 5, 5]
    assert [log.head for log in report.logs] == list(heads(makers).values())


def test_anchored(makers: list[LogMaker], entries: list[Entry]) -> None:
    report = run(Rows(entries), heads(makers))
    assert report.verdict is Verdict.VERIFIED_ANCHORED
    assert report.verdict.green
    assert [log.anchored for log in report.logs] == [5, 5, 5]


def test_anchored_in_part(makers: list[LogMaker], entries: list[Entry]) -> None:
    report = run(Rows(entries), heads(makers[:2]))
    assert report.verdict is Verdict.UNANCHORED
    assert not report.verdict.green


def test_an_older_head_vouches_for_its_part(makers: list[LogMaker], entries: list[Entry]) -> None:
    known = heads(makers) | {makers[0].log_id.hex(): Head(2, leaf_hash(entries[1].leaf))}
    report = run(Rows(entries), known)
    assert report.verdict is Verdict.VERIFIED_ANCHORED
    assert [log.anchored for log in report.logs] == [2, 5, 5]


def test_a_log_that_is_gone(makers: list[LogMaker], entries: list[Entry]) -> None:
    report = run(Rows(entries[5:]), heads(makers))
    assert report.exit_code == 40
    assert report.cls is Class.MISSING_LOG
    assert report.first is not None
    assert report.first.log_id == makers[0].log_id.hex()


def test_no_entries() -> None:
    report = run(Rows([]))
    assert report.verdict is Verdict.UNVERIFIABLE
    assert report.exit_code == 50
    assert "no entries" in report.reason


def test_an_error_on_the_way(makers: list[LogMaker], entries: list[Entry]) -> None:
    report = run(Rows(entries, fails_after=9), heads(makers))
    assert report.verdict is Verdict.UNVERIFIABLE
    assert report.reason == "the connection is gone"


def test_fewer_rows_than_counted(makers: list[LogMaker], entries: list[Entry]) -> None:
    report = run(Rows(entries, more=1), heads(makers))
    assert report.verdict is Verdict.UNVERIFIABLE
    assert "cut short" in report.reason


def test_a_finding_stands_although_reading_fails(entries: list[Entry]) -> None:
    del entries[1]
    report = run(Rows(entries, fails_after=9))
    assert report.verdict is Verdict.TAMPERED
    assert report.reason == "the connection is gone"


@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("log_id", "seq", "org_id")])
def test_every_column(entries: list[Entry], name: str) -> None:
    report = run(Rows(entries, bent={(7, name): "forged"}))
    assert report.exit_code == 40
    assert report.first is not None
    problem = report.first.problem
    assert (problem.cls, problem.seq, report.first.org_id) == (Class.COLUMN_MISMATCH, 2, "org_1")
    assert problem.found == f"{name} 'forged'"
    assert problem.expected.startswith(f"{name} ")


def test_a_row_under_another_seq(entries: list[Entry]) -> None:
    report = run(Rows(entries, bent={(7, "seq"): 99}))
    assert report.cls is Class.INDEX_MISMATCH


def test_a_row_hidden_in_another_organization(entries: list[Entry]) -> None:
    hidden = entries.pop(4)
    report = run(Rows([*entries, hidden], bent={(14, "org_id"): "org_9"}))
    assert report.exit_code == 40
    found = {f.problem.cls for f in report.findings if f.org_id == "org_9"}
    assert {Class.FOREIGN_ENTRY, Class.COLUMN_MISMATCH} <= found


def test_what_is_no_event(entries: list[Entry]) -> None:
    rows = Rows(entries)
    blocks = list(rows.blocks(None))
    spoiled = [*blocks[0].events]
    spoiled[1] = b"\xff{"

    class Spoiled(Rows):
        def blocks(self, org_id: str | None) -> Iterator[Block]:
            first = blocks[0]
            yield Block(first.leaves, first.salts, spoiled, first.derived)
            yield from blocks[1:]

    report = verify(Spoiled(entries), DEPLOYMENT)
    assert report.first is not None
    assert (report.first.problem.seq, report.verdict) == (1, Verdict.TAMPERED)


def test_several_logs_of_one_organization() -> None:
    makers = [LogMaker("org_1", log_id=bytes([n]) * 16) for n in range(3)]
    report = run(Rows([entry for maker in makers for entry in maker.take(3)]))
    assert [(log.org_id, log.log_id) for log in report.logs] == [
        ("org_1", maker.log_id.hex()) for maker in makers
    ]


def test_progress_and_json(entries: list[Entry]) -> None:
    seen: list[int] = []
    report = verify(Rows(entries, size=4), DEPLOYMENT, progress=seen.append)
    assert seen == [4, 8, 12, 15]
    told = report.as_dict()
    assert (told["verdict"], told["exit_code"], told["class"]) == ("UNANCHORED", 11, None)
    assert told["entries_per_second"] == round(report.rate)


def test_any_order_but_the_log_s_own_is_found(entries: list[Entry]) -> None:
    shuffled = entries[:5]
    random.Random(1).shuffle(shuffled)
    assert run(Rows(shuffled)).exit_code == 40
