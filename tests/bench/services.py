"""Kafka, and ClickHouse where it is needed, in a directory that is removed afterwards."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from auditline.local import kafka
from auditline.local.ports import HOST
from auditline.local.stack import LocalStack, RunAsAdmin
from auditline.local.supervisor import Supervisor
from auditline.store.migrate import migrate
from bench.log import Addresses, BenchLog


@dataclass(frozen=True, slots=True)
class Services:
    """What runs, where, and each one's process id."""

    addresses: Addresses
    directory: Path
    pids: dict[str, int]

    def log(self, partitions: int = 1) -> BenchLog:
        """A new log on these services."""
        return BenchLog(self.addresses, self.directory, partitions)


@contextmanager
def only_kafka() -> Iterator[Services]:
    """A broker by itself."""
    with tempfile.TemporaryDirectory(prefix="auditline-bench-") as name:
        directory = Path(name)
        with Supervisor(directory / "stack") as supervisor:
            broker = kafka.service(directory / "stack" / "kafka")
            supervisor.start(broker)
            addresses = Addresses(f"{HOST}:{broker.ports['kafka']}")
            yield Services(addresses, directory, _pids(supervisor))


@contextmanager
def both(more_tables: int = 0) -> Iterator[Services]:
    """Kafka and ClickHouse; `copy_1`, `copy_2` … are further tables like the log's own."""
    with (
        tempfile.TemporaryDirectory(prefix="auditline-bench-") as name,
        LocalStack(Path(name) / "stack", migrate=lambda run: _tables(run, more_tables)) as stack,
    ):
        found = stack.start()
        addresses = Addresses(
            found.bootstrap_servers, found.clickhouse_dsn, found.clickhouse_reader_dsn
        )
        yield Services(addresses, Path(name), _pids(stack.supervisor))


class _Admin:
    def __init__(self, run: RunAsAdmin) -> None:
        self._run = run

    def command(self, cmd: str) -> str:
        """Run one statement."""
        return self._run([cmd])[0]


def _tables(run: RunAsAdmin, more: int) -> None:
    migrate(_Admin(run))
    run([f"CREATE TABLE audit.copy_{i} AS audit.entries" for i in range(1, more + 1)])


def _pids(supervisor: Supervisor) -> dict[str, int]:
    return {status.name: status.pid for status in supervisor.status() if status.pid is not None}
