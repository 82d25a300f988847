"""The command line against a real log: emitted, found, shown, verified, forged, found out."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from harness import eventually
from samples import event
from stacks import Stack
from stores import migrated
from typer.testing import CliRunner, Result

from auditline.cli.app import app
from auditline.cli.exits import Exit
from auditline.event import Outcome, event_text
from auditline.event import Result as Ended
from auditline.local.ports import free

pytestmark = pytest.mark.integration

runner = CliRunner()
UNIQUE = uuid4().hex[:8]
ORG = f"org_{UNIQUE}"
OTHER = f"other_{UNIQUE}"


class Cli:
    """`auditline` with a configuration of its own."""

    def __init__(self, config: Path) -> None:
        self.config = config

    def __call__(self, *arguments: str, stdin: bytes = b"", code: int = 0) -> Result:
        result = runner.invoke(app, [*arguments, "--config", str(self.config)], input=stdin)
        assert result.exit_code == code, result.output
        return result

    def json(self, *arguments: str, stdin: bytes = b"", code: int = 0) -> list[Any]:
        out = self(*arguments, "--json", stdin=stdin, code=code).stdout
        return [json.loads(line) for line in out.splitlines()]


@pytest.fixture(scope="module")
def cli(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """A log of two partitions under a prefix of its own."""
    migrated(stack)
    config = tmp_path_factory.mktemp("cli") / "auditline.toml"
    chain, store = free(2)
    config.write_text(
        f"""
        [log]
        level = "warning"
        [kafka]
        bootstrap_servers = "{stack.bootstrap_servers}"
        topic_prefix = "cli{UNIQUE}"
        partitions = 2
        replication_factor = 1
        [clickhouse]
        dsn = "{stack.clickhouse_dsn}"
        reader_dsn = "{stack.clickhouse_reader_dsn}"
        [chain]
        group = "cli{UNIQUE}-chain"
        health_port = {chain}
        [store]
        group = "cli{UNIQUE}-store"
        health_port = {store}
        batch_seconds = 0.1
        """
    )
    cli = Cli(config)
    assert cli.json("topics", "create")[0]["partitions"] == 2
    return cli


@pytest.fixture(scope="module")
def running(cli: Cli) -> Iterator[Cli]:
    """The same with chain and store."""
    command = [sys.executable, "-m", "auditline.cli"]
    processes = [
        subprocess.Popen([*command, name, "--config", str(cli.config)])
        for name in ("chain", "store")
    ]
    try:
        yield cli
        for process in processes:
            process.terminate()
        assert [process.wait(60) for process in processes] == [0, 0], "SIGTERM ends both well"
    finally:
        for process in processes:
            process.kill()
            process.wait()


def line(**fields: Any) -> bytes:
    """The least that is an event."""
    least = {
        "org_id": ORG,
        "action": "member.invite",
        "outcome": {"result": "success"},
        "actor": {"type": "user", "id": "usr_1"},
        "resource": {"type": "member", "id": "usr_2"},
        "changes": [{"path": "/role", "op": "add", "after": "admin"}],
    }
    return json.dumps(least | fields).encode() + b"\n"


def test_topics_create_again_changes_nothing(cli: Cli) -> None:
    assert cli.json("topics", "create") == [{"created": [], "partitions": 2, "new": False}]
    assert "the log has 2 partitions" in cli("topics", "create").stdout


def test_emit_sends_the_good_lines_and_names_the_bad(cli: Cli) -> None:
    lines = (
        line() + b"\nnot json\n" + event_text(event(ORG)) + b'\n{"org_id": "org_acme"}\n' + line()
    )
    result = cli("emit", "--wait", "0", stdin=lines, code=Exit.BAD_INPUT)
    assert "3 events acknowledged, 2 bad lines" in result.stdout
    bad = [shown for shown in result.stderr.splitlines() if shown.startswith("line ")]
    assert bad[0].startswith("line 3: $: JSON is malformed")
    assert bad[1].startswith("line 5: $: Object missing required field `action`")


def test_emit_in_json(cli: Cli) -> None:
    found = cli.json("emit", "--wait", "0", stdin=line() + b"[]\n", code=Exit.BAD_INPUT)
    assert found[0]["line"] == 2
    assert found[1] == {"acknowledged": 1, "bad": 1, "undelivered": 0, "not_queryable": []}


def test_emit_says_what_is_not_queryable_in_time(cli: Cli) -> None:
    found = cli.json("emit", "--wait", "0.1", stdin=line(org_id=OTHER), code=Exit.NOT_YET)
    assert found[0]["not_queryable"] == [OTHER]


def test_emit_without_kafka(tmp_path: Path) -> None:
    config = tmp_path / "auditline.toml"
    config.write_text('[kafka]\nbootstrap_servers = "127.0.0.1:1"\n')
    result = Cli(config)("emit", stdin=line(), code=Exit.UNAVAILABLE)
    assert result.stderr.startswith("auditline: Kafka does not answer")
    assert "Traceback" not in result.stderr


def test_what_was_emitted_is_queryable_when_emit_returns(running: Cli, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    denied = event(ORG, outcome=Outcome(Ended.DENIED, "403"), action="provider_key.reveal")
    file.write_bytes(line() * 300 + event_text(denied) + b"\n")
    assert running.json("emit", str(file), "--wait", "60")[0]["acknowledged"] == 301

    [found, end] = running.json("search", "--org", ORG, "--outcome", "denied")
    assert end == {"next": None}
    assert found["event"]["event_id"] == str(denied.event_id)
    assert found["event"]["changes"][0]["after"] == 2000
    [by_id, _] = running.json("search", "--event-id", str(denied.event_id))
    assert by_id == found
    assert running.json("search", "--actor", "zoe@example.com", "--org", ORG, "--limit", "1")[
        :1
    ] == [found]


def test_pages_hold_everything_once(running: Cli) -> None:
    seqs: list[int] = []
    after: list[str] = []
    while True:
        *entries, end = running.json("search", "--org", ORG, "--limit", "100", *after)
        seqs += [entry["seq"] for entry in entries]
        if end["next"] is None:
            break
        assert len(entries) == 100
        after = ["--after", end["next"]]
    assert seqs == list(range(len(seqs)))[::-1]
    assert len(seqs) > 300


def test_tail(running: Cli) -> None:
    newest = running.json("tail", "--org", ORG, "-n", "3")
    assert len(newest) == 3
    assert [entry["seq"] for entry in newest] == sorted(entry["seq"] for entry in newest)
    assert "provider_key.reveal" in running("tail", "--org", ORG).stdout


def test_tail_follows(running: Cli) -> None:
    command = [sys.executable, "-m", "auditline.cli", "tail", "--follow", "--json", "-n", "1"]
    command += ["--org", OTHER, "--config", str(running.config)]
    tail = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        assert tail.stdout is not None
        first = json.loads(tail.stdout.readline())
        running("emit", stdin=line(org_id=OTHER) * 2)
        seqs = [json.loads(tail.stdout.readline())["seq"] for _ in range(2)]
        assert seqs == [first["seq"] + 1, first["seq"] + 2]
        tail.send_signal(signal.SIGINT)
        assert tail.wait(30) == Exit.INTERRUPTED
    finally:
        tail.kill()
        tail.communicate()


def test_show(running: Cli) -> None:
    [entry] = running.json("show", ORG, "1")
    assert entry["evidence"]["seq"] == 1
    assert [entry] == running.json("show", entry["event_id"])
    shown = running("show", ORG, "1").stdout
    assert "/role" in shown
    assert entry["evidence"]["salt"] in shown
    assert "has no entry 99999" in running("show", ORG, "99999", code=Exit.NOT_FOUND).stderr


def test_status(running: Cli) -> None:
    services = running.json("status")[0]["services"]
    assert [(s["name"], s["ready"]) for s in services] == [("chain", True), ("store", True)]
    # The last offsets of a partition are its transactions' markers: a few behind is none behind.
    assert all(s["lag_records"] is not None and s["lag_records"] < 10 for s in services)


def test_verify_and_a_forgery(running: Cli, stack: Stack, tmp_path: Path) -> None:
    [report] = running.json("verify", "--org", ORG, code=11)
    assert (report["verdict"], report["findings"]) == ("UNANCHORED", [])
    saved = tmp_path / "heads.json"
    saved.write_text(json.dumps(report))
    head = f"{ORG}:{report['logs'][0]['head']}"

    assert (
        "VERIFIED_ANCHORED"
        in running("verify", "--known-heads", str(saved), "--org", ORG, code=10).stdout
    )
    [again] = running.json("verify", "--org", ORG, "--known-head", head, code=10)
    assert again["entries"] == report["entries"]

    # As an administrator with every right, behind the log's back.
    # Even he cannot UPDATE the event or the leaf, from which the table's key is derived.
    where = f"WHERE org_id = '{ORG}' AND seq = 7 SETTINGS mutations_sync = 2"
    stack.admin(f"ALTER TABLE audit.entries UPDATE salt = toFixedString('forged', 16) {where}")
    eventually("ClickHouse is back", lambda: _answers(running), 60)
    [forged] = running.json("verify", "--org", ORG, code=40)
    assert (forged["verdict"], forged["class"]) == ("TAMPERED", "PAYLOAD_MISMATCH")
    assert {finding["seq"] for finding in forged["findings"]} == {7}
    shown = running("verify", "--org", ORG, code=40).stdout
    assert shown.startswith("TAMPERED")
    assert "PAYLOAD_MISMATCH" in shown


def _answers(cli: Cli) -> bool:
    arguments = ["tail", "--org", ORG, "--config", str(cli.config)]
    return runner.invoke(app, arguments).exit_code == 0


def test_verify_fails_closed(running: Cli, tmp_path: Path) -> None:
    [nothing] = running.json("verify", "--org", f"none_{UNIQUE}", code=50)
    assert nothing["verdict"] == "UNVERIFIABLE"
    config = tmp_path / "auditline.toml"
    config.write_text('[clickhouse]\ndsn = "http://auditline_writer@127.0.0.1:1/audit"\n')
    [away] = Cli(config).json("verify", code=50)
    assert away["verdict"] == "UNVERIFIABLE"
    assert "connecting" in away["reason"]
