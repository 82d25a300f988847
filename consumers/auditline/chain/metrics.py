"""Prometheus metrics of the chain; names are ``auditline_chain_<what>_<unit>``."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from auditline.chain.records import Batch
from auditline.ledger import Kind

_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
_RECORDS = (1, 10, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)


class ChainMetrics:
    """The chain's metrics, in *registry*."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.entries = Counter(
            "auditline_chain_entries", "Entries appended.", ["partition", "kind"], registry=registry
        )
        self.duplicates = Counter(
            "auditline_chain_duplicates_dropped",
            "Retries that were dropped.",
            ["partition"],
            registry=registry,
        )
        self.dead_letters = Counter(
            "auditline_chain_dead_letters",
            "Records that could not enter the log.",
            ["partition"],
            registry=registry,
        )
        self.moved = Counter(
            "auditline_chain_moved",
            "Records that came to a wrong partition and were moved.",
            ["partition"],
            registry=registry,
        )
        self.batch_records = Histogram(
            "auditline_chain_batch_records",
            "Source records in a transaction.",
            buckets=_RECORDS,
            registry=registry,
        )
        self.commit_seconds = Histogram(
            "auditline_chain_commit_seconds",
            "To append a batch: from its records in memory to the commit.",
            buckets=_SECONDS,
            registry=registry,
        )
        self.restore_seconds = Histogram(
            "auditline_chain_restore_seconds",
            "To fence and restore a partition.",
            buckets=_SECONDS,
            registry=registry,
        )
        self.lag_records = Gauge(
            "auditline_chain_lag_records", "Records not chained.", ["partition"], registry=registry
        )
        self.lag_seconds = Gauge(
            "auditline_chain_lag_seconds",
            "Age of the newest chained record while others wait, else 0.",
            ["partition"],
            registry=registry,
        )
        self.last_commit = Gauge(
            "auditline_chain_last_commit_timestamp_seconds",
            "Unix time of the last commit; time() minus this is the time since.",
            registry=registry,
        )
        self.logs = Gauge("auditline_chain_logs", "Logs held.", ["partition"], registry=registry)
        self.restarts = Counter(
            "auditline_chain_restarts",
            "Times that memory was dropped and read again.",
            ["reason"],
            registry=registry,
        )

    def appended(self, partition: int, batch: Batch, records: int, seconds: float) -> None:
        """Count a committed *batch* of *records* source records."""
        label = str(partition)
        for kind, n in batch.kinds.items():
            self.entries.labels(label, Kind(kind).name.lower()).inc(n)
        self.duplicates.labels(label).inc(batch.duplicates)
        self.dead_letters.labels(label).inc(len(batch.dead_letters))
        self.moved.labels(label).inc(len(batch.moves))
        self.batch_records.observe(records)
        self.commit_seconds.observe(seconds)
        self.last_commit.set_to_current_time()

    def forget(self, partition: int) -> None:
        """Stop reporting the lag of a partition that another process has now."""
        for gauge in (self.lag_records, self.lag_seconds, self.logs):
            if (str(partition),) in gauge._metrics:
                gauge.remove(str(partition))
