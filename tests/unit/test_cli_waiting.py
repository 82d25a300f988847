"""Commands that come before `auditline up` is ready."""

import os
from pathlib import Path
from threading import Thread

import pytest
from harness import eventually

from auditline.cli.configuration import ConfigMissing
from auditline.cli.errors import CommandFailed
from auditline.cli.waiting import READY_FILE, phase, wait_for_up
from auditline.local.supervisor import Supervisor


class Waiting(Thread):
    """A command that waits in *directory*."""

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self.directory = directory
        self.notes: list[str] = []
        self.result: Path | Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            self.result = wait_for_up(self.directory, self.notes.append)
        except (CommandFailed, ConfigMissing) as error:
            self.result = error


def test_no_up_no_configuration(tmp_path: Path) -> None:
    assert phase(tmp_path / "none") == "absent"
    with pytest.raises(ConfigMissing, match=r"`auditline up`.*--config"):
        wait_for_up(tmp_path / "none", print, appears_within=0.3)


def test_an_up_that_appears_is_waited_for(tmp_path: Path) -> None:
    waiting = Waiting(tmp_path)
    with Supervisor(tmp_path):
        eventually("it notices", lambda: waiting.notes != [], 10)
        assert waiting.result is None
        (tmp_path / READY_FILE).write_text(str(os.getpid()))
        waiting.join(10)
    assert waiting.result == tmp_path / "auditline.toml"
    assert waiting.notes == [
        "`auditline up` is starting the local stack: waiting until it is ready …"
    ]


def test_an_up_that_ends_early_is_told(tmp_path: Path) -> None:
    with Supervisor(tmp_path):
        waiting = Waiting(tmp_path)
        eventually("it notices", lambda: waiting.notes != [], 10)
    waiting.join(10)
    assert isinstance(waiting.result, CommandFailed)
    assert "ended before the stack was ready" in str(waiting.result)


def test_what_a_killed_up_left_is_not_believed(tmp_path: Path) -> None:
    (tmp_path / READY_FILE).write_text("999999")
    assert phase(tmp_path) == "absent"
    with Supervisor(tmp_path):
        assert phase(tmp_path) == "starting"
        (tmp_path / READY_FILE).write_text(str(os.getpid()))
        assert phase(tmp_path) == "ready"
    assert phase(tmp_path) == "absent"
