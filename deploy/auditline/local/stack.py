"""Kafka and ClickHouse together, and the handles by which tests break them."""

import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from auditline.local import kafka
from auditline.local.clickhouse.admin import run_as_admin
from auditline.local.clickhouse.roles import Role
from auditline.local.clickhouse.service import service as clickhouse_service
from auditline.local.ports import HOST
from auditline.local.service import Service, Status
from auditline.local.supervisor import Supervisor

DATABASE = "audit"
_ALL_OF_IT = 1 << 60


class RunAsAdmin(Protocol):
    """Runs statements as a role that no service holds; returns each one's answer, tab-separated."""

    def __call__(self, statements: Sequence[str], role: Role = ...) -> list[str]: ...


Migrate = Callable[[RunAsAdmin], None]


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where to reach the services: for the writer, for readers, and Kafka."""

    bootstrap_servers: str
    clickhouse_dsn: str
    clickhouse_reader_dsn: str


class LocalStack:
    """A broker and a ClickHouse server under one supervisor, all their files in *directory*."""

    def __init__(
        self, directory: Path, extra: Sequence[Service] = (), migrate: Migrate | None = None
    ) -> None:
        """*migrate* runs before ClickHouse serves; *extra* starts after both are ready.

        Raises SupervisorBusy when the directory is in use.
        """
        self.directory = directory.resolve()
        self._extra = extra
        self._migrate = migrate
        self._endpoints: Endpoints | None = None
        self.supervisor = Supervisor(self.directory)

    def start(self) -> Endpoints:
        """Starts everything and waits until it serves.

        Raises ToolMissing, KafkaSetupFailed, ServiceFailed or EngineError; `close` in any case.
        """
        broker = kafka.service(self.directory / "kafka")
        self.supervisor.begin(broker)  # takes its seconds while the database migrates
        run_as_admin(self._engine, [f"CREATE DATABASE IF NOT EXISTS {DATABASE}"])
        if self._migrate is not None:
            self._migrate(self._run_as_admin)
        database = clickhouse_service(self._engine)
        self.supervisor.start_all([broker, database])
        self.supervisor.start_all(self._extra)
        self._endpoints = Endpoints(
            bootstrap_servers=f"{HOST}:{broker.ports['kafka']}",
            clickhouse_dsn=dsn(Role.WRITER, database.ports["clickhouse"]),
            clickhouse_reader_dsn=dsn(Role.READER, database.ports["clickhouse"]),
        )
        return self._endpoints

    @property
    def endpoints(self) -> Endpoints:
        """Where the services are. Raises RuntimeError before `start`."""
        if self._endpoints is None:
            raise RuntimeError("the stack is not started")
        return self._endpoints

    @property
    def bootstrap_servers(self) -> str:
        """Kafka's address."""
        return self.endpoints.bootstrap_servers

    @property
    def clickhouse_dsn(self) -> str:
        """ClickHouse as the writer."""
        return self.endpoints.clickhouse_dsn

    @property
    def clickhouse_reader_dsn(self) -> str:
        """ClickHouse as a reader."""
        return self.endpoints.clickhouse_reader_dsn

    def admin(self, *statements: str, role: Role = Role.ADMINISTRATOR) -> list[str]:
        """Runs *statements* as *role* while ClickHouse is down for them, some three seconds.

        Returns each one's answer, tab-separated. Raises EngineError at the first refused one.
        """
        self.supervisor.stop("clickhouse")
        try:
            return self._run_as_admin(statements, role)
        finally:
            self.supervisor.start("clickhouse")

    def kill(
        self, name: str, number: signal.Signals = signal.SIGKILL, *, hold: bool = False
    ) -> None:
        """Sends a signal to "kafka" or "clickhouse"; one that dies is started again unless *hold*."""
        self.supervisor.kill(name, number, hold=hold)

    def stop_service(self, name: str) -> None:
        """Stops one service in good order and leaves it down until `start_service`."""
        self.supervisor.stop(name)

    def start_service(self, name: str) -> None:
        """Starts a stopped service again, on its old port, and waits until it is ready."""
        self.supervisor.start(name)

    def fill_disk(self, full: bool = True) -> None:
        """Restarts ClickHouse as on a full disk, where writes fail with code 243, or as before."""
        self.supervisor.stop("clickhouse")
        self.supervisor.start(clickhouse_service(self._engine, _ALL_OF_IT if full else 0))

    def wait_ready(self, name: str) -> None:
        """Waits until a service that was killed is back. Raises ServiceFailed."""
        self.supervisor.wait_ready(name)

    def status(self) -> list[Status]:
        """All services as they stand."""
        return self.supervisor.status()

    def close(self) -> None:
        """Stops everything."""
        self.supervisor.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def _engine(self) -> Path:
        return self.directory / "clickhouse"

    def _run_as_admin(self, statements: Sequence[str], role: Role = Role.MIGRATOR) -> list[str]:
        return run_as_admin(self._engine, statements, role)


def dsn(role: Role, port: int, password: str = "") -> str:
    """The DSN with which clickhouse-connect reaches the local server as *role*."""
    secret = f":{password}" if password else ""
    return f"clickhouse://{role}{secret}@{HOST}:{port}/{DATABASE}"
