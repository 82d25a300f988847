"""Rows into ClickHouse by its client alone, and what a reader finds there."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from pydantic import SecretStr

from auditline.store.clickhouse import COLUMNS, connect
from auditline.store.settings import ClickHouseSettings
from bench.log import Addresses


@contextmanager
def reader(addresses: Addresses) -> Iterator[Client]:
    """A client that may read every organization's rows."""
    settings = ClickHouseSettings(
        dsn=SecretStr(addresses.clickhouse), reader_dsn=SecretStr(addresses.reader)
    )
    client = connect(settings, reader=True, scope="*")
    try:
        yield client
    finally:
        client.close()


def newest(client: Client) -> dict[int, int]:
    """The last source offset that can be queried, by source partition."""
    found = client.query(
        "SELECT source_partition, max(source_offset) FROM entries GROUP BY source_partition"
    ).result_rows
    return {int(partition): int(offset) for partition, offset in found}


def events(client: Client) -> int:
    """How many events can be queried."""
    return int(client.query("SELECT count() FROM entries WHERE kind = 0").result_rows[0][0])


def event_ids(client: Client, org_id: str) -> list[UUID]:
    """The ids of an organization's events, in the order of its log."""
    found = client.query(
        "SELECT event_id FROM entries WHERE org_id = {org:String} AND kind = 0 ORDER BY seq",
        parameters={"org": org_id},
    ).result_rows
    return [row[0] for row in found]


def insert(addresses: Addresses, table: str, blocks: Sequence[bytes]) -> float:
    """Insert Avro containers one after the other; returns the seconds it took."""
    client = clickhouse_connect.get_client(dsn=addresses.clickhouse)
    settings = {"async_insert": 0, "max_insert_threads": 1, "max_partitions_per_insert_block": 1}
    began = time.monotonic()
    for block in blocks:
        client.raw_insert(table, COLUMNS, block, settings=settings, fmt="Avro")
    seconds = time.monotonic() - began
    client.close()
    return seconds
