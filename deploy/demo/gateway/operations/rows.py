"""What all operations ask of the state."""

import sqlite3

from ..call import Call
from ..errors import Refused


def own(db: sqlite3.Connection, table: str, call: Call) -> sqlite3.Row:
    """The row of *table* that the path names, of the caller's organization. Raises Refused(404)."""
    # The table is a literal of this package, never a caller's.
    query = f"SELECT * FROM {table} WHERE id = ? AND org_id = ?"
    row: sqlite3.Row | None = db.execute(query, (call.target, call.org_id)).fetchone()
    if row is None:
        raise Refused(404, f"no such {table.removesuffix('s')} in {call.org_id}")
    return row


def insert(db: sqlite3.Connection, table: str, **values: object) -> None:
    """Adds a row. Raises Refused(409) when its name is taken."""
    names, marks = ", ".join(values), ", ".join("?" * len(values))
    try:
        db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values()))
    except sqlite3.IntegrityError as error:
        raise Refused(409, f"{table} has one of that name already") from error
