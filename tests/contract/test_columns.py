"""The columns that ClickHouse derives are those that Python derives from the same evidence."""

import json
import os
import time
from collections.abc import Sequence
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client
from entries import LogMaker
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from samples import event, number
from stacks import Stack
from stores import migrated

from auditline.chain.control import dead_letter, log_created, producer_gap
from auditline.chain.records import SourceRecord
from auditline.event import (
    Actor,
    ActorType,
    AuditEvent,
    Change,
    Crud,
    Geo,
    Justification,
    Label,
    Op,
    Outcome,
    ProducerNumber,
    Request,
    Resource,
    Result,
    Service,
    Severity,
    Source,
    new_event_id,
)
from auditline.event.model import Principal
from auditline.ledger import Entry, encode_entry
from auditline.store.block import container
from auditline.store.clickhouse import EntriesTable, connect
from auditline.store.columns import NAMES, SELECTED, compare, expected
from auditline.store.text import read_text

pytestmark = pytest.mark.integration

NASTY = (
    "",
    "\0",
    "\x1f\x7f",
    '"',
    "\\",
    '\\"',
    "\u2028\u2029",
    "é",
    "e\u0301",
    "😀",
    "\ufeff",
    "\uffff",
    "'",
    "$&",
    ',"changes":[',
    '{"path":"',
    "</script>",
    "a\tb\n",
    "null",
    "1e999",
)
VALUES = (
    "null",
    "1e999",
    "-0.0",
    "9" * 400,
    "-1." + "1" * 400,
    '{"a":1,"a":2}',
    '"path"',
    '{"path":"x","op":"add"}',
    '["path","x"]',
    '[[["path",{"path":"y"}]]]',
    "[" * 900 + "]" * 900,
    '{"a":' * 500 + "[]" + "}" * 500,
    '"\\ud83d\\ude00"',
    '" [{\\"path\\":\\"z\\"}] "',
    "[ ]",
    '{ "path" : "w" }',
)

text = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.sampled_from(NASTY),
    st.lists(st.sampled_from(NASTY), max_size=3).map("".join),
)
short = st.one_of(st.none(), text)
name = text.map(lambda s: s or "x")
time_ = st.integers(946_684_800_000_000, 4_102_444_799_999_999)
resources = st.builds(Resource, type=name, id=short, name=short, parent=short)
changes = st.lists(
    st.builds(
        Change,
        path=text,
        op=st.sampled_from(Op),
        before=st.one_of(st.none(), st.sampled_from(VALUES)),
        after=st.one_of(st.none(), st.sampled_from(VALUES), text.map(json.dumps)),
        redacted=st.booleans(),
        fingerprint=short,
    ),
    max_size=4,
).map(tuple)
events = st.builds(
    AuditEvent,
    event_id=st.uuids(),
    org_id=name,
    project_id=short,
    environment=short,
    occurred_at=time_,
    action=name,
    action_version=st.one_of(st.none(), st.integers(1, 2**31 - 1)),
    crud=st.sampled_from(Crud),
    severity=st.sampled_from(Severity),
    outcome=st.builds(Outcome, result=st.sampled_from(Result), code=short, reason=short),
    actor=st.builds(Actor, type=st.sampled_from(ActorType), id=name, email=short, name=short, role=short, groups=st.lists(text, max_size=3).map(tuple), credential_id=short, auth_method=short, mfa=st.one_of(st.none(), st.booleans()), session_id=short, session_started_at=st.one_of(st.none(), time_)),
    on_behalf_of=st.one_of(st.none(), st.builds(Principal, type=st.sampled_from(ActorType), id=name, email=short)),
    claimed_actor=short,
    source=st.builds(Source, client_ip=short, peer_ip=short, forwarded_for=short, port=st.one_of(st.none(), st.integers(0, 65535)), user_agent=short, geo=st.one_of(st.none(), st.builds(Geo, country=short, asn=st.one_of(st.none(), st.integers(0, 2**32 - 1))))),
    resource=resources,
    targets=st.lists(resources, max_size=3).map(tuple),
    request=st.builds(Request, id=short, trace_id=short, method=short, route=short, batch_id=short, caused_by=short),
    justification=st.one_of(st.none(), st.builds(Justification, reason=short, ticket=short)),
    service=st.builds(Service, name=name, version=short, host=short),
    legal_hold=st.one_of(st.none(), st.booleans()),
    labels=st.lists(st.builds(Label, key=name, value=text), max_size=3).map(tuple),
    producer=st.one_of(st.none(), st.builds(ProducerNumber, id=name, epoch=st.integers(0, 2**63 - 1), counter=st.integers(1, 2**63 - 1))),
    changes=changes,
)  # fmt: skip


