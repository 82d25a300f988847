"""The database's schema: numbered SQL files, applied once each, in order.

A file is a template of one or more statements, so that one text serves a single server and a
cluster:

    {database} {entries}    where the log is; on a cluster {entries} is the replicated table
    {engine} {durability}   its engine and settings
    {on_cluster}            empty, or ON CLUSTER …
    {event_type}            what is read from an event's text: event_type.sql

Run it as the migrator, whom no service is. What is done is marked by an empty view, which the
migrator may create and neither it nor any service may remove or forge; `audit.migrations` lists
the marks.
"""

import hashlib
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Protocol

DATABASE = "audit"
_FILE = re.compile(r"\d{4}_\w+\.sql\Z")
_NAME = re.compile(r"[A-Za-z_][\w-]*\Z", re.ASCII)

_DURABLE = "fsync_after_insert = 1, fsync_part_directory = 1"
_SINGLE = {
    "entries": "entries",
    "engine": "MergeTree",
    "durability": f"non_replicated_deduplication_window = 100000, {_DURABLE}",
}
_CLUSTER = {
    "entries": "entries_local",
    "engine": "ReplicatedMergeTree('/clickhouse/tables/{shard}/audit/entries', '{replica}')",
    "durability": "replicated_deduplication_window = 100000, "
    f"replicated_deduplication_window_seconds = 2592000, {_DURABLE}",
}
_DATABASE = "CREATE DATABASE IF NOT EXISTS {database} {on_cluster}"
_LIST = """\
CREATE VIEW IF NOT EXISTS {database}.migrations {on_cluster} AS
SELECT substring(t.name, 11) AS name, t.comment AS sha256, t.metadata_modification_time AS applied_at
FROM system.tables AS t WHERE t.database = '{database}' AND startsWith(t.name, 'migration_')"""
_MARK = """\
CREATE VIEW IF NOT EXISTS {database}.migration_{name} {on_cluster} AS SELECT 1 AS done
COMMENT '{digest}'"""
# By log, from a stored column: a log stays on one shard, so its entries stay in order there.
_DISTRIBUTED = """\
CREATE TABLE IF NOT EXISTS {database}.entries {on_cluster} AS {database}.entries_local
ENGINE = Distributed('{cluster}', '{database}', 'entries_local', cityHash64(substring(leaf, 17, 16)))"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its *name* and its *template*."""

    name: str
    template: str

    def digest(self) -> str:
        """SHA-256 of the template, in hex."""
        return hashlib.sha256(self.template.encode()).hexdigest()


class Commands(Protocol):
    """What `migrate` needs of a client."""

    def command(self, cmd: str) -> object:
        """Run one statement; its answer as text."""


@cache
def migrations() -> tuple[Migration, ...]:
    """All migrations, in order."""
    folder = files(__package__) / "migrations"
    names = sorted(f.name for f in folder.iterdir() if _FILE.match(f.name))
    return tuple(Migration(n.removesuffix(".sql"), (folder / n).read_text("utf-8")) for n in names)


def statements(applied: Collection[str], cluster: str | None = None) -> list[str]:
    """What brings a database, in which the migrations named *applied* are done, up to date.

    All of it may be run again after a crash in the middle. *cluster* names a ClickHouse cluster;
    raises ValueError for a name that needs quoting.
    """
    if cluster is not None and not _NAME.match(cluster):
        raise ValueError(f"a cluster's name is letters, digits, _ and -: {cluster!r} is not")
    values = _values(cluster)
    out: list[str] = []
    for migration in migrations():
        if migration.name in applied:
            continue
        out += _split(_fill(migration.template, values))
        if cluster is not None and migration.name == "0001_entries":
            out.append(_fill(_DISTRIBUTED, values))
        # A crash before this line: the statements run again, and each says IF NOT EXISTS.
        mark = values | {"name": migration.name, "digest": migration.digest()}
        out.append(_fill(_MARK, mark))
    if not out:
        return []
    return [_fill(s, values) for s in (_DATABASE, _LIST)] + out


def migrate(client: Commands, cluster: str | None = None) -> list[str]:
    """Bring the database up to date; returns the names of the migrations that it lacked."""
    applied = applied_names(client)
    for statement in statements(applied, cluster):
        client.command(statement)
    return [m.name for m in migrations() if m.name not in applied]


def applied_names(client: Commands) -> frozenset[str]:
    """The migrations marked in the database; none when it is new."""
    names = client.command(
        "SELECT arrayStringConcat(groupArray(substring(name, 11)), ',') FROM system.tables "
        f"WHERE database = '{DATABASE}' AND startsWith(name, 'migration_')"
    )
    return frozenset(filter(None, str(names).strip().split(",")))


def _values(cluster: str | None) -> dict[str, str]:
    if cluster is None:
        return _SINGLE | {
            "database": DATABASE,
            "on_cluster": "",
            "event_type": _event_type(),
        }
    return _CLUSTER | {
        "database": DATABASE,
        "on_cluster": f"ON CLUSTER '{cluster}'",
        "event_type": _event_type(),
        "cluster": cluster,
    }


def _event_type() -> str:
    text = (files(__package__) / "migrations" / "event_type.sql").read_text("utf-8")
    return re.sub(r"\s+", " ", text).replace("( ", "(").replace(" )", ")").strip()


def _fill(template: str, values: dict[str, str]) -> str:
    known = re.compile("|".join(re.escape("{" + name + "}") for name in values))
    return known.sub(lambda found: values[found[0][1:-1]], template)


def _split(text: str) -> Iterator[str]:
    """Statements end with a semicolon at the end of a line; comment lines are left out."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("--")]
    yield from (
        s.strip() for s in re.split(r";\s*$", "\n".join(lines), flags=re.MULTILINE) if s.strip()
    )
