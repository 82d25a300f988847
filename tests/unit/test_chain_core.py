"""The chain's decisions, without Kafka: every kind of record, and the state after it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec
import pytest
from oracle import Log, check_ledger
from samples import event, number

from auditline.chain import snapshot
from auditline.chain.core import Chain
from auditline.chain.duplicates import Window
from auditline.chain.heads import Manifest
from auditline.chain.records import Batch, SourceRecord
from auditline.chain.restore import Cache, Restored
from auditline.chain.settings import ChainSettings
from auditline.chain.state import PartitionState
from auditline.event import AuditEvent, Change, Codec, Op, encode, partition_for
from auditline.kafka.errors import Broken
from auditline.ledger import Kind

PARTITIONS = 4
HERE = partition_for("org_acme", PARTITIONS)
NOW = 1_800_000_000_000_000
DEFAULT = ChainSettings()


def new_chain(settings: ChainSettings = DEFAULT) -> Chain:
    window = Window(settings.duplicate_window_seconds, settings.duplicate_window_events)
    return Chain(PartitionState("test", HERE, PARTITIONS, window), Codec())


@dataclass
class World:
    """A chain with the topics it would write to."""

    chain: Chain = field(default_factory=new_chain)
    offset: int = 0
    records: list[SourceRecord] = field(default_factory=list)
    ledger: list[bytes] = field(default_factory=list)
    heads: list[tuple[bytes, bytes | None]] = field(default_factory=list)

    def feed(self, *values: bytes | AuditEvent | None, key: bytes | None = b"org_acme") -> Batch:
        records = []
        for value in values:
            data = encode(value) if isinstance(value, AuditEvent) else value
            records.append(SourceRecord(self.offset, key, data))
            self.offset += 1
        return self.append(records)

    def append(self, records: Sequence[SourceRecord], now: int = NOW) -> Batch:
        batch = self.chain.append(records, now)
        self.records += records
        self.ledger += [value for _, value in batch.ledger]
        self.heads.append(snapshot.position(self.chain.state))
        return batch

    def snapshot(self) -> None:
        self.heads += snapshot.snapshot(self.chain.state, 0)
        self.chain.state.snapshot_taken()

    def restored(self, entries: int | None = None) -> PartitionState:
        """The state that a restart reads from the first *entries* of the ledger."""
        cache = Cache(manifest=Manifest("test", PARTITIONS, 0))
        for key, value in self.heads:
            cache.take(key, value)
        restored = Restored.begin(cache, DEFAULT, HERE, PARTITIONS, False)
        _take_all(restored, self.ledger[:entries])
        return restored.finish()

    def log(self, org_id: str = "org_acme") -> Log:
        return check_ledger(self.ledger)[org_id]


def test_a_log_is_created_and_chained() -> None:
    world = World()
    first, second = event(), event()
    world.feed(first, second)
    log = world.log()
    assert log.kinds() == [Kind.LOG_CREATED, Kind.EVENT, Kind.EVENT]
    assert log.events == [first.event_id, second.event_id]
    assert world.chain.state.next_offset == 2


def test_a_retry_is_dropped_by_its_number_however_old() -> None:
    world = World(new_chain(ChainSettings(duplicate_window_seconds=1)))
    events = [event(producer=number(i + 1)) for i in range(3)]
    world.feed(*events)
    world.append([SourceRecord(3, b"org_acme", encode(events[0]))], NOW + 10**13)
    assert world.log().events == [e.event_id for e in events]


def test_a_retry_without_number_is_dropped_within_the_window_only() -> None:
    world = World(new_chain(ChainSettings(duplicate_window_seconds=10)))
    one = event()
    world.feed(one)
    within = world.append([SourceRecord(1, b"org_acme", encode(one))], NOW + 10_000_000)
    # A new event moves the window's end; the id is then too old to be known.
    world.append([SourceRecord(2, b"org_acme", encode(event()))], NOW + 30_000_000)
    beyond = world.append([SourceRecord(3, b"org_acme", encode(one))], NOW + 30_000_000)
    assert within.duplicates == 1
    assert beyond.duplicates == 0


def test_an_event_emitted_again_under_a_new_number_is_dropped() -> None:
    """As after a delivery that seemed to fail; its number is used up, so no gap follows."""
    world = World()
    one = event()
    again = [msgspec.structs.replace(one, producer=number(n)) for n in (1, 2)]
    batch = world.feed(*again, event(producer=number(3)))
    assert batch.duplicates == 1
    assert world.log().kinds() == [Kind.LOG_CREATED, Kind.EVENT, Kind.EVENT]


def test_an_event_with_and_without_a_number_is_one_event() -> None:
    for first, second in ((None, number(1)), (number(1), None)):
        world = World()
        one = event()
        again = [msgspec.structs.replace(one, producer=n) for n in (first, second)]
        assert world.feed(*again).duplicates == 1
        assert world.log().events == [one.event_id]


def test_two_incarnations_of_a_producer_do_not_hide_each_other() -> None:
    world = World()
    old, new = event(producer=number(1, epoch=1)), event(producer=number(1, epoch=2))
    late = event(producer=number(2, epoch=1))
    world.feed(old, new, late)
    assert world.log().events == [old.event_id, new.event_id, late.event_id]


def test_a_jump_in_a_producers_numbers_leaves_a_gap_entry() -> None:
    world = World()
    world.feed(event(producer=number(1)), event(producer=number(5)), event(producer=number(6)))
    log = world.log()
    assert log.kinds()[1:] == [Kind.EVENT, Kind.PRODUCER_GAP, Kind.EVENT, Kind.EVENT]
    gap = log.texts[2]
    assert gap["action"] == "audit.gap_detected"
    assert gap["labels"] == [
        {"key": "missing_from", "value": "2"},
        {"key": "missing_to", "value": "4"},
    ]


def _with_change(text: str) -> bytes:
    return encode(event(changes=(Change(path="/a", op=Op.ADD, after=text),)))


def _damaged_utf8() -> bytes:
    value = _with_change('"abc"')
    return value.replace(b'"abc"', b'"\xff\xfe"x'[:5])


POISON: dict[str, Callable[[], bytes | None]] = {
    "null": lambda: None,
    "empty": lambda: b"",
    "no framing": lambda: b"{}",
    "unknown schema": lambda: b"\xc3\x01" + bytes(8) + b"abc",
    "schema id without registry": lambda: b"\x00\x00\x00\x00\x07abc",
    "cut short": lambda: encode(event())[:-3],
    "left over": lambda: encode(event()) + b"\0",
    "oversize": lambda: _with_change('"' + "x" * 1_000_000 + '"'),
    "invalid utf-8 in a diff": _damaged_utf8,
    "diff is not JSON": lambda: _with_change("{"),
    "diff is two values": lambda: _with_change("1 2"),
    "diff is NaN": lambda: _with_change("NaN"),
    "lone surrogate in a diff": lambda: _with_change('"\\ud800"'),
    "too deep": lambda: _with_change("[" * 50_000 + "]" * 50_000),
    "other organization": lambda: encode(event("org_other")),
    "1970": lambda: encode(event(occurred_at=1)),
    "2200": lambda: encode(event(occurred_at=7_258_118_400_000_000)),
    "10,000 changes": lambda: encode(
        event(changes=tuple(Change(path=f"/{i}", op=Op.REMOVE) for i in range(10_000)))
    ),
    "no actor": lambda: encode(
        msgspec.structs.replace(event(), actor=msgspec.structs.replace(event().actor, id=""))
    ),
    "empty action": lambda: encode(event(action="")),
}


@pytest.mark.parametrize("name", POISON)
def test_poison_is_dead_lettered_with_an_entry_and_the_rest_flows(name: str) -> None:
    world = World()
    value = POISON[name]()
    before, after = event(), event()
    batch = world.feed(before, value, after)
    log = world.log()
    assert [letter.record.value for letter in batch.dead_letters] == [value]
    assert batch.dead_letters[0].reason
    assert log.kinds() == [Kind.LOG_CREATED, Kind.EVENT, Kind.DEAD_LETTER, Kind.EVENT]
    assert log.events == [before.event_id, after.event_id]
    assert log.texts[2]["outcome"]["reason"] == batch.dead_letters[0].reason


@pytest.mark.parametrize("key", [b"\xff\xfe", b"x" * 2000], ids=["not utf-8", "too long"])
def test_a_key_that_is_no_organization_is_dead_lettered_without_an_entry(key: bytes) -> None:
    world = World()
    batch = world.feed(event(), key=key)
    assert len(batch.dead_letters) == 1
    assert batch.ledger == []


def test_a_record_without_key_is_taken_by_its_events_organization() -> None:
    world = World()
    one = event()
    world.feed(one, key=None)
    assert world.log().events == [one.event_id]


def test_an_invalid_event_uses_up_its_number() -> None:
    world = World()
    bad = event(producer=number(1), changes=(Change(path="/a", op=Op.ADD, after="{"),))
    world.feed(bad, event(producer=number(2)))
    assert world.log().kinds() == [Kind.LOG_CREATED, Kind.DEAD_LETTER, Kind.EVENT]
    assert world.restored().counters.last == {("gw-1", 1): 2}


def _elsewhere() -> str:
    return next(o for o in map(str, range(100)) if partition_for(o, PARTITIONS) != HERE)


def test_a_record_on_the_wrong_partition_is_moved_undecoded() -> None:
    world, org = World(), _elsewhere()
    batch = world.feed(b"anything", key=org.encode())
    (move,) = batch.moves
    assert move.partition == partition_for(org, PARTITIONS)
    assert move.record.value == b"anything"
    assert batch.ledger == []
    assert batch.next_offset == 1


def test_a_moved_event_is_chained_once_and_without_its_number() -> None:
    world = World()
    own, moved = event(producer=number(7)), event(producer=number(9))
    records = [SourceRecord(i, b"org_acme", encode(moved), moved=True) for i in range(2)]
    batch = world.append([*records, SourceRecord(2, b"org_acme", encode(own))])
    assert batch.duplicates == 1
    assert world.log().events == [moved.event_id, own.event_id]
    assert "producer" not in world.log().texts[1]


def test_the_clock_never_goes_back() -> None:
    world = World()
    world.append([SourceRecord(0, b"org_acme", encode(event()))], NOW)
    world.append([SourceRecord(1, b"org_acme", encode(event()))], NOW - 86_400_000_000)
    assert {leaf.recorded_at for leaf in world.log().leaves} == {NOW}


def test_a_passed_offset_is_refused_and_changes_nothing() -> None:
    world = World()
    world.feed(event())
    head = world.chain.state.logs["org_acme"]
    with pytest.raises(Broken):
        world.chain.append([SourceRecord(0, b"org_acme", encode(event()))], NOW)
    assert world.chain.state.logs["org_acme"] == head
    assert world.chain.state.next_offset == 1


def _busy_world() -> World:
    world = World()
    world.feed(event(), event(producer=number(1)), b"junk", event(producer=number(4)))
    world.snapshot()
    world.feed(event(), None, event(producer=number(5)), event(producer=number(5)))
    return world


def test_a_restart_finds_the_state_as_it_was() -> None:
    world = _busy_world()
    state, restored = world.chain.state, world.restored()
    assert restored.logs == state.logs
    assert restored.counters.last == state.counters.last
    assert restored.window.ids == state.window.ids
    assert restored.next_offset == state.next_offset
    assert restored.leaf == state.leaf


def test_any_committed_prefix_says_where_to_resume() -> None:
    """Cut the ledger after every entry: resuming there loses no event and repeats none."""
    world = _busy_world()
    for cut in range(len(world.ledger) + 1):
        state = world.restored(cut)
        resumed = World(Chain(state, Codec()), ledger=list(world.ledger[:cut]))
        resumed.append([r for r in world.records if r.offset >= state.next_offset])
        whole, again = world.log(), resumed.log()
        assert again.events == whole.events, f"cut after {cut} entries"
        assert again.kinds() == whole.kinds(), f"cut after {cut} entries"


def _take_all(restored: Restored, values: Sequence[bytes]) -> None:
    for offset, value in enumerate(values):
        restored.take(value, offset)


def test_a_ledger_that_does_not_chain_is_refused() -> None:
    world = _busy_world()
    for damaged in (world.ledger[1:], world.ledger[:2] + world.ledger[3:]):
        restored = Restored.begin(
            Cache(manifest=Manifest("test", PARTITIONS, 0)), DEFAULT, HERE, PARTITIONS, False
        )
        with pytest.raises(Broken):
            _take_all(restored, damaged)


def test_another_number_of_partitions_is_refused_with_what_to_do() -> None:
    cache = Cache(manifest=Manifest("test", PARTITIONS, 0))
    with pytest.raises(Broken, match="topic_prefix"):
        cache.checked_manifest(HERE, 8)
    with pytest.raises(Broken, match="topics create"):
        Cache().checked_manifest(HERE, PARTITIONS)


@pytest.mark.parametrize("offset", [0, 2])
def test_a_snapshot_whose_entry_is_missing_is_not_believed(offset: int) -> None:
    world = _busy_world()
    cache = _cache_after(world, offset)
    assert cache.snapshot is not None
    cache.snapshot = msgspec.structs.replace(cache.snapshot, leaf=bytes(32))
    restored = Restored.begin(cache, DEFAULT, HERE, PARTITIONS, True)
    assert restored.start == offset
    _take_all(restored, world.ledger)
    assert not restored.believable()


def _cache_after(world: World, ledger_offset: int) -> Cache:
    """The heads topic once the chain rested, with *ledger_offset* of its last entry."""
    cache = Cache(manifest=Manifest("test", PARTITIONS, 0))
    state = world.chain.state
    for key, value in (snapshot.position(state), *snapshot.snapshot(state, ledger_offset)):
        cache.take(key, value)
    return cache


def test_a_restart_after_the_ledgers_retention_goes_on_from_the_snapshot() -> None:
    world = _busy_world()
    state = world.chain.state
    state.changed_logs.update(state.logs)
    state.counters.changed.update(state.counters.last)
    restored = Restored.begin(_cache_after(world, 7), DEFAULT, HERE, PARTITIONS, True)
    assert restored.skip_to(8)
    assert restored.believable()
    found = restored.finish()
    assert found.logs == state.logs
    assert found.counters.last == state.counters.last
    assert found.next_offset == state.next_offset


def test_entries_that_retention_removed_after_the_snapshot_are_missed() -> None:
    world = _busy_world()
    cache = _cache_after(world, 7)
    world.feed(event())
    cache.take(*snapshot.position(world.chain.state))
    assert not Restored.begin(cache, DEFAULT, HERE, PARTITIONS, True).skip_to(9)
