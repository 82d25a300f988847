"""The log of model calls: its download is an access to customers' data, so it is audited."""

import sqlite3
from collections.abc import Mapping

import msgspec

from auditline.event import Resource

from ..call import Call, Done
from ..errors import Refused

_MOST = 10_000


def export(db: sqlite3.Connection, call: Call) -> Done:
    """The newest calls, at most *limit* (query, 1 to 10,000), as JSON lines, oldest first."""
    limit = _limit(call.query)
    rows = db.execute(
        "SELECT * FROM (SELECT * FROM request_logs WHERE org_id = ? ORDER BY at DESC, id LIMIT ?) "
        "ORDER BY at, id",
        (call.org_id, limit),
    )
    found = [dict(row) for row in rows]
    return Done(
        200,
        msgspec.json.Encoder().encode_lines(found),
        Resource("request_log", name=f"newest {limit}"),
        note=f"{len(found)} rows",
        media_type="application/x-ndjson",
    )


def _limit(query: Mapping[str, str]) -> int:
    text = query.get("limit", "1000")
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= _MOST:
        raise Refused(422, f"limit is a number from 1 to {_MOST}")
    return int(text)
