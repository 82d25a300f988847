"""QuixStreams in a virtual environment of its own: it needs an older confluent-kafka than ours."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

APP = Path(__file__).parent / "quix" / "app.py"
_REQUIREMENTS = Path(__file__).parent / "quix" / "requirements.txt"


class CannotInstall(Exception):
    """The environment could not be made; the text is the installer's last line."""


def python() -> Path:
    """The environment's interpreter; made on first use, kept in the user's cache."""
    digest = hashlib.sha256(_REQUIREMENTS.read_bytes()).hexdigest()[:8]
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "auditline"
    home = root / f"quix-{digest}"
    if not (home / "complete").exists():
        _make(home)
        # A crash before this: the next run makes it again.
        (home / "complete").touch()
    return home / "bin" / "python"


def _make(home: Path) -> None:
    uv = shutil.which("uv")
    if uv is None:
        raise CannotInstall("uv is not on the path")
    shutil.rmtree(home, ignore_errors=True)
    _run([uv, "venv", "--quiet", "--python", "3.11", str(home)])
    interpreter = str(home / "bin" / "python")
    _run([uv, "pip", "install", "--quiet", "--python", interpreter, "-r", str(_REQUIREMENTS)])


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        raise CannotInstall((done.stderr.strip().splitlines() or ["no reason given"])[-1])
