"""`auditline up` as people use it: beside other commands, killed, and begun again."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from harness import eventually

from auditline.cli.exits import Exit
from auditline.cli.waiting import phase
from auditline.local import statefile
from auditline.local.supervisor import running_supervisor, stop_supervisor

pytestmark = pytest.mark.integration

LINE = (
    b'{"org_id":"org_acme","action":"member.invite","outcome":{"result":"success"},'
    b'"actor":{"type":"user","id":"usr_1"},"resource":{"type":"member"}}\n'
)
PATIENCE = 180


def auditline(
    *arguments: str, cwd: Path, stdin: bytes = b""
) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [sys.executable, "-m", "auditline.cli", *arguments],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
        env=environment(),
    )


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("AUDITLINE_")}


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    stop_supervisor(tmp_path / ".auditline")


@contextmanager
def started(home: Path) -> "Iterator[subprocess.Popen[bytes]]":
    command = [sys.executable, "-m", "auditline.cli", "up", "--json"]
    up = subprocess.Popen(command, cwd=home, stdout=subprocess.PIPE, env=environment())
    try:
        yield up
    finally:
        up.kill()
        up.communicate()


def test_up_beside_emit_then_killed_then_up_again(home: Path) -> None:
    directory = home / ".auditline"
    with started(home) as up:
        emitted = auditline("emit", "--json", cwd=home, stdin=LINE * 3)
        assert emitted.returncode == 0, emitted.stderr.decode()
        assert json.loads(emitted.stdout)["acknowledged"] == 3
        assert b"waiting until it is ready" in emitted.stderr

        status = auditline("status", "--json", cwd=home)
        found = json.loads(status.stdout)
        assert [p["name"] for p in found["processes"]] == ["kafka", "clickhouse", "chain", "store"]
        assert all(service["ready"] for service in found["services"])

        busy = auditline("up", cwd=home)
        assert busy.returncode == Exit.UNAVAILABLE
        assert b"Traceback" not in busy.stderr

        up.send_signal(signal.SIGKILL)
    state = statefile.read(directory)
    assert state is not None
    assert running_supervisor(directory) is None
    assert phase(directory) == "absent", "its files are not believed"

    with started(home) as up:
        assert up.stdout is not None
        assert json.loads(up.stdout.readline())["config"].endswith("auditline.toml")
        assert not any(process.identity().alive() for process in state.services.values())
        tailed = auditline("tail", "--json", cwd=home)
        assert tailed.returncode == 0, tailed.stderr.decode()
        kinds = [json.loads(line)["kind"] for line in tailed.stdout.splitlines()]
        assert kinds == ["log_created", "event", "event", "event"]

        up.send_signal(signal.SIGINT)
        assert up.wait(PATIENCE) == 0
    eventually("nothing is left", lambda: phase(directory) == "absent", 10)
    assert not (directory / "ready").exists()
    assert auditline("down", cwd=home).stdout == b"nothing was running\n"


def test_up_in_the_background(home: Path) -> None:
    up = auditline("up", "--detach", "--json", cwd=home)
    assert up.returncode == 0, up.stderr.decode()
    assert phase(home / ".auditline") == "ready"
    again = auditline("up", "--detach", cwd=home)
    assert again.returncode == 0
    assert b"it runs already" in again.stderr
    down = auditline("down", "--json", cwd=home)
    assert json.loads(down.stdout)["stopped"] is True
    assert phase(home / ".auditline") == "absent"
