"""The documentation says what the code does: links, commands, options, keys, metrics, columns."""

import re
import subprocess
import sys
import tomllib
from importlib.resources import files
from typing import Any

import pytest
import typer
from pages import README, ROOT, Page, page, pages
from prometheus_client import CollectorRegistry

from auditline.chain.metrics import ChainMetrics
from auditline.cli.app import app
from auditline.cli.configuration import CONFIG_VARIABLE, PREFIX
from auditline.cli.keys import keys, variable
from auditline.cli.settings import Settings
from auditline.kafka.topics import Topics
from auditline.store.metrics import StoreMetrics

KEYS = set(keys(Settings))
MIGRATOR = "AUDITLINE_MIGRATOR_PASSWORD"
HELPERS = {"changes_at", "head", "parsed", "diff", "diff_parsed", "diff_tokens", "diff_depths"}
"""Columns from which others are derived, of no use to a reader."""

every_page = pytest.mark.parametrize("at", pages(), ids=lambda p: p.name)


@every_page
def test_links_lead_somewhere(at: Page) -> None:
    for link in at.links():
        if link.startswith("https://"):
            continue
        target, _, anchor = link.partition("#")
        path = (at.path.parent / target).resolve() if target else at.path
        assert path.exists(), f"{link}: no such file"
        assert ROOT in path.parents, f"{link} leaves the repository"
        assert not anchor or anchor in Page(path).anchors(), f"{link}: no such heading"


def test_the_index_names_every_page() -> None:
    index = page("index.md")
    assert {at.path.name for at in pages() if at.path.parent.name == "docs"} == {
        *(link for link in index.links() if "/" not in link),
        "index.md",
    }


@every_page
def test_python_compiles(at: Page) -> None:
    for block in at.blocks("python"):
        compile(block, at.name, "exec")


@pytest.mark.parametrize(
    "at",
    [p for p in pages() if p.blocks("python") and "auditline.toml" not in p.text],
    ids=lambda p: p.name,
)
def test_python_that_needs_no_log_runs(at: Page) -> None:
    subprocess.run([sys.executable, "-c", "\n".join(at.blocks("python"))], check=True, timeout=60)


@every_page
def test_commands_parse(at: Page) -> None:
    for arguments in at.commands():
        _parse(typer.main.get_command(app), arguments)


@every_page
def test_commands_in_passing_exist(at: Page) -> None:
    for code in at.code():
        words = code.split()
        if words[:1] == ["auditline"] and words[1:]:
            command, rest = _find(typer.main.get_command(app), words[1:])
            known = _options(command) | {"--help"}
            assert {w for w in rest if w.startswith("-")} <= known, code


def test_options_in_passing_exist() -> None:
    known = {"--help"}.union(*(_options(c) for c in _all(typer.main.get_command(app))))
    for at in pages():
        for code in at.code():
            if re.fullmatch(r"--[a-z-]+", code):
                assert code in known, f"{at.name}: {code}"


@every_page
def test_make_targets_exist(at: Page) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    lines = [*at.code(), *(line for block in at.blocks("sh") for line in block.splitlines())]
    named = {line.split()[1] for line in lines if re.match(r"make [a-z]", line)}
    assert named <= targets


@every_page
def test_keys_exist(at: Page) -> None:
    sections = {key.partition(".")[0] for key in KEYS}
    for code in at.code():
        if re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", code) and code.partition(".")[0] in sections:
            assert code in KEYS, code
    for block in at.blocks("toml"):
        assert set(_paths(tomllib.loads(block))) <= KEYS


@every_page
def test_environment_variables_exist(at: Page) -> None:
    known = {PREFIX + variable(key) for key in KEYS} | {CONFIG_VARIABLE, MIGRATOR}
    assert set(re.findall(r"AUDITLINE_[A-Z_]+", at.text)) <= known


@every_page
def test_topics_exist(at: Page) -> None:
    topics = Topics()
    names = {getattr(topics, name) for name in dir(Topics) if name[0] != "_" and name != "prefix"}
    others = {"audit.entries", "audit.log_create", "audit.dead_letter", "audit.gap_detected"}
    named = {code for code in at.code() if re.fullmatch(r"audit\.[a-z_]+", code)}
    assert named <= names | others


def test_every_metric_is_explained() -> None:
    expected = "| metric | labels | meaning |\n|---|---|---|\n" + "".join(_metric_rows())
    assert page("how-to-run-it.md").between("metrics") == expected


@every_page
def test_metrics_exist(at: Page) -> None:
    known = {re.split(r"`", row)[1] for row in _metric_rows()}
    named = set(re.findall(r"auditline_(?:chain|store)_[a-z_]+", "\n".join(at.code())))
    assert named <= known


def test_every_column_is_explained() -> None:
    sql = (files("auditline.store") / "migrations" / "0001_entries.sql").read_text()
    table = sql.partition("CONSTRAINT")[0]
    columns = set(re.findall(r"^    ([a-z_]+) [A-Z{]", table, flags=re.MULTILINE)) - HELPERS
    _, _, section = page("how-to-query-it.md").text.partition("## The columns\n")
    rows = re.findall(r"^\| (`.*?) \|", section, flags=re.MULTILINE)
    explained = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert len(columns) > 50
    assert sorted(explained) == sorted(columns)


@every_page
def test_lines_are_short(at: Page) -> None:
    prose = re.sub(r"^```.*?^```", "", at.text, flags=re.MULTILINE | re.DOTALL)
    long = [line for line in prose.splitlines() if len(line) > 120 and not line.startswith("|")]
    assert at.name == "docs/cli.md" or not long


def test_the_example_is_short() -> None:
    """The README's producer example: no more lines than a reader takes in at a glance."""
    (example,) = README.blocks("python")
    assert len(example.splitlines()) <= 14


def _metric_rows() -> list[str]:
    registry = CollectorRegistry()
    chain, store = ChainMetrics(registry), StoreMetrics(registry)
    labels = {
        metric._name: ", ".join(metric._labelnames)
        for metric in [*vars(chain).values(), *vars(store).values()]
    }
    return [
        f"| `{found.name}{'_total' if found.type == 'counter' else ''}` "
        f"| {labels[found.name]} | {found.documentation} |\n"
        for found in registry.collect()
    ]


def _paths(values: dict[str, Any], prefix: str = "") -> list[str]:
    found = []
    for name, value in values.items():
        found.append(prefix + name)
        if isinstance(value, dict):
            found += _paths(value, f"{prefix}{name}.")
    return found


def _find(command: Any, words: list[str]) -> tuple[Any, list[str]]:
    """The command that *words* begin with, and what is left of them."""
    while words and hasattr(command, "commands") and not words[0].startswith("-"):
        assert words[0] in command.commands, f"no command {words[0]}"
        command, words = command.commands[words[0]], words[1:]
    return command, words


def _parse(command: Any, words: list[str]) -> None:
    """Parse as the command line would; fails for what it would refuse."""
    command, rest = _find(command, words)
    command.make_context(" ".join(words), [w for w in rest if w != "--help"])


def _options(command: Any) -> set[str]:
    return {name for p in command.params for name in (*p.opts, *p.secondary_opts)}


def _all(command: Any) -> list[Any]:
    return [
        command,
        *(c for inner in getattr(command, "commands", {}).values() for c in _all(inner)),
    ]
