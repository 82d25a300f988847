"""What a test sees of the services it runs against, whoever runs them."""

import signal
from typing import Protocol

from auditline.local.clickhouse.roles import Role


class Stack(Protocol):
    """A running Kafka and ClickHouse, and the handles to break them."""

    @property
    def bootstrap_servers(self) -> str:
        """Kafka's address."""

    @property
    def clickhouse_dsn(self) -> str:
        """ClickHouse as the writer."""

    @property
    def clickhouse_reader_dsn(self) -> str:
        """ClickHouse as a reader."""

    def admin(self, *statements: str, role: Role = ...) -> list[str]:
        """Runs statements as a role no service holds; the answers, tab-separated.

        ClickHouse is down for two or three seconds meanwhile, so give it many at once.
        """

    def kill(self, name: str, number: signal.Signals = ..., *, hold: bool = ...) -> None:
        """Sends a signal to "kafka" or "clickhouse"; it is started again unless *hold*."""

    def stop_service(self, name: str) -> None:
        """Stops "kafka" or "clickhouse" in good order, until `start_service`."""

    def start_service(self, name: str) -> None:
        """Starts one again, on its old port, and waits until it is ready."""

    def wait_ready(self, name: str) -> None:
        """Waits until a service that was killed is back."""
