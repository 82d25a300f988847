"""What a command begins with: its settings, wherever they come from, and its logs."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from auditline.cli.configuration import LOCAL_DIRECTORY, find, from_environment, load
from auditline.cli.output import note
from auditline.cli.waiting import phase, wait_for_up

if TYPE_CHECKING:
    from auditline.cli.settings import Settings


def settings_for(config: Path | None) -> "Settings":
    """The settings of this command; waits for the local stack where that is what they name.

    Raises `ConfigMissing`, `ConfigInvalid` or `CommandFailed`.
    """
    return load_here(config_file(config))


def load_here(path: Path | None) -> "Settings":
    """The settings from *path* and this process's environment."""
    return load(path, os.environ)


def config_file(config: Path | None) -> Path | None:
    """The file to read; None when the environment alone configures."""
    here = Path.cwd()
    found = find(config, os.environ, here)
    local = here / LOCAL_DIRECTORY
    if config is not None or (found is not None and found.parent != local):
        return found
    if found is None and from_environment(os.environ):
        return None
    # Also where a file is there: it may be that of an earlier `up`, which a new one replaces.
    if phase(local) == "absent":
        note("no `auditline up` runs here: waiting 10 s for one to start …")
    return wait_for_up(local, note)


def service_settings(config: Path | None) -> "Settings":
    """`settings_for` a long-running process, whose logs are then set up too."""
    from auditline.service import configure_logging

    settings = settings_for(config)
    configure_logging(settings.log.format, settings.log.level)
    return settings
