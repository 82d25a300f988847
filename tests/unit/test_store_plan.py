"""When a batch is cut, what it is called, where it begins: the store's decisions, without I/O."""

import io
import json
from dataclasses import replace
from datetime import UTC, datetime

import fastavro
import pytest
from entries import LogMaker
from hypothesis import given
from hypothesis import strategies as st

from auditline.ledger import Leaf, encode_entry
from auditline.store.block import container
from auditline.store.errors import Broken
from auditline.store.migrate import migrations, statements
from auditline.store.plan import (
    Batch,
    Intent,
    Limits,
    Logs,
    Record,
    range_of,
    read_record,
    token,
)
from auditline.store.position import Position, begin
from auditline.store.sequence import Sequence

LIMITS = Limits(rows=3, bytes=10_000, seconds=1.0)


def records(count: int, maker: LogMaker | None = None, start: int = 0) -> list[Record]:
    maker = maker or LogMaker()
    values = [encode_entry(maker.add()) for _ in range(count)]
    return [read_record(start + n, maker.org_id.encode(), v) for n, v in enumerate(values)]


def test_a_container_is_read_by_an_independent_reader() -> None:
    maker = LogMaker()
    made = maker.take(50)
    block = container([encode_entry(entry) for entry in made])
    found = list(fastavro.reader(io.BytesIO(block)))
    assert found == [{"leaf": e.leaf, "salt": e.salt, "event": e.event.decode()} for e in made]
    assert block == container([encode_entry(entry) for entry in made])
    assert list(fastavro.reader(io.BytesIO(container([])))) == []


def test_a_record_says_what_its_leaf_says() -> None:
    maker = LogMaker(offset=7)
    maker.add()
    entry = maker.add()
    leaf = Leaf.parse(entry.leaf)
    record = read_record(42, b"org_acme", encode_entry(entry))
    assert record.org_id == "org_acme"
    assert (record.offset, record.log_id, record.seq) == (42, leaf.log_id, 1)
    assert record.source_offset == leaf.offset
    at = datetime.fromtimestamp(leaf.recorded_at / 1e6, UTC)
    assert record.month == at.year * 100 + at.month


@pytest.mark.parametrize("value", [None, b"", b"x" * 400])
def test_what_is_no_entry(value: bytes | None) -> None:
    with pytest.raises(Broken, match="no entry of version 1"):
        read_record(1, b"org", value)


def test_an_unknown_label() -> None:
    value = bytearray(encode_entry(LogMaker().add()))
    value[10] ^= 1
    with pytest.raises(Broken, match="unknown leaf label"):
        read_record(1, b"org", bytes(value))


def test_a_batch_is_cut_by_rows() -> None:
    batch = Batch(0)
    for record in records(3):
        assert batch.takes(record, LIMITS)
        assert not batch.due(0.0, LIMITS)
        batch.add(record, 0.0)
    assert not batch.takes(records(1, start=3)[0], LIMITS)
    assert batch.due(0.0, LIMITS)
    assert (batch.start, batch.end) == (0, 3)


def test_a_batch_is_cut_by_bytes_but_takes_one_of_any_size() -> None:
    first, second = records(2)
    small = replace(LIMITS, bytes=len(first.value))
    batch = Batch(0)
    assert batch.takes(first, replace(LIMITS, bytes=1))
    batch.add(first, 0.0)
    assert not batch.takes(second, small)
    assert batch.due(0.0, small)


def test_a_batch_is_cut_by_age() -> None:
    batch = Batch(0)
    assert not batch.due(100.0, LIMITS)
    batch.add(records(1)[0], 10.0)
    assert not batch.due(10.9, LIMITS)
    assert batch.due(11.0, LIMITS)


@pytest.mark.parametrize(
    ("before", "after", "fits"),
    [
        ("2026-11-30T23:59:59.999999", "2026-12-01T00:00:00", False),
        ("2026-12-31T23:59:59", "2027-01-01T00:00:00", False),
        ("2026-11-01T00:00:00", "2026-11-30T23:59:59.999999", True),
    ],
)
def test_a_batch_is_cut_by_month(before: str, after: str, fits: bool) -> None:
    maker = LogMaker()
    batch = Batch(0)
    maker.recorded_at = int(datetime.fromisoformat(before + "+00:00").timestamp() * 1e6) - 1
    batch.add(records(1, maker)[0], 0.0)
    maker.recorded_at = int(datetime.fromisoformat(after + "+00:00").timestamp() * 1e6) - 1
    assert batch.takes(records(1, maker, start=1)[0], LIMITS) is fits


@given(st.integers(0, 2**63), st.integers(1, 10**6), st.text("0123456789abcdef", min_size=16))
def test_an_intent_survives_kafka(end: int, rows: int, digest: str) -> None:
    intent = Intent(end, rows, digest[:16])
    assert intent.encode().isascii()
    assert len(intent.encode()) < 4096  # offset.metadata.max.bytes
    assert Intent.decode(intent.encode()) == intent


