"""Options that many commands have, described once."""

from pathlib import Path
from typing import Annotated

import typer

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        show_default=False,
        help="Configuration file. Without it: $AUDITLINE_CONFIG, ./auditline.toml, "
        "./.auditline/auditline.toml.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON in place of text and tables.")]
DirectoryOption = Annotated[
    Path, typer.Option("--directory", "-d", help="Where the local stack keeps its files.")
]
