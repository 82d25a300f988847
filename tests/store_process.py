"""Runs the store until SIGTERM, for tests that kill it."""

import os

from pydantic import SecretStr

from auditline.kafka import KafkaSettings
from auditline.service import stop_on_signals
from auditline.store.run import run
from auditline.store.settings import ClickHouseSettings, StoreSettings


def main() -> None:
    """Load the log that the environment names."""
    prefix = os.environ["PREFIX"]
    with stop_on_signals() as stop:
        run(
            KafkaSettings(bootstrap_servers=os.environ["BOOTSTRAP"], topic_prefix=prefix),
            ClickHouseSettings(dsn=SecretStr(os.environ["DSN"])),
            # Small batches: many inserts, so that a kill meets every step of one.
            StoreSettings(
                group=f"{prefix}-store",
                batch_rows=20,
                batch_seconds=0.05,
                retry_seconds=0.5,
                health_port=0,
            ),
            stop,
        )


if __name__ == "__main__":
    main()
