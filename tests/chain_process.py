"""Runs the chain until SIGTERM, for tests that kill it."""

import os
import signal
import threading

from prometheus_client import CollectorRegistry

from auditline.chain.metrics import ChainMetrics
from auditline.chain.partition import Setting
from auditline.chain.service import ChainService
from auditline.chain.settings import ChainSettings
from auditline.event import Codec
from auditline.kafka import KafkaSettings
from auditline.kafka.topics import Topics


def main() -> None:
    """Chain the log that the environment names."""
    prefix = os.environ["PREFIX"]
    setting = Setting(
        KafkaSettings(bootstrap_servers=os.environ["BOOTSTRAP"], topic_prefix=prefix),
        # Small batches: many transactions, so that a kill meets every step of one.
        ChainSettings(
            group=f"{prefix}-chain",
            batch_records=50,
            transaction_seconds=5,
            heads_every_entries=200,
            heads_every_seconds=1,
        ),
        Topics(prefix),
        int(os.environ["PARTITIONS"]),
        Codec(),
    )
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    ChainService(setting, ChainMetrics(CollectorRegistry()), stop).run(lambda _: 0.2)


if __name__ == "__main__":
    main()
