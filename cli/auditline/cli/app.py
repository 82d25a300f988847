"""The command line: which commands there are, and how all of them fail."""

import logging
from typing import Any

import typer
from typer.core import TyperGroup

from auditline.cli.commands import (
    chain,
    config,
    doctor,
    down,
    emit,
    migrate,
    search,
    show,
    status,
    store,
    tail,
    topics,
    up,
    verify,
)
from auditline.cli.errors import reported
from auditline.cli.exits import MEANING

_EXITS = "\n".join(f"  {code.value:>3}  {text}" for code, text in MEANING.items())


class Group(TyperGroup):
    """Commands whose expected failures are a message and an exit code, never a traceback."""

    def invoke(self, ctx: Any) -> Any:  # Any: Typer does not export its context's base class
        """Run the command that *ctx* names."""
        with reported():
            return super().invoke(ctx)


app = typer.Typer(
    name="auditline",
    cls=Group,
    help="The audit log of an LLM gateway: every privileged action, attributed and chained.",
    epilog=f"Example: auditline up\n\n\b\nExit codes:\n{_EXITS}\n\n"
    "`auditline verify --help` lists the codes of its verdicts.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def _root(
    version: bool = typer.Option(False, "--version", help="Print the version and stop."),
) -> None:
    # Libraries' warnings are for services, which set up their logs; here errors tell it all.
    logging.getLogger().addHandler(logging.NullHandler())
    if version:
        from importlib.metadata import version as version_of

        print(version_of("auditline"))
        raise typer.Exit


for module in (up, down, status, emit, tail, search, show, verify, chain, store, migrate, doctor):
    module.register(app)
for name, group in (("topics", topics.app), ("config", config.app)):
    app.add_typer(group, name=name)
