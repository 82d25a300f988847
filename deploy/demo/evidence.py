"""What the log has, asked in the two places that keep it: Kafka's ledger and ClickHouse."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

import clickhouse_connect

from auditline.kafka import KafkaSettings
from auditline.kafka.reader import PartitionReader
from auditline.kafka.topics import Topics
from auditline.ledger import Leaf, decode_entry, leaf_hash

from .driver.journal import Line

_ROWS = """
  SELECT org_id, seq, request_id, action, toString(outcome), client_ip
  FROM entries WHERE kind = 0 ORDER BY org_id, log_id, seq
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One event as ClickHouse shows it."""

    org_id: str
    seq: int
    request_id: str
    action: str
    outcome: str
    client_ip: str


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry of one organization's log: *size* entries, the last with this *hash*."""

    org_id: str
    size: int
    hash: bytes

    def __str__(self) -> str:
        return f"{self.org_id}:{self.size}:{self.hash.hex()}"


def rows(dsn: str) -> list[Row]:
    """All events in ClickHouse, in the order of their logs. Raises clickhouse_connect's errors."""
    parts = urlsplit(dsn)
    client = clickhouse_connect.get_client(
        host=parts.hostname or "127.0.0.1",
        port=parts.port or 8123,
        username=parts.username,
        password=parts.password or "",
        database=parts.path.strip("/"),
        autogenerate_session_id=False,
    )
    try:
        return [Row(*row) for row in client.query(_ROWS).result_rows]
    finally:
        client.close()


def heads(kafka: KafkaSettings, partitions: int) -> list[Head]:
    """The head of every log as Kafka's ledger has it: what somebody outside ClickHouse notes."""
    found: dict[str, Head] = {}
    topic = Topics(kafka.topic_prefix).ledger
    with PartitionReader(kafka) as reader:
        for partition in range(partitions):
            for record in reader.read(topic, partition, 0):
                entry = decode_entry(record.value() or b"")
                org_id: str = json.loads(entry.event)["org_id"]
                seq = Leaf.parse(entry.leaf).seq
                found[org_id] = Head(org_id, seq + 1, leaf_hash(entry.leaf))
    return [found[org_id] for org_id in sorted(found)]


def differences(lines: Iterable[Line], found: Iterable[Row]) -> list[str]:
    """Where the log differs from what the driver did: nothing, if all is well. Pure.

    Every answered request must be there exactly once, in its organization's log, with its outcome.
    """
    by_request: dict[str, list[Row]] = {}
    for row in found:
        by_request.setdefault(row.request_id, []).append(row)
    problems = []
    for line in lines:
        there = by_request.pop(line.request_id, [])
        if line.outcome != "unrecorded" and len(there) != 1:
            problems.append(f"{line.request_id}: {len(there)} entries, not one")
        elif line.outcome != "unrecorded" and _said(line) != _kept(there[0]):
            problems.append(f"{line.request_id}: {_kept(there[0])}, not {_said(line)}")
    unknown = [name for name, rows_ in by_request.items() for _ in rows_]
    return problems + [f"{name}: in the log, but nobody did it" for name in unknown]


def _said(line: Line) -> tuple[str, ...]:
    return line.org_id, line.action, line.outcome, line.client_ip


def _kept(row: Row) -> tuple[str, ...]:
    return row.org_id, row.action, row.outcome, row.client_ip
