"""Reading ``audit.entries`` from end to end, for verification."""

from collections.abc import Iterator, Sequence
from typing import Any

from clickhouse_connect.driver.client import Client

from auditline.store.clickhouse import mapped
from auditline.store.columns import SELECTED
from auditline.store.verify import Block

_EVIDENCE = ("leaf", "salt", "event")
_ROWS = 16_384
"""In one block: some 20 MB while they are compared."""


class ClickHouseEntries:
    """`Entries` by *client*, a reader whose scope is the organization or all of them."""

    def __init__(self, client: Client, rows: int = _ROWS) -> None:
        self._client = client
        self._rows = rows

    def count(self, org_id: str | None) -> int:
        """How many rows there are now; more may come."""
        with mapped("counting"):
            found: Sequence[Any] = self._client.query(
                f"SELECT count() FROM entries{_where(org_id)}", parameters=_parameters(org_id)
            ).result_rows
        return int(found[0][0])

    def blocks(self, org_id: str | None) -> Iterator[Block]:
        """All rows in the order of the table's key, as blocks of columns."""
        text = (
            f"SELECT {', '.join((*_EVIDENCE, *SELECTED))} FROM entries{_where(org_id)} "
            "ORDER BY org_id, log_id, seq"
        )
        with mapped("reading entries"):
            stream = self._client.query_column_block_stream(
                text,
                parameters=_parameters(org_id),
                settings={"max_block_size": self._rows},
                column_formats={"event": "bytes"},
            )
            with stream:
                for leaves, salts, events, *derived in stream:
                    yield Block(leaves, salts, events, derived)

    def repeated(self, org_id: str | None) -> list[tuple[str, str]]:
        """Up to 100 events that are there more than once."""
        text = (
            f"SELECT org_id, toString(event_id) FROM entries{_where(org_id)} "
            "GROUP BY org_id, event_id HAVING count() > 1 LIMIT 100"
        )
        with mapped("looking for repeated events"):
            found: Sequence[Any] = self._client.query(
                text, parameters=_parameters(org_id)
            ).result_rows
        return [(str(org), str(event)) for org, event in found]


def _where(org_id: str | None) -> str:
    return "" if org_id is None else " WHERE org_id = {org:String}"


def _parameters(org_id: str | None) -> dict[str, str]:
    return {} if org_id is None else {"org": org_id}
