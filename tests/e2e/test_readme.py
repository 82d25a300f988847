"""What the documentation shows is run as shown, on a log that `auditline up` started."""

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client
from harness import eventually
from pages import README, Page, page
from samples import event

from auditline.event import Actor, ActorType, AuditEvent, Outcome, Result
from auditline.producer import AuditLog

pytestmark = pytest.mark.integration

RECORDING = page("how-to-record-events.md")
QUERYING = page("how-to-query-it.md")
ORG = "org_acme"


class Shell:
    """A terminal in the directory where `auditline up` was run."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        scripts = Path(sys.executable).parent
        self._env = {k: v for k, v in os.environ.items() if not k.startswith("AUDITLINE_")} | {
            "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"
        }

    def run(self, *argv: str, expect: tuple[int, ...] = (0,)) -> str:
        """Run a program; fails the test unless it ends as *expect* says. Returns its output."""
        done = subprocess.run(
            argv,
            cwd=self.directory,
            env=self._env,
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )
        assert done.returncode in expect, f"{argv}: {done.returncode}\n{done.stderr}{done.stdout}"
        return done.stdout

    def python(self, at: Page) -> None:
        """Run all Python of a page, in order, as one program."""
        self.run(sys.executable, "-c", "\n".join(at.blocks("python")))

    def config(self) -> dict[str, Any]:
        """What `up` wrote."""
        return tomllib.loads((self.directory / ".auditline" / "auditline.toml").read_text())

    @contextmanager
    def reader(self) -> Iterator[Client]:
        """ClickHouse, for the rows of one organization."""
        dsn = self.config()["clickhouse"]["reader_dsn"]
        settings = {"log_comment": f"org:{ORG}"}
        with clickhouse_connect.get_client(dsn=dsn, settings=settings) as client:
            yield client

    def wait_for(self, column: str, value: str) -> None:
        """Wait until an entry has *value* in *column*."""
        query = f"SELECT count() FROM entries WHERE toString({column}) = %(value)s"
        with self.reader() as client:
            eventually(
                f"an entry with {column} {value}",
                lambda: bool(client.query(query, {"value": value}).result_rows[0][0]),
            )


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    opened = Shell(tmp_path_factory.mktemp("readme"))
    try:
        opened.run("auditline", "up", "--detach")
        (line,) = RECORDING.blocks("json")
        (opened.directory / "events.jsonl").write_text(line)
        opened.run("auditline", "emit", "events.jsonl", "--wait", "0")
        opened.wait_for("action", "team_member.role_change")
        yield opened
    finally:
        opened.run("auditline", "down")


@pytest.fixture(scope="module")
def filled(shell: Shell) -> Shell:
    """With an event for each question that the pages ask."""
    twice = event(ORG)  # the second is dropped: the page's query for repeats finds none
    denied = event(
        ORG,
        action="budget.update",
        outcome=Outcome(Result.DENIED, "403"),
        actor=Actor(ActorType.USER, "usr_1"),
    )
    _emit(shell, twice, twice, denied)
    return shell


def _emit(shell: Shell, *events: AuditEvent) -> None:
    with AuditLog(shell.config()["kafka"]["bootstrap_servers"]) as log:
        for each in events:
            log.emit(each).result(30)
    shell.wait_for("event_id", str(events[-1].event_id))


@pytest.mark.parametrize("at", [README, RECORDING], ids=lambda p: p.name)
def test_the_producer_examples_reach_the_log(shell: Shell, at: Page) -> None:
    action = "provider_key.rotate" if at is README else "api_key.update_limit"
    assert action in at.text
    shell.python(at)
    shell.wait_for("action", action)


def test_the_commands_of_the_readme(filled: Shell) -> None:
    block = next(b for b in README.blocks("sh") if "auditline emit" in b)
    for line in block.splitlines():
        if line.startswith("auditline verify"):
            # Without a head that the caller brings it is never green.
            filled.run("bash", "-c", line, expect=(11,))
        elif line.startswith("auditline"):
            assert filled.run("bash", "-c", line)


def test_every_query_finds_something(filled: Shell) -> None:
    queries = QUERYING.blocks("sql")
    assert len(queries) >= 7
    with filled.reader() as client:
        for query in queries:
            rows = client.query(query).result_rows
            assert bool(rows) != query.startswith("-- normally finds nothing"), query


def test_the_query_example(filled: Shell) -> None:
    filled.python(QUERYING)


def test_verifying_on_a_schedule(filled: Shell) -> None:
    """The commands of how-to-run-it: the first run's output is what the second is held to."""
    (block,) = [b for b in page("how-to-run-it.md").blocks("sh") if "--known-heads" in b]
    first, second = block.splitlines()
    filled.run("bash", "-c", first, expect=(11,))
    report = json.loads(filled.run("bash", "-c", second, expect=(10,)))
    assert report["verdict"] == "VERIFIED_ANCHORED"
    assert report["repeated"] == [], "the event that was emitted twice is there once"
