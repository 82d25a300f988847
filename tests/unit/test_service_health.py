"""Health pages over real HTTP, and the wait between attempts."""

import socket
from collections.abc import Iterator

import httpx2
import pytest
from prometheus_client import CollectorRegistry, Counter

from auditline.service import CannotListen, HealthServer, delay


class Process:
    """What the checks see."""

    ready: str | None = None
    alive: str | None = None


@pytest.fixture
def process() -> Process:
    return Process()


@pytest.fixture
def url(process: Process) -> Iterator[str]:
    registry = CollectorRegistry()
    Counter("auditline_things", "Things.", registry=registry).inc(3)
    checks = {"kafka": lambda: process.ready, "clickhouse": lambda: None}
    with HealthServer(registry, ready=checks, alive={"loop": lambda: process.alive}) as server:
        yield f"http://127.0.0.1:{server.port}"


def test_ready_says_so(url: str) -> None:
    answer = httpx2.get(f"{url}/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "checks": {"kafka": None, "clickhouse": None}}


def test_not_ready_gives_the_reason_and_alive_is_another_question(
    url: str, process: Process
) -> None:
    process.ready = "no partitions assigned yet"
    answer = httpx2.get(f"{url}/readyz")
    assert answer.status_code == 503
    assert answer.json() == {
        "status": "not ready",
        "checks": {"kafka": "no partitions assigned yet", "clickhouse": None},
    }
    assert httpx2.get(f"{url}/livez").status_code == 200


def test_not_alive(url: str, process: Process) -> None:
    process.alive = "the loop has not turned for 130 s"
    answer = httpx2.get(f"{url}/livez")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {"loop": "the loop has not turned for 130 s"}


def test_metrics_are_those_of_the_registry_given(url: str) -> None:
    answer = httpx2.get(f"{url}/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "auditline_things_total 3.0" in answer.text.splitlines()
    assert "python_info" not in answer.text


def test_another_page_names_those_there_are(url: str) -> None:
    answer = httpx2.get(f"{url}/")
    assert answer.status_code == 404
    assert answer.json()["pages"] == ["/livez", "/readyz", "/metrics"]


def test_a_silent_client_does_not_keep_others_waiting(url: str) -> None:
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))):
        assert httpx2.get(f"{url}/livez", timeout=2).status_code == 200


def test_a_taken_port_is_named() -> None:
    with (
        HealthServer(CollectorRegistry(), ready={}) as first,
        pytest.raises(CannotListen, match=rf"127\.0\.0\.1:{first.port}: Address already in"),
    ):
        HealthServer(CollectorRegistry(), ready={}, port=first.port)


def test_the_port_is_free_again_afterwards() -> None:
    with HealthServer(CollectorRegistry(), ready={}) as first:
        pass
    with HealthServer(CollectorRegistry(), ready={}, port=first.port) as second:
        assert second.port == first.port


@pytest.mark.parametrize(
    ("attempt", "longest"), [(1, 0.5), (2, 1.0), (4, 4.0), (7, 30.0), (10_000, 30.0)]
)
def test_delay_doubles_up_to_the_cap(attempt: int, longest: float) -> None:
    assert delay(attempt, 0.5, 30.0, lambda: 1.0) == longest
    assert delay(attempt, 0.5, 30.0, lambda: 0.0) == 0.0
    assert delay(attempt, 0.5, 30.0, lambda: 0.25) == longest / 4


def test_delay_counts_from_one() -> None:
    with pytest.raises(ValueError, match="counted from 1"):
        delay(0, 0.5, 30.0, lambda: 0.5)
