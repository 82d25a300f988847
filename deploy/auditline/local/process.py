"""Processes and their groups: start one, recognize it later, end all of it."""

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from auditline.local.service import Service

_LOG_BYTES = 16 << 20
# Which supervisor a process belongs to, for one that died before it could write that down.
_MARK = "AUDITLINE_SUPERVISED_IN"
_SAME_START = 1.0


@dataclass(frozen=True, slots=True)
class Identity:
    """A process for good: a pid alone is reused."""

    pid: int
    create_time: float

    def alive(self) -> bool:
        """Whether this very process still runs (a zombie does not)."""
        try:
            process = psutil.Process(self.pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            return bool(abs(process.create_time() - self.create_time) < _SAME_START)
        except psutil.NoSuchProcess:
            return False


def identity(pid: int) -> Identity:
    """The identity of the running process *pid*."""
    return Identity(pid, psutil.Process(pid).create_time())


def spawn(service: Service, directory: Path) -> subprocess.Popen[bytes]:
    """Starts *service* in a session, and so a process group, of its own; it logs to a file."""
    path = log_path(directory, service.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > _LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
    with path.open("ab") as log:
        return subprocess.Popen(
            list(service.argv),
            env={**service.environment(), _MARK: str(directory)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def log_path(directory: Path, name: str) -> Path:
    """Where the service *name* of the supervisor in *directory* logs."""
    return directory / "logs" / f"{name}.log"


def log_tail(directory: Path, name: str, lines: int = 15) -> str:
    """The last lines of a service's log, for an error's text."""
    path = log_path(directory, name)
    if not path.exists():
        return ""
    with path.open("rb") as log:
        log.seek(max(0, path.stat().st_size - 16384))
        return "\n".join(log.read().decode("utf-8", "replace").splitlines()[-lines:])


def signal_group(pgid: int, number: signal.Signals) -> None:
    """Sends *number* to every process of a group; none left is no error."""
    try:
        os.killpg(pgid, number)
    except ProcessLookupError:
        pass
    except PermissionError:
        # macOS answers so for a group of zombies only.
        pass


def end_group(pgid: int, stop_signal: signal.Signals, timeout: float) -> None:
    """Asks a process group to stop and, after *timeout* seconds, ends what is left of it."""
    signal_group(pgid, stop_signal)
    signal_group(pgid, signal.SIGCONT)  # one that is stopped could not obey
    deadline = time.monotonic() + timeout
    while _alive(pgid) and time.monotonic() < deadline:
        time.sleep(0.05)
    signal_group(pgid, signal.SIGKILL)
    while _alive(pgid):
        time.sleep(0.01)


def orphan_groups(directory: Path) -> set[int]:
    """Process groups that an earlier supervisor in *directory* left running."""
    found = set()
    for process in psutil.process_iter():
        try:
            if process.environ().get(_MARK) == str(directory):
                found.add(os.getpgid(process.pid))
        except (psutil.Error, ProcessLookupError, PermissionError):
            continue  # gone, or not ours
    return found - {os.getpgid(0)}


def _alive(pgid: int) -> bool:
    """Whether a process of the group still runs, its leader or a child it left behind."""
    for process in psutil.process_iter():
        try:
            if os.getpgid(process.pid) == pgid and process.status() != psutil.STATUS_ZOMBIE:
                return True
        except (psutil.Error, ProcessLookupError, PermissionError):
            continue
    return False
