"""Lines of JSON as events: what is filled in, what is kept to the digit, what is refused."""

import json
from typing import Any
from uuid import UUID

import pytest
from samples import event

from auditline.cli.event_line import Defaults, parse
from auditline.event import InvalidEvent, Op, Service, event_text

NEW_ID = UUID("0198f3c2-7a00-7000-8000-000000000001")
NOW = 1_764_028_800_000_000
DEFAULTS = Defaults(lambda: NEW_ID, lambda: NOW, Service("auditline-cli", "1"))

LEAST: dict[str, Any] = {
    "org_id": "org_acme",
    "action": "member.invite",
    "outcome": {"result": "success"},
    "actor": {"type": "user", "id": "usr_1"},
    "resource": {"type": "member"},
}


def line(**fields: Any) -> bytes:
    return json.dumps(LEAST | fields).encode()


def test_what_is_absent_is_filled_in() -> None:
    made = parse(line(), DEFAULTS)
    assert (made.event_id, made.occurred_at) == (NEW_ID, NOW)
    assert made.service == Service("auditline-cli", "1")
    assert made.org_id == "org_acme"


def test_what_is_there_is_kept() -> None:
    own = {"event_id": str(UUID(int=7)), "occurred_at": NOW - 1, "service": {"name": "gateway"}}
    made = parse(line(**own), DEFAULTS)
    assert (made.event_id, made.occurred_at) == (UUID(int=7), NOW - 1)
    assert made.service == Service("gateway")


def test_the_text_of_an_event_is_a_line() -> None:
    original = event("org_acme")
    assert parse(event_text(original), DEFAULTS) == original
    assert parse(event_text(original) + b"\r\n", DEFAULTS) == original


def test_digits_of_a_diff_are_kept() -> None:
    raw = (
        b'{"path":"/a","op":"replace","before":1.10,"after":123456789012345678901234567890},'
        b'{"path":"/b","op":"add","after":null},{"path":"/c","op":"add","after":{"x": [1e400]}}'
    )
    made = parse(line()[:-1] + b',"changes":[' + raw + b"]}", DEFAULTS)
    kept = [(c.path, c.op, c.before, c.after) for c in made.changes]
    assert kept == [
        ("/a", Op.REPLACE, "1.10", "123456789012345678901234567890"),
        ("/b", Op.ADD, None, "null"),
        ("/c", Op.ADD, None, '{"x": [1e400]}'),
    ]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"hello", "JSON is malformed"),
        (b"[1, 2]", "Expected `object`"),
        (b'{"org_id": "a"}', "missing required field `action`"),
        (line(org_id=""), r"\$\.org_id: .*length >= 1"),
        (line(actor={"type": "user"}), r"\$\.actor: .*missing required field `id`"),
        (line(actor={"type": "martian", "id": "1"}), r"\$\.actor\.type: Invalid enum value"),
        (line(acton="typo"), "unknown field `acton`"),
        (line(occurred_at="yesterday"), r"\$\.occurred_at: Expected `int`"),
        (line(occurred_at=1_764_028_800), r"\$\.occurred_at: "),
        (line(changes=[{"path": "/a"}]), r"\$\.changes\[0\]: .*missing required field `op`"),
        (line(changes={"path": "/a"}), r"\$\.changes: Expected `array`"),
        (line().replace(b"org_acme", b"org_\xff"), "not UTF-8 at byte"),
        (line().replace(b"org_acme", b"\\ud800"), r"\$\.org_id|malformed|surrogate"),
        (b'{"org_id":' + b"[" * 100_000, "nested too deeply"),
        (line(changes=[{"path": "/a", "op": "add", "after": 1}])[:-2], "truncated|malformed"),
    ],
)
def test_what_is_no_event_is_refused_by_name(bad: bytes, reason: str) -> None:
    with pytest.raises(InvalidEvent, match=reason):
        parse(bad, DEFAULTS)
