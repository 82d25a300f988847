"""Logs: one JSON object a line, text for people, and no secrets in either."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from pydantic import BaseModel, SecretStr

from auditline.service import configure_logging
from auditline.service.redaction import HIDDEN, redact


class Terminal(io.StringIO):
    """A stream that says it is one."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def logged(act: Callable[[], None], level: Any = "info") -> list[dict[str, Any]]:
    out = io.StringIO()
    configure_logging("json", level, out)
    act()
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_line_is_an_object() -> None:
    log = structlog.get_logger("auditline.test")
    [line] = logged(lambda: log.warning("dead letter", partition=3, reason="größer"))
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "dead letter",
        "level": "warning",
        "logger": "auditline.test",
        "partition": 3,
        "reason": "größer",
    }


def test_the_standard_library_logs_the_same_way() -> None:
    [line] = logged(lambda: logging.getLogger("auditline.kafka.client").error("lost %s", "b1"))
    assert (line["event"], line["level"]) == ("lost b1", "error")
    assert line["logger"] == "auditline.kafka.client"


def test_level() -> None:
    log = structlog.get_logger("auditline.test")

    def act() -> None:
        log.info("no")
        log.error("yes")

    assert [line["event"] for line in logged(act, "error")] == ["yes"]


class Sasl(BaseModel):
    username: str
    password: SecretStr


def test_secrets_are_hidden_wherever_they_are() -> None:
    log = structlog.get_logger("auditline.test")
    sasl = Sasl(username="zoe", password=SecretStr("hunter2"))

    def act() -> None:
        log.info("one", password="hunter2", client_secret="hunter2", api_key="hunter2")
        log.info("two", settings=sasl, value=sasl.password, nested={"a": [{"token": "hunter2"}]})
        log.info("three", dsn="https://writer:hunter2@ch:8443/audit")
        try:
            raise ValueError("cannot reach clickhouse://writer:hunter2@ch/audit")
        except ValueError:
            log.exception("four")
        logging.getLogger("x").warning("five %s", "kafka://u:hunter2@b:9092")

    lines = logged(act)
    assert len(lines) == 5
    assert "hunter2" not in json.dumps(lines)
    assert lines[2]["dsn"] == f"https://writer:{HIDDEN}@ch:8443/audit"
    assert "ValueError: cannot reach clickhouse://writer:" in lines[3]["exception"]


def test_a_traceback_does_not_show_local_variables() -> None:
    def act() -> None:
        hunter = "hunter" + "2"
        try:
            raise ValueError(str(len(hunter)))
        except ValueError:
            structlog.get_logger("auditline.test").exception("failed")

    for stream in (io.StringIO(), Terminal()):
        configure_logging("auto", "info", stream)
        act()
        assert "failed" in stream.getvalue()
        assert "hunter2" not in stream.getvalue()


def test_what_is_no_secret_is_left_alone() -> None:
    event = {"tokens": 12, "partition": 3, "url": "https://host:8443/a@b", "password": None}
    assert redact(None, "info", event) == event


def test_text_on_a_terminal() -> None:
    out = Terminal()
    configure_logging("auto", "info", out)
    structlog.get_logger("auditline.test").info("partition restored", partition=3)
    assert "partition restored" in out.getvalue()
    assert not out.getvalue().startswith("{")
