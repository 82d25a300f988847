"""A ClickHouse server of the local stack by itself, for tests of that server."""

import dataclasses
from collections.abc import Mapping

import clickhouse_connect
import httpx2
from clickhouse_connect.driver.client import Client

from auditline.local.clickhouse.admin import run_as_admin
from auditline.local.clickhouse.roles import Role
from auditline.local.clickhouse.service import service
from auditline.local.stack import dsn
from auditline.local.supervisor import Supervisor

_TYPES = (
    "n UInt64, s String, f FixedString(3), d DateTime64(6, 'UTC'), u UUID, b Bool, "
    "a Array(String), o Nullable(Int32), l LowCardinality(String), m Map(String, UInt8), "
    "e Enum8('x' = 1, 'y' = 2), c Decimal(18, 4)"
)
_ENTRIES = "org_id String, n UInt64, s String"
DDL = (
    "CREATE DATABASE audit",
    f"CREATE TABLE audit.entries ({_ENTRIES}) ENGINE = MergeTree ORDER BY (org_id, n) "
    + "SETTINGS non_replicated_deduplication_window = 1000",
    f"CREATE TABLE audit.typed ({_TYPES}) ENGINE = MergeTree ORDER BY n",
    "CREATE TABLE audit.bulk (n UInt64, s String) ENGINE = MergeTree ORDER BY n",
    "CREATE TABLE audit.parts (n Int32, CONSTRAINT positive CHECK n > 0) ENGINE = MergeTree "
    + "ORDER BY n PARTITION BY n",
)


class Front:
    """The server, alone under a supervisor, with a few tables."""

    def __init__(self, supervisor: Supervisor, env: Mapping[str, str] | None = None) -> None:
        self.supervisor = supervisor
        self.directory = supervisor.directory / "clickhouse"
        run_as_admin(self.directory, DDL)
        self.service = dataclasses.replace(service(self.directory), env=env or {})
        self.port = self.service.ports["clickhouse"]
        self.supervisor.start(self.service)

    def client(
        self, role: Role = Role.WRITER, password: str = "", compress: str | bool = True
    ) -> Client:
        return clickhouse_connect.get_client(dsn=dsn(role, self.port, password), compress=compress)

    def post(
        self, query: str | bytes, user: str = Role.WRITER, **arguments: str
    ) -> httpx2.Response:
        return httpx2.post(
            f"http://127.0.0.1:{self.port}/",
            params=arguments,
            content=query,
            headers={"X-ClickHouse-User": user},
        )

    def pid(self) -> int:
        pid = self.supervisor.status()[0].pid
        assert pid is not None
        return pid
