"""Events: codec, both decoders, validation, text, identifiers, partitions."""

import io
import json
import time
from typing import Any
from uuid import UUID

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from samples import event, number

from auditline.event import (
    AuditEvent,
    Change,
    Codec,
    InvalidEvent,
    Label,
    Op,
    check,
    decode,
    encode,
    event_text,
    new_event_id,
    partition_for,
)
from auditline.event.decoder import with_cavro, with_fastavro
from auditline.event.partition import murmur2
from auditline.event.schema import by_prefix, committed, plain

NEWEST = plain(list(committed().values())[-1])
DECODERS = {"cavro": with_cavro(NEWEST), "fastavro": with_fastavro(NEWEST)}

words = st.text(st.characters(codec="utf-8"), max_size=20)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
changes = st.builds(
    Change,
    path=words,
    op=st.sampled_from(Op),
    before=st.none() | json_values.map(json.dumps),
    after=st.none() | json_values.map(lambda v: json.dumps(v, ensure_ascii=False, indent=1)),
    redacted=st.booleans(),
)
events = st.builds(
    lambda name, labels, diff, producer: replace(
        event(),
        claimed_actor=name,
        labels=tuple(labels),
        changes=tuple(diff),
        producer=producer,
    ),
    st.none() | words,
    st.lists(st.builds(Label, key=words.filter(bool), value=words), max_size=3),
    st.lists(changes, max_size=4),
    st.none() | st.builds(number, st.integers(1, 2**63 - 1)),
)


@given(events)
@settings(max_examples=40)
def test_encode_and_decode_are_inverse(one: AuditEvent) -> None:
    assert decode(encode(one)) == one


@given(events)
@settings(max_examples=40)
def test_the_text_is_one_line_of_what_the_event_says(one: AuditEvent) -> None:
    text = event_text(one)
    assert b"\n" not in text
    assert b"\r" not in text
    seen = json.loads(text)
    assert seen["event_id"] == str(one.event_id)
    assert seen.get("claimed_actor") == one.claimed_actor
    for change, shown in zip(one.changes, seen.get("changes", []), strict=True):
        for name in ("before", "after"):
            said = getattr(change, name)
            assert (name in shown) == (said is not None)
            assert said is None or shown[name] == json.loads(said)
    head, mark, _ = text.partition(b',"changes":[')
    assert json.loads(head + b"}" if mark else head).keys() == seen.keys() - {"changes"}


def test_numbers_keep_their_digits() -> None:
    for digits in ("1e999", "0.10", "1.0", "-0", "12345678901234567890123456789.0", "9" * 400):
        one = event(changes=(Change(path="/n", op=Op.ADD, after=digits),))
        assert f'"after":{digits}}}'.encode() in event_text(decode(encode(one)))


@given(st.data())
@settings(max_examples=100)
def test_both_decoders_agree_on_damaged_bytes(data: st.DataObject) -> None:
    """Flip, cut and add: the same value, or both refuse."""
    body = bytearray(encode(event(producer=number(3)))[10:])
    for _ in range(data.draw(st.integers(0, 3))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(body)))
    damaged = bytes(body[:cut]) + data.draw(st.binary(max_size=3))
    outcomes: list[Any] = []
    for decoder in DECODERS.values():
        try:
            outcomes.append(decoder(damaged))
        except InvalidEvent:
            outcomes.append(InvalidEvent)
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"org_id": ""}, "$.org_id"),
        ({"org_id": "x" * 257}, "$.org_id"),
        ({"occurred_at": 0}, "$.occurred_at"),
        ({"occurred_at": 7_258_118_400_000_000}, "$.occurred_at"),
        ({"action": ""}, "$.action"),
        ({"environment": 7}, "$.environment"),
        ({"labels": (Label(key="", value="x"),)}, "$.labels[0].key"),
        ({"changes": (Change(path="", op=Op.ADD, after="{"),)}, "$.changes[0].after"),
        ({"changes": (Change(path="", op=Op.ADD, before="\ud800"),)}, "$.changes[0].before"),
        ({"producer": number(0)}, "$.producer.counter"),
    ],
    ids=lambda value: str(value)[:40].encode("ascii", "replace").decode(),
)
def test_validation_names_the_field(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidEvent) as caught:
        check(event(**fields))
    assert caught.value.field == field


def test_confluent_framing_needs_a_registry_that_knows_the_schema() -> None:
    one = event()
    framed = b"\x00" + (7).to_bytes(4) + encode(one)[10:]
    asked: list[int] = []

    def registry(schema_id: int) -> Any:
        asked.append(schema_id)
        return list(committed().values())[-1]

    codec = Codec(registry=registry)
    assert [codec.decode(framed), codec.decode(framed)] == [one, one]
    assert asked == [7]
    with pytest.raises(InvalidEvent, match="registry"):
        decode(framed)
    with pytest.raises(InvalidEvent, match="not a known version"):
        Codec(registry=lambda _: {"type": "record", "name": "Other", "fields": []}).decode(framed)


def _without(schema: Any, *names: str) -> Any:
    return {**schema, "fields": [f for f in schema["fields"] if f["name"] not in names]}


def test_an_older_version_is_read_with_the_schema_it_was_written_with() -> None:
    newest = list(committed().values())[-1]
    older = _without(newest, "labels", "legal_hold", "targets", "justification")
    record = json.loads(event_text(event(changes=())))
    record["event_id"] = UUID(record["event_id"]).bytes
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(plain(older)), record)
    (mark,) = by_prefix([older])
    seen = Codec([newest, older]).decode(mark + out.getvalue())
    assert seen.labels == ()
    with pytest.raises(InvalidEvent, match="unknown schema fingerprint"):
        decode(mark + out.getvalue())


def test_event_ids_are_sortable_versions_of_now() -> None:
    before = time.time_ns() // 1_000_000
    ids = [new_event_id() for _ in range(10_000)]
    assert ids == sorted(set(ids))
    assert {(i.version, i.variant) for i in ids} == {(7, "specified in RFC 4122")}
    assert before - 1 <= ids[0].int >> 80 <= time.time_ns() // 1_000_000 + 1


@pytest.mark.parametrize(
    ("key", "hash_"),
    [
        # From Apache Kafka's UtilsTest.testMurmur2.
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_murmur2_is_the_java_clients(key: bytes, hash_: int) -> None:
    assert murmur2(key) == hash_ % 2**32


def test_partitions_are_in_range() -> None:
    assert {partition_for(f"org_{i}", 7) for i in range(200)} == set(range(7))
