"""The `auditline` command: runs the log, feeds it, reads it and verifies it."""

import sys
from importlib.util import find_spec


def main() -> None:
    """Entry point of the `auditline` script."""
    if find_spec("typer") is None:
        sys.exit("auditline: typer is missing: pip install 'auditline[cli]'")
    from auditline.cli.app import app

    app(prog_name="auditline")
