"""All commands: their help, their failures, and what they say when asked wrongly."""

import importlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from auditline.cli.app import app
from auditline.cli.configuration import ConfigInvalid, ConfigMissing
from auditline.cli.errors import CODES, CommandFailed, exit_code, reported
from auditline.cli.exits import MEANING, Exit
from auditline.cli.reference import commands

ALL: dict[str, Any] = dict(commands(typer.main.get_command(app)))
runner = CliRunner()


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A directory with nothing in it, and no variable of the machine's own."""
    for name in list(os.environ):
        if name.startswith("AUDITLINE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return iter(())


def run(*arguments: str, code: int = 0, stdin: str = "") -> str:
    """What the command prints, stderr included."""
    result = runner.invoke(app, list(arguments), input=stdin, prog_name="auditline")
    assert result.exit_code == code, result.output
    return result.output


@pytest.mark.parametrize("name", ALL)
def test_every_command_explains_itself(name: str) -> None:
    shown = run(*name.split()[1:], "--help")
    assert ALL[name].help.strip()
    assert "Example" in shown
    assert name in ALL[name].epilog, "an example calls the command"
    for parameter in ALL[name].params:
        assert parameter.help or parameter.name == "help", parameter.name


@pytest.mark.parametrize("name", ALL)
def test_an_unknown_option_is_a_usage_error(name: str) -> None:
    shown = run(*name.split()[1:], "--frobnicate", code=Exit.USAGE)
    assert "No such option: --frobnicate" in shown
    assert "Traceback" not in shown


def test_the_exit_codes_are_documented() -> None:
    shown = run("--help")
    for code, text in MEANING.items():
        assert f"{code.value:>3}  {text}" in shown
    assert set(MEANING) == set(Exit)


def test_version() -> None:
    assert run("--version").strip().count(".") == 2


def test_an_unknown_command() -> None:
    assert "No such command 'frob'" in run("frob", code=Exit.USAGE)


@pytest.mark.parametrize("name", CODES)
def test_every_error_that_is_mapped_exists(name: str) -> None:
    module, _, cls = name.rpartition(".")
    error = getattr(importlib.import_module(module), cls)
    assert issubclass(error, Exception)


def test_subclasses_are_mapped_too() -> None:
    from auditline.kafka.errors import Fenced
    from auditline.producer import DeliveryFailed

    assert exit_code(Fenced("x")) == Exit.UNAVAILABLE
    assert exit_code(DeliveryFailed("x")) == Exit.UNAVAILABLE
    assert exit_code(CommandFailed("x", Exit.NOT_FOUND)) == Exit.NOT_FOUND
    assert exit_code(ConfigInvalid(["x"])) == exit_code(ConfigMissing()) == Exit.CONFIG
    assert exit_code(ZeroDivisionError()) is None


def test_expected_failures_have_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as caught, reported():
        raise CommandFailed("no luck at https://u:hunter2@host/", Exit.UNAVAILABLE)
    assert caught.value.exit_code == 69
    assert capsys.readouterr().err == "auditline: no luck at https://u:**********@host/\n"


def test_unexpected_failures_do() -> None:
    with pytest.raises(ZeroDivisionError), reported():
        raise ZeroDivisionError


def test_ctrl_c() -> None:
    with pytest.raises(typer.Exit) as caught, reported():
        raise KeyboardInterrupt
    assert caught.value.exit_code == 130


def test_a_configuration_that_is_not_there() -> None:
    shown = run("config", "check", "--config", "none.toml", code=Exit.CONFIG)
    assert shown == "auditline: there is no configuration file none.toml\n"


def test_config_check_shows_what_is_in_effect(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("auditline.toml").write_text('[kafka]\nbootstrap_servers = "k:1"\n')
    monkeypatch.setenv("AUDITLINE_CLICKHOUSE__PASSWORD", "hunter2")
    shown = run("config", "check")
    assert 'bootstrap_servers = "k:1"' in shown
    assert 'password = "**********"' in shown
    found = json.loads(run("config", "check", "--json"))
    assert found["file"].endswith("auditline.toml")
    assert found["settings"]["kafka"]["bootstrap_servers"] == "k:1"
    assert found["settings"]["clickhouse"]["password"] == "**********"


def test_config_check_names_all_problems_at_once() -> None:
    Path("auditline.toml").write_text("[kafka]\npartitons = 1\n[store]\nbatch_rows = 0\n")
    shown = run("config", "check", code=Exit.CONFIG)
    assert "did you mean kafka.partitions?" in shown
    assert "store.batch_rows" in shown


def test_config_default_is_a_configuration() -> None:
    Path("auditline.toml").write_text(run("config", "default"))
    assert "[chain]" in run("config", "check")


def test_doctor_in_json() -> None:
    result = runner.invoke(app, ["doctor", "--json"])
    found = [json.loads(line) for line in result.output.splitlines()]
    assert {"python", "java", "mvn", "disk"} <= {check["name"] for check in found}
    missing = any(check["status"] == "missing" for check in found)
    assert result.exit_code == (Exit.UNAVAILABLE if missing else Exit.OK)


def test_down_where_nothing_runs() -> None:
    assert run("down").strip() == "nothing was running"
    assert json.loads(run("down", "--json")) == {"stopped": False, "directory": ".auditline"}


def test_status_where_nothing_answers() -> None:
    Path("auditline.toml").write_text("[chain]\nhealth_port = 1\n[store]\nhealth_port = 1\n")
    found = json.loads(run("status", "--json", code=Exit.UNAVAILABLE))
    assert [service["name"] for service in found["services"]] == ["chain", "store"]
    assert not any(service["ready"] for service in found["services"])
    assert "no answer" in found["services"][0]["reasons"][0]
    assert "no answer" in run("status", code=Exit.UNAVAILABLE)


def test_emit_from_a_file_that_is_not_there() -> None:
    Path("auditline.toml").write_text("")
    assert "none.jsonl: No such file" in run("emit", "none.jsonl", code=Exit.NOT_FOUND)
