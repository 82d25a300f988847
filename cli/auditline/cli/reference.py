"""`python -m auditline.cli.reference docs/cli.md`: the pages that are made from the program.

The command line's reference, and the packaged default configuration. A test holds both current.
"""

import sys
from collections.abc import Iterator
from importlib.resources import files
from inspect import cleandoc
from pathlib import Path
from textwrap import dedent
from typing import Any

import typer

from auditline.cli.exits import MEANING

_HEAD = """\
# The command line

Made from the program by `make docs`. Each command says the same of itself with `--help`.

`--json` is stable: fields may be added, none is renamed or dropped. Tables are for people and may change.
Notes, progress and errors go to stderr.

## Exit codes

| code | meaning |
|---|---|
"""


def cli_page() -> str:
    """The reference of all commands, in Markdown."""
    from auditline.cli.app import app

    codes = "".join(f"| {code.value} | {text} |\n" for code, text in MEANING.items())
    command = typer.main.get_command(app)
    sections = [_section(name, found) for name, found in commands(command)]
    return _HEAD + codes + "\n" + "\n".join(sections)


def commands(command: Any, prefix: str = "auditline") -> Iterator[tuple[str, Any]]:
    """Every command that does something, by its full name."""
    for name, inner in command.commands.items():
        full = f"{prefix} {name}"
        if hasattr(inner, "commands"):
            yield from commands(inner, full)
        else:
            yield full, inner


def _section(name: str, command: Any) -> str:
    lines = [f"## {name}", "", cleandoc(command.help or ""), ""]
    arguments = [_metavar(p) for p in command.params if p.param_type_name == "argument"]
    lines += ["```", " ".join([name, "[OPTIONS]", *arguments]), "```", ""]
    rows = [_row(p) for p in command.params if p.name != "help"]
    if rows:
        lines += ["| option | meaning |", "|---|---|", *rows, ""]
    lines += [*_examples(command.epilog or ""), ""]
    return "\n".join(lines)


def _metavar(parameter: Any) -> str:
    name = parameter.metavar or parameter.name.upper()
    return name if parameter.required else f"[{name}]"


def _row(parameter: Any) -> str:
    names = ", ".join(f"`{name}`" for name in parameter.opts)
    if parameter.param_type_name == "argument":
        names = f"`{_metavar(parameter).strip('[]')}`"
    text = (parameter.help or "").replace("|", "\\|")
    shown = parameter.default not in (None, False, (), []) and parameter.show_default is not False
    default = f" Default: {_default(parameter.default)}." if shown else ""
    return f"| {names} | {text}{default} |"


def _default(value: object) -> object:
    return f"{value:g}" if isinstance(value, float) else value


def _examples(epilog: str) -> Iterator[str]:
    """The epilog's examples as a code block."""
    text = epilog.replace("\b\n", "").removeprefix("Examples:").removeprefix("Example:")
    yield "```sh"
    yield from filter(None, dedent(text.strip("\n")).splitlines())
    yield "```"


def main(page: Path) -> None:
    """Write the pages."""
    from auditline.cli.effective import reference
    from auditline.cli.settings import Settings

    page.write_text(cli_page(), "utf-8")
    default = files("auditline.cli").joinpath("config.default.toml")
    Path(str(default)).write_text(reference(Settings), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
