"""`auditline config`: check it, and see what it comes to."""

import os

import typer

from auditline.cli.options import ConfigOption, JsonOption

app = typer.Typer(
    help="The configuration.",
    epilog="Example: auditline config check",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def _config() -> None:
    pass


@app.command("check", epilog="Example: auditline config check --config /etc/auditline.toml")
def check(config: ConfigOption = None, json: JsonOption = False) -> None:
    """Check the configuration and show it.

    Connects nowhere; prints what is in effect. Secrets are masked. Every key can also be set in the environment, which wins:
    kafka.sasl.password is AUDITLINE_KAFKA__SASL__PASSWORD.
    """
    from pathlib import Path

    from auditline.cli.configuration import find, load
    from auditline.cli.effective import lines
    from auditline.cli.output import print_json

    path = find(config, os.environ, Path.cwd())
    settings = load(path, os.environ)
    if json:
        found = {"file": str(path) if path else None, "settings": settings.model_dump(mode="json")}
        print_json(found)
        return
    print(f"# {path or 'no file: defaults and environment'}")
    for line in lines(settings):
        print(line)


@app.command("default", epilog="Example: auditline config default > auditline.toml")
def default() -> None:
    """Print every key with its default.

    As a commented file to begin with.
    """
    from auditline.cli.effective import default_text

    print(default_text(), end="")
