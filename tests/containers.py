"""The services as containers of the official images, by deploy/compose."""

import hashlib
import os
import secrets
import signal
from pathlib import Path
from types import TracebackType
from typing import Self

from testcontainers.compose import DockerCompose

from auditline.local.clickhouse.roles import Role
from auditline.local.ports import free
from auditline.local.stack import dsn

_COMPOSE = Path(__file__).parents[1] / "deploy" / "compose"


class ContainerStack:
    """A `stacks.Stack` of containers, gone with their volumes when it is left."""

    def __init__(self) -> None:
        self._password = secrets.token_hex(8)
        self._kafka, self._clickhouse = free(2)
        self._environment = {
            "COMPOSE_PROJECT_NAME": f"auditline-test-{self._kafka}",
            "AUDITLINE_KAFKA_PORT": str(self._kafka),
            "AUDITLINE_CLICKHOUSE_PORT": str(self._clickhouse),
            **{
                f"{role.upper()}_PASSWORD_SHA256": hashlib.sha256(
                    self._password.encode()
                ).hexdigest()
                for role in Role
                if role is not Role.ADMINISTRATOR
            },
        }
        self._compose = DockerCompose(_COMPOSE, wait=True)

    def __enter__(self) -> Self:
        os.environ.update(self._environment)
        self._compose.start()
        self.admin("CREATE DATABASE IF NOT EXISTS audit")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._compose.stop(down=True)
        for name in self._environment:
            del os.environ[name]

    @property
    def bootstrap_servers(self) -> str:
        return f"127.0.0.1:{self._kafka}"

    @property
    def clickhouse_dsn(self) -> str:
        return dsn(Role.WRITER, self._clickhouse, self._password)

    @property
    def clickhouse_reader_dsn(self) -> str:
        return dsn(Role.READER, self._clickhouse, self._password)

    def admin(self, *statements: str, role: Role = Role.ADMINISTRATOR) -> list[str]:
        user = [] if role is Role.ADMINISTRATOR else ["--user", role, "--password", self._password]
        return [self._client([*user, "--query", statement]) for statement in statements]

    def kill(
        self, name: str, number: signal.Signals = signal.SIGKILL, *, hold: bool = False
    ) -> None:
        self._docker("kill", "--signal", str(int(number)), name)
        if number == signal.SIGKILL and not hold:
            self._docker("start", name)

    def stop_service(self, name: str) -> None:
        self._docker("stop", name)

    def start_service(self, name: str) -> None:
        self._docker("start", name)
        self.wait_ready(name)

    def wait_ready(self, name: str) -> None:
        self._docker("up", "--wait", "--no-recreate", name)

    def _client(self, arguments: list[str]) -> str:
        command = ["clickhouse-client", *arguments]
        out, err, code = self._compose.exec_in_container(command, "clickhouse")
        assert code == 0, err
        return str(out)

    def _docker(self, *arguments: str) -> None:
        command = [*self._compose.docker_compose_command(), *arguments]
        self._compose._run_command(cmd=command)
