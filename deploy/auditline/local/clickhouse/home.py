"""The engine's directory: its data, its configuration, and the lock that keeps a second one out.

data/         chDB's own
config.xml    written at each start, for the role that opens it
users.xml
tmp/          answers too large for memory, on their way
server.log    the engine's log, rotated by the engine
lock          held by the process that has the engine open
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from auditline.local import lock
from auditline.local.clickhouse.roles import Role, users_xml

# A laptop's share. The engine refuses a query (code 241) rather than grow beyond it.
MEMORY_LIMIT = 2 << 30
_KEEP_FREE = "min_free_disk_bytes_to_perform_insert"
_CACHES = {"mark_cache_size": 128 << 20, "index_mark_cache_size": 32 << 20}
_THREADS = {"background_pool_size": 4, "background_schedule_pool_size": 8}


@dataclass(frozen=True, slots=True)
class Limits:
    """What the engine may use, in bytes: memory, and the disk it has to leave free."""

    memory: int = MEMORY_LIMIT
    keep_free: int = 0


class EngineBusy(Exception):
    """Another process has this engine open: stop it, or wait for it."""


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Holds the engine's *directory* for this process. Raises EngineBusy when another has it."""
    try:
        held = lock.hold(directory / "lock")
    except lock.Held as other:
        raise EngineBusy(
            f"the ClickHouse data in {directory} is open in process {other.pid}: "
            "stop it first, the engine allows one process at a time"
        ) from None
    with held:
        yield


def prepare(directory: Path, role: Role, limits: Limits | None = None) -> str:
    """Writes the configuration for *role* and returns chDB's connection string.

    Raises ValueError for a path that a connection string cannot hold.
    """
    limits = limits or Limits()
    if set(str(directory)) & set("?&#%"):
        raise ValueError(f"{directory}: choose a path without ? & # and %, chDB cannot open it")
    for name in ("data", "tmp"):
        (directory / name).mkdir(parents=True, exist_ok=True)
    for left in (directory / "tmp").iterdir():
        left.unlink()  # answers that a killed server was still spooling
    settings = {_KEEP_FREE: str(limits.keep_free)} if limits.keep_free else {}
    (directory / "users.xml").write_text(users_xml(role, settings), "utf-8")
    (directory / "config.xml").write_text(_config_xml(directory, limits), "utf-8")
    return f"{directory / 'data'}?config-file={directory / 'config.xml'}"


def _config_xml(directory: Path, limits: Limits) -> str:
    root = ET.Element("clickhouse")
    _children(
        ET.SubElement(root, "logger"),
        {"level": "warning", "log": directory / "server.log", "size": "20M", "count": 3},
    )
    users = ET.SubElement(ET.SubElement(root, "user_directories"), "users_xml")
    _children(users, {"path": directory / "users.xml"})
    _children(root, {"max_server_memory_usage": limits.memory, **_CACHES, **_THREADS})
    return ET.tostring(root, encoding="unicode")


def _children(parent: ET.Element, values: dict[str, object]) -> None:
    for name, value in values.items():
        ET.SubElement(parent, name).text = str(value)
