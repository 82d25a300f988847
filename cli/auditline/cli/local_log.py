"""A whole log on this machine: the local stack, the topics, the tables, chain and store.

In this order, so that nothing starts before what it needs:

    lock the directory ─▶ Kafka, tables, ClickHouse ─▶ auditline.toml ─▶ topics ─▶ chain, store
    ─▶ the file `ready`, which is what other commands wait for
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from auditline.chain.create import create_log
from auditline.cli.configuration import FILE_NAME, load
from auditline.cli.waiting import READY_FILE
from auditline.local.ports import remembered
from auditline.local.service import Service
from auditline.local.stack import Endpoints, LocalStack, RunAsAdmin
from auditline.store.migrate import applied_names, statements

SERVICES = ("chain", "store")


@dataclass(frozen=True, slots=True)
class LocalLog:
    """A log that runs: its stack, and its configuration file."""

    stack: LocalStack
    config: Path


@contextmanager
def local_log(directory: Path, partitions: int, say: Callable[[str], None]) -> Iterator[LocalLog]:
    """Start everything in *directory* and yield once it is ready; stop it all on the way out.

    *say* is told each step. Raises what `LocalStack` and `create_log` raise.
    """
    with LocalStack(directory, migrate=_migrate) as stack:
        ready, config = stack.directory / READY_FILE, stack.directory / FILE_NAME
        # Of an earlier `up` that was killed: from here on other commands wait for this one.
        ready.unlink(missing_ok=True)
        try:
            say("starting Kafka and ClickHouse …")
            endpoints = stack.start()
            ports = remembered(stack.directory / "health.json", SERVICES)
            _write(config, config_text(endpoints, partitions, ports["chain"], ports["store"]))
            settings = load(config, os.environ)
            say("creating the topics …")
            create_log(settings.kafka, settings.deployment)
            say("starting chain and store …")
            stack.supervisor.start_all([_service(name, config, ports[name]) for name in SERVICES])
            _write(ready, str(os.getpid()))
            yield LocalLog(stack, config)
        finally:
            ready.unlink(missing_ok=True)


def config_text(endpoints: Endpoints, partitions: int, chain_port: int, store_port: int) -> str:
    """The configuration of the local log, as TOML."""
    return f"""\
# Written by `auditline up`, anew at each start.
[kafka]
bootstrap_servers = {json.dumps(endpoints.bootstrap_servers)}
partitions = {partitions}
replication_factor = 1

[clickhouse]
dsn = {json.dumps(endpoints.clickhouse_dsn)}
reader_dsn = {json.dumps(endpoints.clickhouse_reader_dsn)}

[chain]
health_port = {chain_port}

[store]
health_port = {store_port}
"""


def answers(url: str) -> bool:
    """Whether the health page *url* says yes."""
    try:
        return httpx2.get(url, timeout=2.0).status_code == 200
    except httpx2.HTTPError:
        return False


def _service(name: str, config: Path, port: int) -> Service:
    return Service(
        name=name,
        argv=[sys.executable, "-m", "auditline.cli", name, "--config", str(config)],
        ready=lambda: answers(f"http://127.0.0.1:{port}/readyz"),
        ports={"health": port},
    )


class _Admin:
    """The engine, while its server is down, as a client for `applied_names`."""

    def __init__(self, run: RunAsAdmin) -> None:
        self._run = run

    def command(self, cmd: str) -> str:
        """Run one statement."""
        return self._run([cmd])[0]


def _migrate(run: RunAsAdmin) -> None:
    # All at once: each call of *run* opens the engine anew, which takes a second.
    run(statements(applied_names(_Admin(run))))


def _write(path: Path, text: str) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(text, "utf-8")
    # A crash before this leaves what was there; without a true `ready` nobody reads it.
    os.replace(fresh, path)
