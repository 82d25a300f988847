"""Finding, reading and checking the configuration; nothing here connects to anything.

The first that is there: --config, $AUDITLINE_CONFIG, ./auditline.toml, ./.auditline/auditline.toml.
"""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditline.cli.keys import keys, nearest, variable

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from auditline.cli.settings import Settings

PREFIX = "AUDITLINE_"
CONFIG_VARIABLE = "AUDITLINE_CONFIG"
LOCAL_DIRECTORY = Path(".auditline")
FILE_NAME = "auditline.toml"

# Read by others: the command line itself, the local stack, deploy/, the tests.
_OTHERS = {
    CONFIG_VARIABLE,
    "AUDITLINE_MIGRATOR_PASSWORD",
    "AUDITLINE_SUPERVISED_IN",
    "AUDITLINE_TEST_STACK",
    "AUDITLINE_KAFKA_PORT",
    "AUDITLINE_KAFKA_VERSION",
    "AUDITLINE_CLICKHOUSE_PORT",
    "AUDITLINE_CLICKHOUSE_VERSION",
    *(f"AUDITLINE_{role}_PASSWORD_SHA256" for role in ("WRITER", "READER", "MIGRATOR", "ERASURE")),
}


class ConfigInvalid(Exception):
    """The configuration cannot be used; each problem names its key or variable, never a value."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class ConfigMissing(Exception):
    """There is no configuration to use."""


def find(given: Path | None, environ: Mapping[str, str], here: Path) -> Path | None:
    """The configuration file to use, or None. Raises `ConfigMissing` when a named one is absent."""
    named = given or (Path(environ[CONFIG_VARIABLE]) if environ.get(CONFIG_VARIABLE) else None)
    if named is not None:
        if not (here / named).is_file():
            raise ConfigMissing(f"there is no configuration file {named}")
        return here / named
    places = (here / FILE_NAME, here / LOCAL_DIRECTORY / FILE_NAME)
    return next((place for place in places if place.is_file()), None)


def from_environment(environ: Mapping[str, str]) -> list[str]:
    """The variables in *environ* that set something."""
    return [name for name in environ if _is_ours(name)]


def load(path: Path | None, environ: Mapping[str, str]) -> "Settings":
    """The settings from the file *path*, if any, and the environment.

    *environ* is only searched for mistakes; values come from the process's own environment.
    Raises `ConfigInvalid` with every problem found.
    """
    from pydantic import ValidationError

    from auditline.cli.settings import Settings

    values = _read(path) if path else {}
    known = list(keys(Settings))
    problems = list(_unknown_variables(environ, {variable(key): key for key in known}))
    try:
        settings = Settings(**values)
    except ValidationError as error:
        places = _Places(path, known, {name.upper() for name in environ})
        found = error.errors(include_url=False, include_input=False)
        problems += filter(None, map(places.describe, found))
        raise ConfigInvalid(problems) from None  # its text would show values
    if problems:
        raise ConfigInvalid(problems)
    return settings


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigInvalid([f"{path} cannot be read: {error.strerror}"]) from error
    except UnicodeDecodeError as error:
        raise ConfigInvalid([f"{path} is not UTF-8 (byte {error.start})"]) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigInvalid([f"{path} is not TOML: {error}"]) from error


def _is_ours(name: str) -> bool:
    return name.upper().startswith(PREFIX) and name.upper() not in _OTHERS


def _unknown_variables(environ: Mapping[str, str], known: Mapping[str, str]) -> Iterator[str]:
    """*known* are the names without the prefix, which would make all of them look alike."""
    for name in sorted(environ):
        if _is_ours(name) and (rest := name.upper().removeprefix(PREFIX)) not in known:
            near = nearest(rest, known)
            hint = _hint(near and PREFIX + near)
            yield f"environment variable {name}: nothing reads it{hint}"


class _Places:
    """Says where a problem is: in the file or in a variable."""

    def __init__(self, path: Path | None, known: list[str], environ: set[str]) -> None:
        self._path = path
        self._known = known
        self._environ = environ

    def describe(self, problem: "ErrorDetails") -> str | None:
        """None for what `_unknown_variables` has said already."""
        key = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            if PREFIX + variable(key) in self._environ:
                return None
            return f"{self._where(key)}: unknown key" + _hint(nearest(key, self._known))
        message = problem["msg"].removeprefix("Value error, ")
        return f"{self._where(key)}: {message}"

    def _where(self, key: str) -> str:
        name = PREFIX + variable(key)
        if name in self._environ:
            return f"environment variable {name}"
        return f"{key} in {self._path}" if self._path else key


def _hint(found: str | None) -> str:
    return f"; did you mean {found}?" if found else "; see `auditline config default`"
