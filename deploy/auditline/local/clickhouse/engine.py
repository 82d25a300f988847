"""Sessions on the chDB engine: one for each request, so that nothing a client sets outlives it.

A session costs half a millisecond. All of this blocks: the application calls it from threads,
which may change between the calls of one session.
"""

import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Protocol, cast

import chdb
from chdb.state.sqlitelike import connect

from auditline.local.clickhouse.errors import from_engine, refusal
from auditline.local.clickhouse.roles import ORG_SETTING, Role, reader_scope

_NAME = re.compile(r"\w+\Z", re.ASCII)
# Formats whose pieces, one after the other, are the whole. Others begin, end or repeat something
# around the rows, so they are made in one go, in memory.
_PIECEWISE = frozenset(
    (
        "native",
        "rowbinary",
        "tabseparated",
        "tsv",
        "tabseparatedraw",
        "tsvraw",
        "csv",
        "jsoneachrow",
        "jsonlines",
        "ndjson",
        "jsoncompacteachrow",
        "jsonstringseachrow",
        "jsoncompactstringseachrow",
        "lineasstring",
        "rawblob",
        "null",
        "vertical",
    )
)


class _Result(Protocol):
    def bytes(self) -> bytes: ...
    def rows_read(self) -> int: ...
    def rows_written(self) -> int: ...
    def bytes_written(self) -> int: ...
    def storage_rows_read(self) -> int: ...
    def storage_bytes_read(self) -> int: ...


class _Stream(Protocol):
    def fetch(self) -> _Result | None: ...
    def cancel(self) -> None: ...


class _Connection(Protocol):
    def query(
        self, sql: bytes | str, format: str = ..., params: Mapping[str, str] = ...
    ) -> _Result: ...
    def send_query(
        self, sql: bytes | str, format: str = ..., params: Mapping[str, str] = ...
    ) -> _Stream: ...
    def close(self) -> None: ...


@dataclass(slots=True)
class Counts:
    """What a statement has read, written and returned so far, in rows and bytes."""

    read_rows: int = 0
    read_bytes: int = 0
    written_rows: int = 0
    written_bytes: int = 0
    result_rows: int = 0
    result_bytes: int = 0


class Engine:
    """The open engine. One process may open a directory once; see `home.locked`."""

    def __init__(self, connection_string: str) -> None:
        """Raises EngineError when the engine does not open."""
        self._connection_string = connection_string
        self.version = chdb.engine_version
        # Held so that the engine stays open between requests.
        self._holder = self._connect()
        answer = self._holder.query("SELECT version(), timezone()", "TSV").bytes().decode()
        self.version, self.timezone = answer.strip().split("\t")

    def session(self, role: Role = Role.WRITER) -> "Session":
        """A new session, confined to *role*; the caller closes it."""
        return Session(self._connect(), role, self.version)

    def close(self) -> None:
        """Flushes and closes the engine."""
        self._holder.close()

    def _connect(self) -> _Connection:
        try:
            # chDB's annotations say str, but statements may hold any bytes and it takes them.
            return cast(_Connection, connect(self._connection_string))
        except RuntimeError as why:
            raise from_engine(str(why), self.version) from None


class Session:
    """One client's statement: settings first, then `insert` or `rows`."""

    def __init__(self, connection: _Connection, role: Role, version: str) -> None:
        self._connection = connection
        self._role = role
        self._version = version
        self._parameters: Mapping[str, str] = {}
        self.counts = Counts()

    def configure(
        self,
        database: str,
        settings: Mapping[str, str],
        parameters: Mapping[str, str],
        *,
        readonly: bool = False,
    ) -> None:
        """Applies what the request carries. Raises EngineError as a server would refuse it."""
        if database:
            self._run("USE `" + database.replace("\\", "\\\\").replace("`", "\\`") + "`")
        settings = dict(settings)
        if self._role is Role.READER:
            settings[ORG_SETTING] = reader_scope(settings.get(ORG_SETTING))
        if self._role is Role.READER or readonly:
            # From here on the engine itself keeps this session from writing and from leaving
            # this mode. 2 lets it change other settings: a server's reader has 1 and a list of
            # those it may change, which chDB does not offer.
            self._set({"readonly": "2"})
        self._set(settings)
        self._parameters = parameters

    def insert(self, statement: bytes) -> None:
        """Runs an INSERT. When it returns, the rows are on disk; when it raises, none are.

        chDB's `send_insert` would take the data piece by piece, but reports success where the
        table refuses it: a constraint, too many partitions, a full disk. So data comes by file.
        """
        self._count(self._run(statement, "TSV", self._parameters))
        # A crash from here on: the part is on disk, the client does not know, and its retry is
        # recognized by insert_deduplication_token.

    def rows(self, text: bytes, format: str, *, streams: bool) -> Generator[bytes, None, None]:
        """The answer in pieces, made as they are asked for where the format allows it."""
        if not streams or format.lower() not in _PIECEWISE:
            yield self._count(self._run(text, format, self._parameters))
            return
        try:
            stream = self._connection.send_query(text, format, self._parameters)
            try:
                while (piece := stream.fetch()) is not None:
                    yield self._count(piece)
            finally:
                stream.cancel()
        except RuntimeError as why:
            raise from_engine(str(why), self._version) from None

    def close(self) -> None:
        """Ends the session; what it was still running is cancelled."""
        self._connection.close()

    def _set(self, values: Mapping[str, str]) -> None:
        for name in values:
            if not _NAME.match(name):
                raise refusal(115, "UNKNOWN_SETTING", f"Unknown setting '{name}'")
        if values:
            self._run("SET " + ", ".join(f"{k} = {_quoted(v)}" for k, v in values.items()))

    def _run(
        self, text: bytes | str, format: str = "TSV", parameters: Mapping[str, str] | None = None
    ) -> _Result:
        try:
            return self._connection.query(text, format, parameters or {})
        except UnicodeDecodeError as why:  # an error that quotes a value which is not text
            raise from_engine(why.object.decode(errors="replace"), self._version) from None
        except RuntimeError as why:
            raise from_engine(str(why), self._version) from None

    def _count(self, piece: _Result) -> bytes:
        data = piece.bytes()
        self.counts.written_rows += piece.rows_written()
        self.counts.written_bytes += piece.bytes_written()
        self.counts.result_rows += piece.rows_read()
        self.counts.result_bytes += len(data)
        self.counts.read_rows += piece.storage_rows_read()
        self.counts.read_bytes += piece.storage_bytes_read()
        return data


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
