"""The gateway's state in SQLite: one writer at a time, readers beside it (WAL)."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path


class State:
    """Two connections to one database: one that changes it, one that looks."""

    def __init__(self, path: Path) -> None:
        """Opens the database at *path*, creating it if need be. Raises sqlite3.Error."""
        self._writer = connect(path)
        self._writer.executescript(files(__package__).joinpath("schema.sql").read_text("utf-8"))
        self.reader = connect(path)
        self._one = asyncio.Lock()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[sqlite3.Connection]:
        """A write transaction: committed on leaving, rolled back when the block raises.

        It may stay open across an await (for the audit log's acknowledgement), so the lock is
        asyncio's: others wait without blocking the event loop, and changes happen in the order
        in which they were recorded.
        """
        async with self._one:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                await asyncio.to_thread(self._writer.execute, "COMMIT")
            except BaseException:
                if self._writer.in_transaction:  # SQLite has ended it itself where a disk is full
                    self._writer.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Closes both connections; a transaction still open is rolled back."""
        self.reader.close()
        self._writer.close()


def connect(path: Path) -> sqlite3.Connection:
    """A connection in autocommit mode, its commits durable, rows readable by name."""
    # Calls move between threads but never overlap: the lock above sees to that.
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    db.row_factory = sqlite3.Row
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        db.execute(f"PRAGMA {pragma}")
    return db
