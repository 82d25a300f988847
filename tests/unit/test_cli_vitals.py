"""What `status` reads from the health pages."""

from prometheus_client import CollectorRegistry, Gauge

from auditline.cli.vitals import Vitals, ask, lag
from auditline.service import HealthServer


def test_a_service_that_is_behind() -> None:
    registry = CollectorRegistry()
    records = Gauge("auditline_chain_lag_records", "x", ["partition"], registry=registry)
    seconds = Gauge("auditline_chain_lag_seconds", "x", ["partition"], registry=registry)
    for partition, (n, s) in enumerate([(5, 0.5), (7, 2.5)]):
        records.labels(str(partition)).set(n)
        seconds.labels(str(partition)).set(s)
    checks = {"chain": lambda: "no partitions assigned yet", "other": lambda: None}
    with HealthServer(registry, ready=checks) as server:
        found = ask("chain", "127.0.0.1", server.port)
    url = f"http://127.0.0.1:{server.port}"
    reasons = ["chain: no partitions assigned yet"]
    assert found == Vitals("chain", url, False, reasons, 12, 2.5)


def test_a_service_that_does_not_say_how_far_behind_it_is() -> None:
    assert lag("# nothing\n", "chain") == (None, None)


def test_something_else_on_the_port() -> None:
    with HealthServer(CollectorRegistry(), ready={}) as server:
        port = server.port
        assert ask("store", "127.0.0.1", port).ready
    found = ask("store", "127.0.0.1", port)
    assert not found.ready
    assert found.reasons[0].startswith("no answer: ")
