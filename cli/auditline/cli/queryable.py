"""Waiting until what was emitted can be found."""

import time
from collections.abc import Mapping
from contextlib import closing
from uuid import UUID

from auditline.store.clickhouse import connect, mapped
from auditline.store.errors import Unavailable
from auditline.store.settings import ClickHouseSettings

_TICK = 0.2
_AT_ONCE = 500
_SELECT = "SELECT DISTINCT org_id FROM entries WHERE (org_id, event_id) IN ({})"


def wait_queryable(
    settings: ClickHouseSettings, last: Mapping[str, UUID], seconds: float
) -> list[str]:
    """Wait until each organization's *last* event is in ClickHouse, at most *seconds*.

    Returns the organizations whose event is not. An organization's entries come in order, so its
    last one tells of all. A ClickHouse that is away is waited for as well.
    """
    deadline = time.monotonic() + seconds
    missing = dict(last)
    while missing:
        for org in _found(settings, missing):
            del missing[org]
        if not missing or time.monotonic() > deadline:
            break
        time.sleep(_TICK)
    return sorted(missing)


def _found(settings: ClickHouseSettings, wanted: Mapping[str, UUID]) -> list[str]:
    some = dict(list(wanted.items())[:_AT_ONCE])
    parameters = {f"o{i}": org for i, org in enumerate(some)}
    parameters |= {f"e{i}": str(event) for i, event in enumerate(some.values())}
    pairs = ", ".join(f"({{o{i}:String}}, {{e{i}:UUID}})" for i in range(len(some)))
    try:
        with closing(connect(settings, reader=True, scope="*")) as client, mapped("looking"):
            rows = client.query(_SELECT.format(pairs), parameters=parameters).result_rows
    except Unavailable:
        return []
    return [str(org) for (org,) in rows]
