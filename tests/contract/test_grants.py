"""The real table is append-only for every role that a service has, by the engine's own refusal."""

import os

import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError
from entries import LogMaker
from stacks import Stack
from stores import migrated

from auditline.ledger import encode_entry
from auditline.store.block import container
from auditline.store.clickhouse import EntriesTable, connect
from auditline.store.errors import Refused
from auditline.store.settings import ClickHouseSettings

pytestmark = pytest.mark.integration

# READONLY, ACCESS_DENIED, and the profile's own refusal of a setting.
REFUSED = (164, 497, 452)

DESTRUCTIVE = (
    "ALTER TABLE audit.entries UPDATE event = '' WHERE 1",
    "ALTER TABLE audit.entries UPDATE actor_id = '' WHERE 1",
    "ALTER TABLE audit.entries DELETE WHERE 1",
    "DELETE FROM audit.entries WHERE 1",
    "UPDATE audit.entries SET actor_id = '' WHERE 1",
    "TRUNCATE TABLE audit.entries",
    "DROP TABLE audit.entries",
    "DROP DATABASE audit",
    "DETACH TABLE audit.entries PERMANENTLY",
    "RENAME TABLE audit.entries TO audit.gone",
    "EXCHANGE TABLES audit.entries AND audit.other",
    "CREATE OR REPLACE TABLE audit.entries (n UInt8) ENGINE = Memory",
    "CREATE TABLE audit.other AS audit.entries",
    "OPTIMIZE TABLE audit.entries FINAL DEDUPLICATE",
    "OPTIMIZE TABLE audit.entries FINAL DEDUPLICATE BY org_id",
    "ALTER TABLE audit.entries DROP PARTITION 202611",
    "ALTER TABLE audit.entries DETACH PARTITION 202611",
    "ALTER TABLE audit.entries REPLACE PARTITION 202611 FROM audit.other",
    "ALTER TABLE audit.entries ATTACH PARTITION 202611 FROM audit.other",
    "ALTER TABLE audit.entries MOVE PARTITION 202611 TO TABLE audit.other",
    "ALTER TABLE audit.entries CLEAR COLUMN actor_id IN PARTITION 202611",
    "ALTER TABLE audit.entries DROP COLUMN actor_id",
    "ALTER TABLE audit.entries MODIFY COLUMN actor_id String DEFAULT 'x'",
    "ALTER TABLE audit.entries MODIFY COLUMN leaf_hash FixedString(32) ALIAS unhex(repeat('00', 32))",
    "ALTER TABLE audit.entries MATERIALIZE COLUMN actor_id",
    "ALTER TABLE audit.entries MODIFY TTL recorded_at + INTERVAL 1 SECOND",
    "ALTER TABLE audit.entries MODIFY SETTING non_replicated_deduplication_window = 0",
    "ALTER TABLE audit.entries DROP CONSTRAINT leaf_has_label_and_kind",
    "ALTER TABLE audit.entries APPLY DELETED MASK",
    "DROP VIEW audit.migration_0001_entries",
    "CREATE ROW POLICY p ON audit.entries USING 0 TO ALL",
    "GRANT ALL ON *.* TO CURRENT_USER",
    "SYSTEM STOP MERGES audit.entries",
    "BACKUP TABLE audit.entries TO File('x')",
)


@pytest.fixture(scope="module")
def settings(stack: Stack) -> ClickHouseSettings:
    return migrated(stack)


@pytest.fixture(scope="module")
def rows(settings: ClickHouseSettings) -> int:
    """How many rows are there to be destroyed."""
    table = EntriesTable(settings)
    for org in ("org_grants_a", "org_grants_b"):
        block = container([encode_entry(entry) for entry in LogMaker(org).take(5)])
        assert table.insert(block, os.urandom(8).hex()) == 5
    table.close()
    return count(settings)


def count(settings: ClickHouseSettings) -> int:
    with connect(settings) as writer:
        found = writer.command("SELECT count() FROM audit.entries")
    assert isinstance(found, int)
    return found


def client(settings: ClickHouseSettings, role: str) -> Client:
    return connect(settings, reader=role == "reader", scope="*" if role == "reader" else "")


@pytest.mark.parametrize("role", ["writer", "reader"])
@pytest.mark.parametrize("statement", DESTRUCTIVE)
def test_no_service_can_destroy(
    settings: ClickHouseSettings, rows: int, role: str, statement: str
) -> None:
    with client(settings, role) as opened, pytest.raises(DatabaseError) as refused:
        opened.command(statement)
    assert refused.value.code in REFUSED
    assert count(settings) == rows


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO audit.entries (leaf, salt, event) SELECT leaf, salt, event FROM audit.entries",
        "INSERT INTO audit.entries (leaf, salt, event) VALUES ('', '', '')",
        "INSERT INTO audit.entries SELECT * FROM audit.entries",
    ],
)
def test_a_reader_inserts_nothing(settings: ClickHouseSettings, rows: int, statement: str) -> None:
    with client(settings, "reader") as opened, pytest.raises(DatabaseError) as refused:
        opened.command(statement)
    assert refused.value.code in REFUSED
    assert count(settings) == rows


def test_a_reader_sees_one_organization(settings: ClickHouseSettings, rows: int) -> None:
    query = "SELECT DISTINCT org_id FROM entries WHERE startsWith(org_id, 'org_grants') ORDER BY 1"

    def seen(scope: str) -> list[str]:
        with connect(settings, reader=True, scope=scope) as opened:
            return [row[0] for row in opened.query(query).result_rows]

    assert seen("") == []
    assert seen("org_grants_a") == ["org_grants_a"]
    assert seen("org_grants") == []
    assert seen("*") == ["org_grants_a", "org_grants_b"]


def test_what_is_no_leaf_is_refused(settings: ClickHouseSettings, rows: int) -> None:
    """The writer itself cannot put rows that no chain could have made."""
    good = LogMaker("org_grants_a").add()
    table = EntriesTable(settings)
    for leaf, event in [
        (b"x" + good.leaf[1:], good.event),
        (good.leaf[:99] + b"\x08" + good.leaf[100:], good.event),
        (good.leaf, b"{"),
        (good.leaf, b'{"org_id":""}'),
    ]:
        bad = type(good)(leaf, good.salt, event)
        with pytest.raises(Refused, match="breaks a constraint"):
            table.insert(container([encode_entry(bad)]), os.urandom(8).hex())
    assert count(settings) == rows


def test_one_insert_of_two_months_is_refused(settings: ClickHouseSettings, rows: int) -> None:
    maker = LogMaker("org_grants_a", recorded_at=1_796_083_199_999_999 - 1)
    block = container([encode_entry(entry) for entry in maker.take(2)])
    with pytest.raises(Refused, match="several partitions"):
        EntriesTable(settings).insert(block, os.urandom(8).hex())
    assert count(settings) == rows


def test_a_token_is_taken_once(settings: ClickHouseSettings, rows: int) -> None:
    block = container([encode_entry(entry) for entry in LogMaker("org_grants_c").take(3)])
    table, token = EntriesTable(settings), os.urandom(8).hex()
    before = count(settings)
    assert table.insert(block, token) == 3
    assert table.insert(block, token) in (0, 3)
    assert count(settings) == before + 3
