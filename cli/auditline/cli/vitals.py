"""What a service says of itself on its health pages, for `status`."""

from dataclasses import dataclass, field

import httpx2
from prometheus_client.parser import text_string_to_metric_families

_PATIENCE = 3.0


@dataclass(frozen=True, slots=True)
class Vitals:
    """One service: ready, or why not; and how far behind, where it says so."""

    name: str
    url: str
    ready: bool
    reasons: list[str] = field(default_factory=list)
    lag_records: int | None = None
    lag_seconds: float | None = None


def ask(name: str, host: str, port: int) -> Vitals:
    """Ask the health pages of the service *name*; never raises for one that does not answer."""
    url = f"http://{host}:{port}"
    try:
        ready = httpx2.get(f"{url}/readyz", timeout=_PATIENCE)
        metrics = httpx2.get(f"{url}/metrics", timeout=_PATIENCE)
        checks: dict[str, str | None] = ready.json()["checks"]
    except (httpx2.HTTPError, ValueError, KeyError) as error:
        return Vitals(name, url, False, [f"no answer: {error}"])
    reasons = [f"{check}: {reason}" for check, reason in checks.items() if reason is not None]
    records, seconds = lag(metrics.text, name)
    return Vitals(name, url, ready.status_code == 200, reasons, records, seconds)


def lag(metrics: str, name: str) -> tuple[int | None, float | None]:
    """Records behind in all partitions together, and seconds in the slowest."""
    found: dict[str, list[float]] = {}
    for family in text_string_to_metric_families(metrics):
        for sample in family.samples:
            found.setdefault(sample.name, []).append(sample.value)
    records = found.get(f"auditline_{name}_lag_records")
    seconds = found.get(f"auditline_{name}_lag_seconds")
    return (
        int(sum(records)) if records is not None else None,
        max(seconds) if seconds is not None else None,
    )
