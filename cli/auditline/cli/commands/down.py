"""`auditline down`: stop the local stack."""

from pathlib import Path

import typer

from auditline.cli.options import DirectoryOption, JsonOption


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command("down", epilog="Example: auditline down")(down)


def down(directory: DirectoryOption = Path(".auditline"), json: JsonOption = False) -> None:
    """Stop the local stack; its data stays.

    Also cleans up after an `auditline up` that was killed.
    """
    from auditline.cli.errors import CommandFailed
    from auditline.cli.exits import Exit
    from auditline.cli.output import print_json
    from auditline.local.supervisor import stop_supervisor

    try:
        stopped = stop_supervisor(directory)
    except TimeoutError as error:
        raise CommandFailed(f"{error}; end it with kill -9", Exit.UNAVAILABLE) from error
    if json:
        print_json({"stopped": stopped, "directory": str(directory)})
    else:
        print(f"stopped; the data stays in {directory}" if stopped else "nothing was running")
