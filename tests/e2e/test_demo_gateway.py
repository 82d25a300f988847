"""The demo gateway against a real broker: what is answered is in the log, and nothing else is done."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from confluent_kafka import Consumer, TopicPartition
from harness import KafkaLog, eventually
from stacks import Stack

from auditline.event import AuditEvent, decode
from demo.driver.journal import read
from demo.processes import Gateway, gateway

pytestmark = pytest.mark.integration
PATIENCE = 60.0


class Records:
    """All events on a topic so far."""

    def __init__(self, log: KafkaLog) -> None:
        self._consumer = Consumer(
            {"bootstrap.servers": log.kafka.bootstrap_servers, "group.id": "test"}
        )
        self._consumer.assign([TopicPartition(log.topics.events, p, 0) for p in range(2)])
        self.events: list[AuditEvent] = []

    def of(self, request_id: str) -> list[AuditEvent]:
        """The events of one request, in order of arrival."""
        while (message := self._consumer.poll(0.2)) is not None:
            value = message.value()
            assert value is not None
            self.events.append(decode(value))
        return [e for e in self.events if e.request.id == request_id]

    def close(self) -> None:
        self._consumer.close()


@pytest.fixture
def log(stack: Stack) -> KafkaLog:
    return KafkaLog(stack.bootstrap_servers)


@pytest.fixture
def records(log: KafkaLog) -> Iterator[Records]:
    found = Records(log)
    yield found
    found.close()


@pytest.fixture
def served(log: KafkaLog, tmp_path: Path) -> Iterator[Gateway]:
    with gateway(tmp_path, log.kafka.bootstrap_servers, log.topics.events, timeout=2.0) as found:
        yield found


def create(served: Gateway, org: str, request_id: str) -> httpx2.Response:
    return httpx2.put(
        f"{served.url}/v1/orgs/{org}",
        json={"name": "A", "owner_email": "o@a.example"},
        headers={
            "authorization": f"Bearer {served.environment['GATEWAY_MASTER_KEY']}",
            "x-request-id": request_id,
        },
        timeout=PATIENCE,
    )


def test_each_answered_action_is_recorded_exactly_once(
    served: Gateway, records: Records, tmp_path: Path
) -> None:
    journal = tmp_path / "journal.jsonl"
    command = [sys.executable, "-m", "demo.driver", "--gateway", served.url, "--seed", "3"]
    done = subprocess.run(
        [*command, "--requests", "120", "--journal", str(journal)],
        env=dict(served.environment),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = read(journal)
    assert len(lines) >= 120
    assert {line.outcome for line in lines} == {"success", "failure", "denied"}
    for line in lines:
        (event,) = records.of(line.request_id)
        assert (event.org_id, event.action) == (line.org_id, line.action)
        assert event.outcome.result.value == line.outcome
        assert event.outcome.code == str(line.status)
        assert event.source.client_ip == line.client_ip
        assert event.source.peer_ip == "127.0.0.1"
        assert line.actor_email in (None, event.actor.email)
    assert len(records.events) == len(lines)
    assert "sk-live-" not in repr(records.events)


def test_without_the_audit_log_nothing_is_changed(
    stack: Stack, served: Gateway, records: Records
) -> None:
    assert create(served, "org_before", "req_before").status_code == 201
    stack.stop_service("kafka")
    try:
        answer = create(served, "org_a", "req_lost")
        assert answer.status_code == 503
        assert answer.headers["x-request-id"] == "req_lost"
        denied = httpx2.get(f"{served.url}/v1/orgs/org_before/members", timeout=PATIENCE)
        assert denied.status_code == 503  # a denial that is not recorded is not answered either
    finally:
        stack.start_service("kafka")
    eventually(
        "the gateway is back", lambda: create(served, "org_a", "req_again").status_code != 503
    )
    # It was rolled back, or this would have been a 409.
    results = [e.outcome.result.value for e in records.of("req_again")]
    assert "success" in results
    # The event was under way: it arrives, and so does the one that takes it back.
    eventually("both events of the lost request", lambda: len(records.of("req_lost")) == 2)
    first, second = records.of("req_lost")
    assert (first.outcome.result.value, second.outcome.result.value) == ("success", "failure")
    assert second.outcome.code == "503"
    assert "rolled back" in (second.outcome.reason or "")


def test_a_gateway_without_keys_or_broker_says_so(tmp_path: Path) -> None:
    arguments = ["--port", "1", "--database", str(tmp_path / "s"), "--bootstrap-servers", "x"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GATEWAY_")}
    done = subprocess.run(
        [sys.executable, "-m", "demo.gateway", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "GATEWAY_MASTER_KEY" in done.stderr
