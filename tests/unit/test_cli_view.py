"""An entry as it is shown: from its evidence alone, hostile texts included."""

import hashlib
import json
from uuid import UUID

import orjson
import pytest
from samples import event

from auditline.cli.output import plain
from auditline.cli.view import View, as_json, details, diff, summary
from auditline.event import Change, Op, event_text
from auditline.ledger import Entry, Kind, Leaf, commitment, leaf_hash

EVENT = event(
    "org_acme",
    occurred_at=1_764_028_800_123_456,
    changes=(
        Change("/limits/rpm", Op.REPLACE, "1.10", "1e400"),
        Change("/key", Op.REPLACE, redacted=True, fingerprint="9a3f"),
        Change("/old", Op.REMOVE, before='{"a": [1, 2]}'),
    ),
)


def entry(text: bytes) -> Entry:
    salt = b"s" * 16
    leaf = Leaf(
        b"l" * 16,
        7,
        1_764_028_801_000_000,
        EVENT.event_id.bytes,
        commitment(salt, text),
        Kind.EVENT,
        3,
        99,
        b"p" * 32,
    )
    return Entry(leaf.pack(), salt, text)


VIEW = View.of(entry(event_text(EVENT)))


def test_a_line_of_a_table() -> None:
    assert summary(VIEW) == (
        "2025-11-25 00:00:01.000",
        "org_acme",
        7,
        "zoe@example.com",
        "provider_key.rotate",
        "provider_key · OpenAI prod",
        "success · 200",
        "203.0.113.7",
    )


def test_the_diff_field_by_field() -> None:
    assert list(diff(VIEW)) == [
        ("/limits/rpm", "replace", "1.10", "1e400"),
        ("/key", "replace", None, "(redacted, fingerprint 9a3f)"),
        ("/old", "remove", '{"a": [1, 2]}', None),
    ]


def test_details_leave_out_what_is_absent() -> None:
    found = dict(details(VIEW))
    assert found["who"] == "zoe@example.com · usr_1"
    assert found["occurred at"] == "2025-11-25 00:00:00.123 UTC"
    assert found["event id"] == str(EVENT.event_id)
    assert "for" not in found
    assert "because" not in found


def test_json_carries_the_very_text_that_was_hashed() -> None:
    line = orjson.dumps(as_json(VIEW))
    assert event_text(EVENT) in line
    found = json.loads(line)
    assert (found["org_id"], found["seq"], found["kind"]) == ("org_acme", 7, "event")
    assert "evidence" not in found


def test_the_evidence_is_enough_to_compute_the_hashes_again() -> None:
    found = json.loads(orjson.dumps(as_json(VIEW, evidence=True)))
    evidence = found["evidence"]
    leaf, salt = bytes.fromhex(evidence["leaf"]), bytes.fromhex(evidence["salt"])
    assert hashlib.sha256(b"\0" + leaf).hexdigest() == found["leaf_hash"] == evidence["leaf_hash"]
    assert commitment(salt, event_text(EVENT)).hex() == evidence["commitment"]
    assert leaf_hash(leaf).hex() == evidence["leaf_hash"]
    assert UUID(evidence["event_id"]) == EVENT.event_id


@pytest.mark.parametrize(
    "text", [b"", b"not json", b"\xff\xfe", b'{"org_id":', b"[]", b'{"a":1,"changes":[{"path":']
)
def test_a_damaged_text_is_shown_as_such(text: bytes) -> None:
    view = View.of(entry(text))
    found = json.loads(orjson.dumps(as_json(view, evidence=True)))
    assert found["event"] is None
    assert found["unreadable"] == text.decode("utf-8", "backslashreplace")
    assert summary(view)[2] == 7
    assert list(diff(view)) == []


def test_a_diff_too_deep_to_be_parsed_hides_nothing_else() -> None:
    deep = "[" * 1000 + "]" * 1000
    made = event("org_acme", changes=(Change("/a", Op.ADD, after=deep),))
    view = View.of(entry(event_text(made)))
    assert summary(view)[1] == "org_acme"
    assert [path for path, *_ in diff(view)] == ["(nested too deeply to be shown; --json has it)"]
    assert event_text(made) in orjson.dumps(as_json(view))


def test_fields_of_the_wrong_type_do_not_break_it() -> None:
    view = View.of(entry(b'{"org_id":5,"actor":[1],"outcome":"x","occurred_at":"y"}'))
    assert summary(view)[1] == 5
    assert "occurred at" not in dict(details(view))


def test_a_terminal_is_safe_from_what_callers_send() -> None:
    assert plain("a\x1b[31mb\r\nc\u202ed") == "a\\x1b[31mb\\x0d\\x0ac\\x202ed"
    assert plain("Zoë 日本") == "Zoë 日本"
    assert plain(None) == ""
