"""What the driver did: one line per privileged request that was answered."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec

Outcome = Literal["success", "failure", "denied", "unrecorded"]


class Line(msgspec.Struct, frozen=True):
    """One answered request. *client_ip* is the address the log should show."""

    request_id: str
    org_id: str
    action: str
    status: int
    outcome: Outcome
    expected: Outcome
    client_ip: str
    actor_email: str | None = None

    @property
    def surprising(self) -> bool:
        """Whether the gateway did something else than it should have."""
        return self.outcome != self.expected


def outcome_of(status: int) -> Outcome:
    """What the log should say of an action that was answered with *status*."""
    if status == 503:
        return "unrecorded"
    if status in (401, 403):
        return "denied"
    return "success" if 200 <= status < 300 else "failure"


class Journal:
    """An append-only file of lines, also kept in memory for the summary."""

    def __init__(self, path: Path) -> None:
        self.lines: list[Line] = []
        self._file = path.open("wb")

    def add(self, line: Line) -> None:
        """Writes *line* through at once: a driver that is killed leaves what it knew."""
        self._file.write(msgspec.json.encode(line) + b"\n")
        self._file.flush()
        self.lines.append(line)

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


def read(path: Path) -> list[Line]:
    """The lines of a journal."""
    return [msgspec.json.decode(line, type=Line) for line in path.read_bytes().splitlines()]


def summary(lines: Iterable[Line]) -> list[tuple[str, Counter[str]]]:
    """Per action, in order of name: how many requests ended in which outcome."""
    counted: dict[str, Counter[str]] = {}
    for line in lines:
        counted.setdefault(line.action, Counter())[line.outcome] += 1
    return sorted(counted.items())
