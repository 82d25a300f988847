"""Searching the real table: every filter finds what it should, pages neither skip nor repeat."""

import os
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from clickhouse_connect.driver.client import Client
from entries import LogMaker
from samples import event
from stacks import Stack
from stores import migrated

from auditline.event import Actor, ActorType, Outcome, Request, Resource, Result, Source
from auditline.ledger import Entry, encode_entry
from auditline.store.block import container
from auditline.store.clickhouse import EntriesTable, connect
from auditline.store.search import Filter, Key, search, search_query, show

pytestmark = pytest.mark.integration

NASTY = 'o\'rg \\ "x" {org:String} 😀 \u2028 -- ;'


class Found:
    """A table with two organizations, and a reader."""

    def __init__(self, stack: Stack) -> None:
        settings = migrated(stack)
        self.org = f"org_s{uuid4().hex[:8]}"
        self.maker = LogMaker(self.org)
        self.other = LogMaker(f"{self.org}-2")
        special = event(
            self.org,
            action="api_key.create",
            outcome=Outcome(result=Result.DENIED),
            actor=Actor(type=ActorType.API_KEY, id=NASTY, email="eve@example.com"),
            source=Source(client_ip="2001:db8::1"),
            resource=Resource(type="api_key", id=NASTY),
            request=Request(id="req_special"),
        )
        self.special = special.event_id
        made: list[Entry] = []
        for n in range(30):
            # Two in one microsecond: only log and seq order them.
            made.append(self.maker.add(special if n == 10 else None, step=n % 2))
            self.other.recorded_at = self.maker.recorded_at
            made.append(self.other.add(step=0))
        self.made = made
        table = EntriesTable(settings)
        table.insert(container([encode_entry(e) for e in made]), os.urandom(8).hex())
        table.close()
        self.client: Client = connect(settings, reader=True, scope="*")


@pytest.fixture(scope="module")
def found(stack: Stack) -> Found:
    return Found(stack)


@pytest.mark.parametrize(
    "wanted",
    [
        {"actor": NASTY},
        {"actor": "eve@example.com"},
        {"action": "api_key.create"},
        {"resource": NASTY},
        {"resource": "api_key"},
        {"resource_type": "api_key", "resource_id": NASTY},
        {"outcome": "denied"},
        {"client_ip": "2001:db8::1"},
        {"request_id": "req_special"},
    ],
    ids=str,
)
def test_each_filter(found: Found, wanted: dict[str, Any]) -> None:
    rows = search(found.client, Filter(org_id=found.org, **wanted))
    assert [row.key.seq for row in rows] == [10]
    assert rows[0].org_id == found.org
    assert rows[0].entry == found.made[20]
    assert search(found.client, Filter(org_id=f"{found.org}-2", **wanted)) == []


def test_an_event_id(found: Found) -> None:
    assert [r.key.seq for r in search(found.client, Filter(event_id=found.special))] == [10]
    assert [r.key.seq for r in show(found.client, None, found.special)] == [10]
    assert search(found.client, Filter(event_id=uuid4())) == []


def test_a_seq(found: Found) -> None:
    (row,) = show(found.client, found.org, 10)
    assert row.entry == found.made[20]
    assert show(found.client, found.org, 99) == []


def test_times(found: Found) -> None:
    at = datetime.fromtimestamp(0, UTC) + timedelta(
        microseconds=int.from_bytes(found.made[20].leaf[40:48])
    )
    tick = timedelta(microseconds=1)
    seqs = [
        row.key.seq
        for row in search(found.client, Filter(org_id=found.org, since=at, until=at + tick))
    ]
    assert 10 in seqs
    assert len(seqs) == 2
    before = search(found.client, Filter(org_id=found.org, until=at))
    assert {row.key.seq for row in before} == set(range(30)) - set(range(min(seqs), 30))


@pytest.mark.parametrize("limit", [1, 7, 100])
@pytest.mark.parametrize("oldest_first", [False, True])
def test_pages(found: Found, limit: int, oldest_first: bool) -> None:
    """Over both organizations, whose entries share their microseconds."""
    wanted = Filter(request_id=None, since=_start(found))
    seen: list[Entry] = []
    after = None
    while page := search(found.client, wanted, after, limit, oldest_first=oldest_first):
        assert len(page) <= limit
        seen += [row.entry for row in page if row.org_id.startswith(found.org)]
        after = Key.parse(str(page[-1].key))
    assert len(seen) == 60
    assert {entry.leaf for entry in seen} == {entry.leaf for entry in found.made}
    times = [int.from_bytes(entry.leaf[40:48]) for entry in seen]
    assert times == sorted(times, reverse=not oldest_first)


def _start(found: Found) -> datetime:
    first = int.from_bytes(found.made[0].leaf[40:48])
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=first)


def test_nothing_given_is_in_the_statement() -> None:
    text, parameters = search_query(
        Filter(org_id=NASTY, actor=NASTY, resource=NASTY), Key(1, b"x" * 16, 2)
    )
    assert NASTY not in text
    assert list(parameters.values()).count(NASTY) == 3


@pytest.mark.parametrize("cursor", ["", "1", "1.2.3", "x.00.1", f"-1.{'00' * 16}.1", "1.2.3.4"])
def test_what_is_no_cursor(cursor: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Key.parse(cursor)
