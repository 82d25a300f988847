"""Every way to bend one log is named, at the first entry that is wrong."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from entries import DEPLOYMENT, LogMaker
from hypothesis import given
from hypothesis import strategies as st
from samples import event

from auditline.ledger import Entry, Leaf, commitment, leaf_hash
from auditline.ledger.tree import root_of
from auditline.ledger.verify import Class, Head, LogCheck, Problem
from auditline.store.text import read_text

SIZE = 6
Bend = Callable[[list[Entry]], None]


def check(maker: LogMaker, entries: list[Entry], known: Head | None = None) -> LogCheck:
    """*entries* checked as the log of *maker*, one by one."""
    log = LogCheck(DEPLOYMENT, maker.org_id, maker.log_id, known)
    for entry in entries:
        text = read_text(entry.event)
        log.feed([entry.leaf], [entry.salt], [entry.event], [(text.org_id, text.event_id)])
    log.finish()
    return log


def alter(entries: list[Entry], seq: int, **fields: object) -> None:
    """Change fields of one leaf and relink nothing."""
    entry = entries[seq]
    leaf = replace(Leaf.parse(entry.leaf), **fields)  # type: ignore[arg-type]  # any field
    entries[seq] = replace(entry, leaf=leaf.pack())


def relink(entries: list[Entry], start: int) -> None:
    """Give every entry from *start* the link that its predecessor now asks for."""
    for seq in range(start, len(entries)):
        alter(entries, seq, prev=leaf_hash(entries[seq - 1].leaf))


def swap_text(entries: list[Entry]) -> None:
    entries[3] = replace(entries[3], event=entries[3].event.replace(b"zoe@", b"bob@"))


def swap_salt(entries: list[Entry]) -> None:
    entries[3] = replace(entries[3], salt=bytes(16))


def drop(entries: list[Entry]) -> None:
    del entries[3]


def drop_first(entries: list[Entry]) -> None:
    del entries[0]


def double(entries: list[Entry]) -> None:
    entries.insert(3, entries[3])


def leaf_changed(entries: list[Entry]) -> None:
    alter(entries, 3, recorded_at=Leaf.parse(entries[3].leaf).recorded_at + 1)


def second_last_leaf_changed(entries: list[Entry]) -> None:
    alter(entries, 4, offset=4000)
    alter(entries, 5, offset=4000)


def link_changed(entries: list[Entry]) -> None:
    alter(entries, 3, prev=bytes(32))


def genesis_changed(entries: list[Entry]) -> None:
    alter(entries, 0, prev=bytes(32))


def time_back(entries: list[Entry]) -> None:
    alter(entries, 3, recorded_at=0)
    relink(entries, 4)


def source_back(entries: list[Entry]) -> None:
    alter(entries, 3, offset=1)
    relink(entries, 4)


def other_partition(entries: list[Entry]) -> None:
    alter(entries, 3, partition=9)
    relink(entries, 4)


def other_log(entries: list[Entry]) -> None:
    alter(entries, 3, log_id=bytes(16))
    relink(entries, 4)


def other_org(entries: list[Entry]) -> None:
    text = entries[3].event.replace(b"org_acme", b"org_evil")
    entries[3] = replace(entries[3], event=text)
    alter(entries, 3, commitment=commitment(entries[3].salt, text))
    relink(entries, 4)


def other_event_id(entries: list[Entry]) -> None:
    alter(entries, 3, event_id=bytes(16))
    relink(entries, 4)


def no_label(entries: list[Entry]) -> None:
    entries[3] = replace(entries[3], leaf=b"x" * 144)


def short_leaf(entries: list[Entry]) -> None:
    entries[3] = replace(entries[3], leaf=entries[3].leaf[:-1])


def unknown_kind(entries: list[Entry]) -> None:
    leaf = entries[3].leaf
    entries[3] = replace(entries[3], leaf=leaf[:96] + b"\0\0\0\x08" + leaf[100:])


@pytest.mark.parametrize(
    ("bend", "cls", "seq"),
    [
        (swap_text, Class.PAYLOAD_MISMATCH, 3),
        (swap_salt, Class.PAYLOAD_MISMATCH, 3),
        (drop, Class.GAP, 3),
        (drop_first, Class.GAP, 0),
        (double, Class.DUPLICATE_SEQ, 3),
        (leaf_changed, Class.LEAF_MISMATCH, 3),
        (second_last_leaf_changed, Class.LEAF_MISMATCH, 4),
        (link_changed, Class.LINK_BROKEN, 3),
        (genesis_changed, Class.LINK_BROKEN, 0),
        (time_back, Class.TIME_REGRESSION, 3),
        (source_back, Class.SOURCE_REGRESSION, 3),
        (other_partition, Class.SOURCE_REGRESSION, 3),
        (other_log, Class.FOREIGN_ENTRY, 3),
        (other_org, Class.FOREIGN_ENTRY, 3),
        (other_event_id, Class.LEAF_MISMATCH, 3),
        (no_label, Class.LEAF_MISMATCH, 3),
        (short_leaf, Class.LEAF_MISMATCH, 3),
        (unknown_kind, Class.LEAF_MISMATCH, 3),
    ],
)
def test_a_bent_log(bend: Bend, cls: Class, seq: int) -> None:
    maker = LogMaker()
    entries = maker.take(SIZE)
    assert check(maker, entries).problems == []
    bend(entries)
    first = check(maker, entries).first
    assert first is not None
    assert (first.cls, first.seq) == (cls, seq)
    assert first.found != first.expected


def test_a_good_log_gives_its_head() -> None:
    maker = LogMaker()
    entries = maker.take(SIZE)
    log = check(maker, entries)
    assert log.problems == []
    assert log.head == Head(SIZE, leaf_hash(entries[-1].leaf))
    assert Head.parse(str(log.head)) == log.head


@pytest.mark.parametrize("size", range(1, SIZE + 1))
def test_a_known_head(size: int) -> None:
    maker = LogMaker()
    entries = maker.take(SIZE)
    hashes = [leaf_hash(entry.leaf) for entry in entries]
    for digest in (hashes[size - 1], root_of(hashes[:size])):
        assert check(maker, entries, Head(size, digest)).problems == []
    wrong = check(maker, entries, Head(size, bytes(32))).first
    assert wrong is not None
    assert (wrong.cls, wrong.seq) == (Class.ROOT_MISMATCH, size - 1)


def test_a_rewritten_log_does_not_contain_the_known_head() -> None:
    maker = LogMaker()
    entries = maker.take(SIZE)
    known = check(maker, entries).head
    other = maker.add(event(), step=0)
    entries[2] = replace(other, leaf=replace(Leaf.parse(other.leaf), seq=2).pack())
    alter(entries, 2, recorded_at=Leaf.parse(entries[1].leaf).recorded_at, offset=2)
    relink(entries, 2)
    assert check(maker, entries).problems == []
    first = check(maker, entries, known).first
    assert first is not None
    assert first.cls is Class.ROOT_MISMATCH


def test_a_log_cut_short() -> None:
    maker = LogMaker()
    entries = maker.take(SIZE)
    known = check(maker, entries).head
    problems = check(maker, entries[:-2], known).problems
    assert problems == [Problem(Class.TRUNCATED, 4, "4 entries", "6")]


@given(st.integers(0, SIZE - 1), st.integers(0, 143), st.integers(1, 255))
def test_any_byte_of_any_leaf(seq: int, at: int, flip: int) -> None:
    maker = LogMaker()
    entries = maker.take(SIZE)
    known = check(maker, entries).head
    leaf = bytearray(entries[seq].leaf)
    leaf[at] ^= flip
    entries[seq] = replace(entries[seq], leaf=bytes(leaf))
    first = check(maker, entries, known).first
    assert first is not None
    # Named at the entry itself, or, when its seq no longer says which it is, at the hole it left.
    assert first.seq <= seq


@pytest.mark.parametrize(
    "text", ["", "6", "6:", "0:" + "0" * 64, "-1:" + "0" * 64, "6:" + "0" * 63, "6:" + "g" * 64]
)
def test_what_is_no_head(text: str) -> None:
    with pytest.raises(ValueError, match=r"head|non-hexadecimal"):
        Head.parse(text)