@pytest.mark.parametrize("metadata", [None, ""])
def test_no_intent(metadata: str | None) -> None:
    assert Intent.decode(metadata) is None


@pytest.mark.parametrize("metadata", ["x", "{}", "[]", '{"v":2,"end":1,"n":1,"h":""}', '{"v":1}'])
def test_an_unreadable_intent_stops(metadata: str) -> None:
    with pytest.raises(Broken, match="cannot read"):
        Intent.decode(metadata)


def test_a_token_names_range_and_content() -> None:
    found = records(3)
    names = {
        token("g", "t", 1, 0, 3, found),
        token("g", "t", 1, 0, 3, found[:2]),
        token("g", "t", 1, 0, 4, found),
        token("g", "t", 2, 0, 3, found),
        token("h", "t", 1, 0, 3, found),
    }
    assert len(names) == 5
    assert token("g", "t", 1, 0, 3, found) in names


def test_a_range_holds_the_entries_of_one_source_record_apart() -> None:
    maker = LogMaker(offset=9)
    created = records(1, maker)[0]
    maker.offset = 9  # the log's creation and its first event come from the same source record
    event = records(1, maker, start=1)[0]
    assert range_of(0, [created]).last < range_of(0, [event]).first
    assert range_of(0, [created, event]).logs == Logs(("org_acme",), (maker.log_id,))


def test_a_sequence_skips_what_is_stored_and_takes_the_rest() -> None:
    found = records(6)
    sequence = Sequence()
    sequence.learn(sequence.unknown(found[:4]), {found[0].log_id: 3})
    assert sequence.missing(found[:4]) == found[3:4]
    assert sequence.unknown(found[4:]).ids == ()
    assert sequence.missing(found[4:]) == found[4:]


def test_a_sequence_begins_where_the_table_ends() -> None:
    found = records(6)
    for stored in range(3, 7):
        sequence = Sequence()
        sequence.learn(Logs.of(found), {found[0].log_id: stored})
        assert sequence.missing(found[3:]) == found[stored:]


@pytest.mark.parametrize(
    ("stored", "seqs", "text"),
    [
        (0, [1], "entries 0 to 0"),
        (2, [3], "entries 2 to 2"),
        (2, [2, 4], "entries 3 to 3"),
        (5, [0, 1, 3], "entries 2 to 2"),
        (2, [2, 2], "has entry 2 of log"),
        (5, [0, 1, 1], "has entry 1 of log"),
    ],
)
def test_a_sequence_that_does_not_go_on(stored: int, seqs: list[int], text: str) -> None:
    found = records(6)
    sequence = Sequence()
    sequence.learn(Logs.of(found), {found[0].log_id: stored})
    with pytest.raises(Broken, match=text):
        sequence.missing([found[seq] for seq in seqs])


def test_positions() -> None:
    intent = Intent(20, 10, "0" * 16)
    assert begin("t/0", None, None, 5, 30) == Position(5)
    assert begin("t/0", 10, "", 5, 30) == Position(10)
    assert begin("t/0", 10, intent.encode(), 5, 30) == Position(10, intent)
    assert begin("t/0", 30, None, 30, 30) == Position(30)
    for committed, metadata, low, high in [(31, None, 5, 30), (10, intent.encode(), 5, 19)]:
        with pytest.raises(Broken, match="beyond the end"):
            begin("t/0", committed, metadata, low, high)
    with pytest.raises(Broken, match="retention"):
        begin("t/0", 4, None, 5, 30)


def test_migrations_are_applied_once_and_in_order() -> None:
    names = [migration.name for migration in migrations()]
    assert names == sorted(names)
    assert statements(names) == []
    text = "\n".join(statements([]))
    assert "{" not in text.replace("'{'", "").replace("\\\\[\\\\]{}]", "").replace("'}'", "")
    assert text.count("CREATE TABLE IF NOT EXISTS audit.entries") == 1
    assert "ON CLUSTER" not in text


def test_a_cluster_gets_a_replicated_and_a_distributed_table() -> None:
    text = "\n".join(statements([], "prod"))
    assert "audit.entries_local ON CLUSTER 'prod'" in text
    assert "ReplicatedMergeTree('/clickhouse/tables/{shard}/audit/entries', '{replica}')" in text
    assert "Distributed('prod', 'audit', 'entries_local'" in text
    assert "replicated_deduplication_window_seconds = 2592000" in text
    with pytest.raises(ValueError, match="cluster's name"):
        statements([], "x'; DROP")


def test_an_intent_is_small_json() -> None:
    batch = Batch(0)
    for record in records(2):
        batch.add(record, 0.0)
    assert json.loads(batch.intent().encode()).keys() == {"v", "end", "n", "h"}
