"""The command line against a real log."""

import json
import os
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from samples import event
from stacks import Stack
from typer.testing import CliRunner, Result

from auditline.cli.app import app
from auditline.cli.exits import Exit
from auditline.event import event_text

runner = CliRunner()


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
    config = tmp_path_factory.mktemp("cli") / "auditline.toml"
    config.write_text(
        f"""
        [kafka]
        bootstrap_servers = "{stack.bootstrap_servers}"
        topic_prefix = "cli{uuid4().hex[:8]}"
        partitions = 2
        replication_factor = 1
        [clickhouse]
        dsn = "{stack.clickhouse_dsn}"
        reader_dsn = "{stack.clickhouse_reader_dsn}"
        """
    )
    cli = Cli(config)
    assert cli.json("topics", "create")[0]["partitions"] == 2
    return cli


LINE = json.dumps(
    {
        "org_id": "org_acme",
        "action": "member.invite",
        "outcome": {"result": "success"},
        "actor": {"type": "user", "id": "usr_1"},
        "resource": {"type": "member", "id": "usr_2"},
        "changes": [{"path": "/role", "op": "add", "after": "admin"}],
    }
).encode()


def test_topics_create_again_changes_nothing(cli: Cli) -> None:
    assert cli.json("topics", "create") == [{"created": [], "partitions": 2, "new": False}]
    assert "the log has 2 partitions" in cli("topics", "create").stdout


def test_emit_sends_the_good_lines_and_names_the_bad(cli: Cli) -> None:
    lines = [LINE, b"", b"not json", event_text(event()), b'{"org_id": "org_acme"}', LINE]
    result = cli("emit", "--wait", "0", stdin=b"\n".join(lines), code=Exit.BAD_INPUT)
    assert "3 events acknowledged, 2 bad lines" in result.stdout
    bad = [line for line in result.stderr.splitlines() if line.startswith("line ")]
    assert bad[0].startswith("line 3: $: JSON is malformed")
    assert bad[1].startswith("line 5: $: Object missing required field `action`")


def test_emit_in_json(cli: Cli) -> None:
    found = cli.json("emit", "--wait", "0", stdin=LINE + b"\n[]\n", code=Exit.BAD_INPUT)
    assert found[0]["line"] == 2
    assert found[1] == {"acknowledged": 1, "bad": 1, "undelivered": 0, "not_queryable": []}


def test_emit_a_file(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_bytes((LINE + b"\n") * 2_000)
    assert cli.json("emit", str(file), "--wait", "0")[0]["acknowledged"] == 2_000


def test_emit_without_kafka(tmp_path: Path) -> None:
    config = tmp_path / "auditline.toml"
    config.write_text('[kafka]\nbootstrap_servers = "127.0.0.1:1"\n')
    result = Cli(config)("emit", stdin=LINE, code=Exit.UNAVAILABLE)
    assert result.stderr.startswith("auditline: Kafka does not answer")
    assert os.linesep * 2 not in result.stderr
