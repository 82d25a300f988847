"""Runs the chain as `auditline chain` would, for tests that kill it."""

import os

from auditline.chain.run import run
from auditline.chain.settings import ChainSettings
from auditline.kafka import KafkaSettings
from auditline.service import stop_on_signals


def main() -> None:
    """Chain the log that the environment names."""
    prefix = os.environ["PREFIX"]
    kafka = KafkaSettings(bootstrap_servers=os.environ["BOOTSTRAP"], topic_prefix=prefix)
    # Small batches: many transactions, so that a kill meets every step of one.
    settings = ChainSettings(
        group=f"{prefix}-chain",
        batch_records=50,
        transaction_seconds=5,
        heads_every_entries=200,
        heads_every_seconds=1,
        health_port=0,
    )
    with stop_on_signals() as stop:
        run(kafka, settings, stop)


if __name__ == "__main__":
    main()
