"""The demo driver's own decisions: what it expects, counts, and holds the log against."""

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from demo.driver.client import Identity, Numbers
from demo.driver.journal import Journal, Line, Outcome, outcome_of, read, summary
from demo.driver.steps import STEPS, next_step
from demo.evidence import Row, differences

LINE = Line("req_1", "org_a", "api_key.roll", 200, "success", "success", "203.0.113.7", "a@x")
ROW = Row("org_a", 4, "req_1", "api_key.roll", "success", "203.0.113.7")


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, "success"),
        (201, "success"),
        (401, "denied"),
        (403, "denied"),
        (404, "failure"),
        (409, "failure"),
        (422, "failure"),
        (500, "failure"),
        (502, "failure"),
        (503, "unrecorded"),
    ],
)
def test_outcome_of_a_status(status: int, outcome: Outcome) -> None:
    assert outcome_of(status) == outcome


def test_a_journal_is_read_back_as_written(tmp_path: Path) -> None:
    other = Line("req_2", "org_b", "api_key.roll", 403, "denied", "success", "192.0.2.1")
    journal = Journal(tmp_path / "journal.jsonl")
    journal.add(LINE)
    journal.add(other)
    journal.close()
    assert read(tmp_path / "journal.jsonl") == [LINE, other]
    assert [line.surprising for line in journal.lines] == [False, True]
    assert summary(journal.lines) == [("api_key.roll", {"success": 1, "denied": 1})]


def test_the_seed_alone_decides_the_steps() -> None:
    def drawn(seed: str) -> list[object]:
        random = Random(seed)
        return [next_step(random) for _ in range(50)]

    assert drawn("7/acme") == drawn("7/acme")
    assert drawn("7/acme") != drawn("8/acme")
    assert len(STEPS) == len({step for _, step in STEPS})


def test_a_request_leaves_as_a_proxy_would_send_it() -> None:
    who = Identity(ip="203.0.113.7", user_agent="curl", token="gws_1", spoofs=True)
    headers = who.headers(Numbers("req_7").next())
    assert headers["x-forwarded-for"] == "10.0.0.1, 203.0.113.7"
    assert headers["x-request-id"] == "req_7_0001"
    assert headers["authorization"] == "Bearer gws_1"
    assert "gws_1" not in repr(who)


def test_no_difference_where_each_action_is_there_once() -> None:
    assert differences([LINE], [ROW]) == []


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([], "0 entries"),
        ([ROW, replace(ROW, seq=5)], "2 entries"),
        ([replace(ROW, outcome="failure")], "not"),
        ([replace(ROW, org_id="org_b")], "org_b"),
        ([replace(ROW, client_ip="10.0.0.1")], "10.0.0.1"),
        ([ROW, replace(ROW, request_id="req_9")], "nobody did it"),
    ],
)
def test_each_difference_is_named(rows: list[Row], problem: str) -> None:
    (found,) = differences([LINE], rows)
    assert problem in found


def test_an_unrecorded_request_may_or_may_not_be_there() -> None:
    line = Line("req_1", "org_a", "api_key.roll", 503, "unrecorded", "success", "203.0.113.7")
    assert differences([line], []) == []
    assert differences([line], [ROW, replace(ROW, seq=5, outcome="failure")]) == []