class Engine:
    """The table, by its writer."""

    def __init__(self, stack: Stack) -> None:
        settings = migrated(stack)
        self.table = EntriesTable(settings)
        self.client: Client = connect(settings)

    def derive(self, entries: Sequence[Entry]) -> list[list[Any]]:
        """Insert *entries*, all of one log, and select every column of SELECTED, in order."""
        block = container([encode_entry(entry) for entry in entries])
        assert self.table.insert(block, os.urandom(8).hex()) == len(entries)
        found = self.client.query(
            f"SELECT {', '.join(SELECTED)} FROM entries WHERE hex(log_id) = {{log:String}} ORDER BY seq",
            parameters={"log": entries[0].leaf[16:32].hex().upper()},
        )
        return [list(column) for column in found.result_columns]


@pytest.fixture(scope="module")
def engine(stack: Stack) -> Engine:
    return Engine(stack)


def held(engine: Engine, entries: Sequence[Entry]) -> dict[str, list[Any]]:
    """The engine's columns of *entries* by name, held to Python's."""
    found = engine.derive(entries)
    texts = [read_text(entry.event) for entry in entries]
    assert compare(found, expected([entry.leaf for entry in entries], texts)) == []
    return dict(zip(NAMES, found, strict=True))


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
)
@given(st.lists(events, min_size=1, max_size=6))
def test_any_event(engine: Engine, generated: list[AuditEvent]) -> None:
    maker = LogMaker()
    columns = held(engine, [maker.add(e) for e in generated])
    # And some against the event itself, since both sides read the same text.
    assert columns["org_id"] == [e.org_id for e in generated]
    assert columns["actor_name"] == [e.actor.name or "" for e in generated]
    assert columns["client_ip"] == [e.source.client_ip or "" for e in generated]
    assert columns["occurred_at"] == [e.occurred_at for e in generated]
    assert columns["changed_paths"] == [[c.path for c in e.changes] for e in generated]
    assert columns["labels"] == [
        [(label.key, label.value) for label in e.labels] for e in generated
    ]


@pytest.mark.parametrize("value", VALUES, ids=[v[:12] for v in VALUES])
def test_any_value_in_a_diff(engine: Engine, value: str) -> None:
    changes = tuple(
        Change(path=f'/p"{n}', op=Op.REPLACE, before=value, after=value) for n in range(3)
    )
    columns = held(engine, [LogMaker().add(event(changes=changes))])
    assert columns["changed_paths"] == [['/p"0', '/p"1', '/p"2']]
    assert columns["actor_id"] == ["usr_1"]


def test_a_large_diff(engine: Engine) -> None:
    changes = tuple(Change(path=f"/{n}", op=Op.ADD, after="1e999") for n in range(1000))
    columns = held(engine, [LogMaker().add(event(changes=changes))])
    assert columns["changed_paths"] == [[f"/{n}" for n in range(1000)]]


def test_control_entries(engine: Engine) -> None:
    maker = LogMaker()
    record = SourceRecord(5, b"org_acme", b"\0nonsense")
    now = time.time_ns() // 1000
    made = [
        log_created("org_acme", maker.log_id, "test/log/1", now),
        producer_gap("org_acme", number(9), 4, now),
        dead_letter("org_acme", record, 3, "not Avro", number(10), now),
    ]
    columns = held(engine, [maker.add(e) for e in made])
    assert columns["action"] == ["audit.log_create", "audit.gap_detected", "audit.dead_letter"]
    assert columns["producer_counter"] == [0, 8, 10]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"actor": {}},
        {"actor": {"type": "user"}, "outcome": {}, "source": {"geo": {}}},
        {"a_field_of_the_future": {"x": [1, 2]}, "actor": {"id": "u", "new": None}},
        {"labels": [], "targets": [{"type": "x"}, {"type": "y", "id": "z"}], "changes": []},
    ],
)
def test_texts_of_other_schemas(engine: Engine, fields: dict[str, Any]) -> None:
    needed = {"event_id": str(new_event_id()), "org_id": "org_acme", "occurred_at": 10**15}
    raw = json.dumps(needed | fields, separators=(",", ":")).encode()
    columns = held(engine, [LogMaker().add(text=raw)])
    assert columns["org_id"] == ["org_acme"]


def test_time_is_kept_to_the_microsecond(engine: Engine) -> None:
    times = [946_684_800_000_000, 1_764_028_800_000_001, 4_102_444_799_999_999]
    maker = LogMaker()
    columns = held(engine, [maker.add(event(occurred_at=t)) for t in times])
    assert columns["occurred_at"] == times


def test_rows_per_second(engine: Engine, record_property: Any) -> None:
    """Not a benchmark: a floor below which something is parsed more than once."""
    maker = LogMaker()
    entries = [maker.add(event(labels=(Label(key="team", value="core"),))) for _ in range(20_000)]
    block = container([encode_entry(entry) for entry in entries])
    started = time.monotonic()
    assert engine.table.insert(block, os.urandom(8).hex()) == len(entries)
    rate = len(entries) / (time.monotonic() - started)
    record_property("rows_per_second", round(rate))
    assert rate > 5_000
