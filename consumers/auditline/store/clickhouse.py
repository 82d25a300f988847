"""The table ``audit.entries`` over ClickHouse's own client; each failure becomes one reaction."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import (
    ClickHouseError,
    DatabaseError,
    OperationalError,
    StreamFailureError,
)
from pydantic import SecretStr
from urllib3.exceptions import HTTPError

from auditline.store.errors import Refused, Unavailable
from auditline.store.plan import Logs, Range
from auditline.store.settings import ClickHouseSettings

COLUMNS = ("leaf", "salt", "event")
ORG_SETTING = "log_comment"
"""The setting in which a reader names whose rows it wants; the row policy holds it to that."""

# What the same statement will meet again, until somebody changes something; every other error may
# pass (memory, disk, too many parts, a replica that is behind) and is retried.
_REFUSALS = {
    16: "a column is missing: run `auditline migrate`",
    36: "the statement is not understood",
    47: "a column is missing: run `auditline migrate`",
    53: "a column has another type: somebody changed the table",
    60: "the table is missing: run `auditline migrate`",
    62: "the statement is not understood",
    81: "the database is missing: run `auditline migrate`",
    115: "the server does not know a setting: it is too old, use ClickHouse 26.3 or later",
    117: "the data is not understood: does the table still have the columns leaf, salt, event?",
    164: "the user may only read: give the writer's DSN",
    192: "there is no such user: look at clickhouse.dsn",
    193: "the password is wrong: look at clickhouse.password",
    252: "one insert met several partitions: the table's PARTITION BY was changed",
    452: "a setting is fixed otherwise for this user: look at its profile",
    469: "an entry breaks a constraint: it is not one that chain makes; run `auditline verify`",
    497: "the user lacks a right: look at its grants",
    516: "user or password is wrong: look at clickhouse.dsn and clickhouse.password",
}

_INSERT_SETTINGS = {
    # An acknowledged insert is a part on disk; buffering would break deduplication.
    "async_insert": 0,
    # One part or none.
    "max_insert_threads": 1,
    "max_partitions_per_insert_block": 1,
}
_COUNT = """\
SELECT count() FROM entries
WHERE org_id IN {orgs:Array(String)} AND hex(log_id) IN {logs:Array(String)}
  AND source_partition = {partition:UInt32}
  AND source_offset BETWEEN {from:UInt64} AND {to:UInt64}
  AND (source_offset, seq) >= ({from:UInt64}, {first:UInt64})
  AND (source_offset, seq) <= ({to:UInt64}, {last:UInt64})"""
_ENDS = """\
SELECT log_id, max(seq) + 1 FROM entries
WHERE org_id IN {orgs:Array(String)} AND hex(log_id) IN {logs:Array(String)}
GROUP BY log_id"""


def connect(settings: ClickHouseSettings, *, reader: bool = False, scope: str = "") -> Client:
    """A client as the writer, or as a *reader* where one is configured.

    *scope* is an org_id, or ``*`` for all; a reader sees nothing without. Raises `Unavailable` or
    `Refused`.
    """
    dsn, password = settings.dsn, settings.password
    if reader and settings.reader_dsn is not None:
        dsn, password = settings.reader_dsn, settings.reader_password
    scheme, _, address = dsn.get_secret_value().partition("://")
    secure = scheme in ("https", "clickhouses")
    tls = settings.tls
    with mapped("connecting"):
        return clickhouse_connect.get_client(
            dsn=f"clickhouse://{address}",
            interface="https" if secure else "http",
            password=_reveal(password),
            verify=tls.verify,
            ca_cert=str(tls.ca) if tls.ca else None,
            client_cert=str(tls.certificate) if tls.certificate else None,
            client_cert_key=str(tls.key) if tls.key else None,
            connect_timeout=int(max(1, settings.connect_seconds)),
            send_receive_timeout=int(
                max(1, settings.query_seconds if reader else settings.insert_seconds)
            ),
            # A session would allow one query at a time and outlive a lost connection.
            autogenerate_session_id=False,
            form_encode_query_params=True,
            settings={ORG_SETTING: f"org:{scope}"} if scope else None,
            client_name="auditline",
        )


@contextmanager
def mapped(what: str) -> Iterator[None]:
    """Turn the client's errors into `Unavailable` and `Refused`, naming *what* was being done."""
    try:
        yield
    except DatabaseError as error:
        if advice := _REFUSALS.get(error.code or 0):
            raise Refused(f"{what}: ClickHouse refuses, {advice} ({_first_line(error)})") from error
        raise Unavailable(f"{what}: {_first_line(error)}") from error
    except (OperationalError, StreamFailureError, HTTPError, OSError) as error:
        raise Unavailable(f"{what}: {_first_line(error)}") from error
    except ClickHouseError as error:
        raise Refused(f"{what}: {_first_line(error)}") from error


class EntriesTable:
    """What the store needs of the table; connects when first used, and anew after a failure."""

    def __init__(self, settings: ClickHouseSettings) -> None:
        self._settings = settings
        self._client: Client | None = None

    def insert(self, block: bytes, token: str) -> int:
        """Insert an Avro container as one part; returns the rows written, 0 for a known *token*."""
        settings = _INSERT_SETTINGS | {"insert_deduplication_token": token}
        with self._using("inserting") as client:
            summary = client.raw_insert(
                "entries", COLUMNS, block, settings=settings, fmt="Avro", compression=None
            )
        return summary.written_rows

    def count(self, where: Range) -> int:
        """How many rows are in the range."""
        parameters = _logs(where.logs) | {
            "partition": where.partition,
            "from": where.first[0],
            "first": where.first[1],
            "to": where.last[0],
            "last": where.last[1],
        }
        with self._using("counting") as client:
            rows: Sequence[Any] = client.query(_COUNT, parameters=parameters).result_rows
        return int(rows[0][0])

    def ends(self, logs: Logs) -> dict[bytes, int]:
        """The seq after the last one of each log that has rows."""
        with self._using("looking up the ends of logs") as client:
            rows: Sequence[Any] = client.query(_ENDS, parameters=_logs(logs)).result_rows
        return {bytes(log_id): int(end) for log_id, end in rows}

    def close(self) -> None:
        """Let go of the connection."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    @contextmanager
    def _using(self, what: str) -> Iterator[Client]:
        if self._client is None:
            self._client = connect(self._settings)
        try:
            with mapped(what):
                yield self._client
        except (Unavailable, Refused):
            self.close()
            raise


def _logs(logs: Logs) -> dict[str, Any]:
    return {"orgs": list(logs.orgs), "logs": [log_id.hex().upper() for log_id in logs.ids]}


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n", 1)[0][:500] or type(error).__name__


def _reveal(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""
