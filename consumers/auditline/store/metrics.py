"""Prometheus metrics of the store; names are ``auditline_store_<what>_<unit>``."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from auditline.store.partition import Loaded

_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
_ROWS = (1, 10, 100, 1000, 5000, 10_000, 20_000, 50_000, 100_000, 500_000)


class StoreMetrics:
    """The store's metrics, in *registry*."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.rows = Counter(
            "auditline_store_rows_inserted", "Rows inserted.", ["partition"], registry=registry
        )
        self.batch_rows = Histogram(
            "auditline_store_batch_rows", "Rows in an insert.", buckets=_ROWS, registry=registry
        )
        self.insert_seconds = Histogram(
            "auditline_store_insert_seconds",
            "For one batch: intent, insert, reading back, commit.",
            buckets=_SECONDS,
            registry=registry,
        )
        self.retries = Counter(
            "auditline_store_retries", "Tries of an insert after its first.", registry=registry
        )
        self.lag_records = Gauge(
            "auditline_store_lag_records", "Offsets not stored.", ["partition"], registry=registry
        )
        self.lag_seconds = Gauge(
            "auditline_store_lag_seconds",
            "Age of the newest stored record while others wait, else 0.",
            ["partition"],
            registry=registry,
        )
        self.last_commit = Gauge(
            "auditline_store_last_commit_timestamp_seconds",
            "Unix time of the last commit; time() minus this is the time since.",
            registry=registry,
        )
        self.unavailable = Gauge(
            "auditline_store_clickhouse_unavailable",
            "1 while ClickHouse cannot be reached.",
            registry=registry,
        )
        self.restarts = Counter(
            "auditline_store_restarts",
            "Times that memory was dropped and read again.",
            ["reason"],
            registry=registry,
        )

    def loaded(self, partition: int, loaded: Loaded, seconds: float) -> None:
        """Count a batch that is in the table."""
        self.rows.labels(str(partition)).inc(loaded.rows)
        self.batch_rows.observe(loaded.rows)
        self.insert_seconds.observe(seconds)
        self.last_commit.set_to_current_time()

    def behind(self, partition: int, records: int, seconds: float) -> None:
        """Note how far a partition is behind."""
        self.lag_records.labels(str(partition)).set(records)
        self.lag_seconds.labels(str(partition)).set(seconds)

    def forget(self, partition: int) -> None:
        """Stop reporting the lag of a partition that another process has now."""
        for gauge in (self.lag_records, self.lag_seconds):
            # remove() of what was never set is an error.
            gauge.labels(str(partition))
            gauge.remove(str(partition))
