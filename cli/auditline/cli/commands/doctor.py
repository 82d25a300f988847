"""`auditline doctor`: what this machine lacks."""

import os
from pathlib import Path

import typer

from auditline.cli.exits import Exit
from auditline.cli.options import ConfigOption, DirectoryOption, JsonOption


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command("doctor", epilog="Example: auditline doctor")(doctor)


def doctor(
    config: ConfigOption = None,
    directory: DirectoryOption = Path(".auditline"),
    json: JsonOption = False,
) -> None:
    """Say what this machine lacks, and how to get it.

    Exit code 69 when something is missing.
    """
    from auditline.cli.configuration import find
    from auditline.cli.output import print_json, print_table
    from auditline.local.doctor import examine

    path = find(config, os.environ, Path.cwd())
    checks = examine(directory, path)
    if json:
        for check in checks:
            print_json(
                {
                    "name": check.name,
                    "status": check.status,
                    "found": check.found,
                    "remedy": check.remedy,
                }
            )
    else:
        rows = [(c.name, c.status, c.found, c.remedy) for c in checks]
        print_table(("check", "status", "found", "what to do"), rows)
    if any(check.status == "missing" for check in checks):
        raise typer.Exit(Exit.UNAVAILABLE)
