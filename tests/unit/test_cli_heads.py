"""Heads from outside: how they are written, and which log each is of."""

import json
from pathlib import Path
from typing import Any

import pytest

from auditline.cli.errors import CommandFailed
from auditline.cli.exits import Exit
from auditline.cli.heads import GivenHead, by_log_id, parse_head, saved_heads
from auditline.ledger.verify import Head

A, B = "a" * 32, "b" * 32
HEAD = Head(3, b"\x01" * 32)
OTHER = Head(4, b"\x02" * 32)
LOGS = [("org_a", A), ("org_b", B)]


def test_a_head_names_its_log() -> None:
    assert parse_head(f"org_a:{HEAD}") == GivenHead("org_a", HEAD)
    assert parse_head(f"urn:org:7:{HEAD}") == GivenHead("urn:org:7", HEAD)


@pytest.mark.parametrize(
    "text",
    ["", "org_a", f":{HEAD}", f"{HEAD}", "org_a:3:beef", f"org_a:0:{'0' * 64}", f"o:x:{A}{A}"],
)
def test_what_is_no_head(text: str) -> None:
    with pytest.raises(CommandFailed) as caught:
        parse_head(text)
    assert caught.value.code == Exit.USAGE


def test_heads_find_their_logs() -> None:
    given = [GivenHead("org_a", HEAD), GivenHead(B, OTHER, "org_b")]
    assert by_log_id(given, LOGS, None) == {A: HEAD, B: OTHER}


def test_a_log_that_is_gone_is_missed_not_forgotten() -> None:
    assert by_log_id([GivenHead("org_z", HEAD)], LOGS, None) == {"org_z": HEAD}
    assert by_log_id([GivenHead("org_z", HEAD)], [], "org_z") == {"org_z": HEAD}
    assert by_log_id([GivenHead(A, HEAD, "org_a")], [], "org_a") == {A: HEAD}
    assert by_log_id([GivenHead(A, HEAD)], [], "org_a") == {A: HEAD}


def test_a_second_log_of_an_organization_has_to_meet_the_head_too() -> None:
    assert by_log_id([GivenHead("org_a", HEAD)], [*LOGS, ("org_a", B)], None) == {A: HEAD, B: HEAD}


def test_of_one_organization_only_its_own() -> None:
    saved = [GivenHead(A, HEAD, "org_a"), GivenHead(B, OTHER, "org_b")]
    assert by_log_id(saved, LOGS[:1], "org_a") == {A: HEAD}
    with pytest.raises(CommandFailed, match="a head of org_b, but only org_a is verified"):
        by_log_id([GivenHead("org_b", HEAD)], LOGS[:1], "org_a")


def test_two_heads_of_one_log() -> None:
    with pytest.raises(CommandFailed, match="bring the newest"):
        by_log_id([GivenHead("org_a", HEAD), GivenHead(A, OTHER)], LOGS, None)


def report(verdict: str = "UNANCHORED", **log: Any) -> dict[str, Any]:
    return {
        "verdict": verdict,
        "logs": [{"org_id": "org_a", "log_id": A, "head": str(HEAD)} | log],
    }


def test_what_verify_printed_is_read_back(tmp_path: Path) -> None:
    file = tmp_path / "heads.json"
    file.write_text(json.dumps(report()))
    assert saved_heads(file) == [GivenHead(A, HEAD, "org_a")]


@pytest.mark.parametrize(
    ("content", "code", "reason"),
    [
        ("", Exit.BAD_INPUT, "is not what"),
        ("[]", Exit.BAD_INPUT, "is not what"),
        (json.dumps(report(head="3:x")), Exit.BAD_INPUT, "is not what"),
        (json.dumps(report(head=None)), Exit.BAD_INPUT, "holds no heads"),
        (json.dumps(report("TAMPERED")), Exit.BAD_INPUT, "no heads of a whole log: TAMPERED"),
        (None, Exit.NOT_FOUND, "No such file"),
    ],
)
def test_a_file_that_cannot_be_used(
    tmp_path: Path, content: str | None, code: Exit, reason: str
) -> None:
    file = tmp_path / "heads.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(CommandFailed, match=reason) as caught:
        saved_heads(file)
    assert caught.value.code == code
