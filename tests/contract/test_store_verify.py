"""Verification of the real table: what an administrator of ClickHouse does to it is named."""

import os
from uuid import uuid4

import pytest
from entries import DEPLOYMENT, LogMaker
from stacks import Stack
from stores import migrated

from auditline.ledger import Entry, encode_entry
from auditline.ledger.verify import Class, Head
from auditline.store.block import container
from auditline.store.clickhouse import EntriesTable, connect
from auditline.store.report import Report, Verdict
from auditline.store.settings import ClickHouseSettings
from auditline.store.verify import verify
from auditline.store.walk import ClickHouseEntries

pytestmark = pytest.mark.integration

SIZE = 8
_SYNC = "SETTINGS mutations_sync = 2"
_FORGED = "insert_allow_materialized_columns = 1, async_insert = 0"


def _replaced(column: str, event: str, value: str, original: str) -> str:
    """Statements that put a changed copy of entry 3 in and take the original out.

    The engine refuses to update a derived column, or the text that its key is derived from.
    """
    return (
        f"INSERT INTO audit.entries (leaf, salt, event{column}) SELECT leaf, salt, {event}{value} "
        f"FROM audit.entries WHERE org_id = '{{org}}' AND seq = 3 SETTINGS {_FORGED};"
        f"ALTER TABLE audit.entries DELETE WHERE org_id = '{{org}}' AND seq = 3 AND {original} {_SYNC}"
    )


# What is done to a log, in SQL, and what is then named at which seq.
TAMPERING: dict[str, tuple[str, Class, int]] = {
    "text": (
        _replaced("", "replaceOne(event, 'zoe@', 'bob@')", "", "actor_email = 'zoe@example.com'"),
        Class.PAYLOAD_MISMATCH,
        3,
    ),
    "salt": (
        (
            "ALTER TABLE audit.entries UPDATE salt = unhex('00000000000000000000000000000000') "
            f"WHERE org_id = '{{org}}' AND seq = 3 {_SYNC}"
        ),
        Class.PAYLOAD_MISMATCH,
        3,
    ),
    "column": (
        _replaced(", actor_email", "event", ", 'bob@example.com'", "actor_email LIKE 'zoe@%'"),
        Class.COLUMN_MISMATCH,
        3,
    ),
    "array": (
        _replaced(", changed_paths", "event", ", []", "notEmpty(changed_paths)"),
        Class.COLUMN_MISMATCH,
        3,
    ),
    "source": (
        _replaced(", source_offset", "event", ", 77", "source_offset != 77"),
        Class.COLUMN_MISMATCH,
        3,
    ),
    "delete": (
        f"ALTER TABLE audit.entries DELETE WHERE org_id = '{{org}}' AND seq = 3 {_SYNC}",
        Class.GAP,
        3,
    ),
    "lightweight delete": (
        "DELETE FROM audit.entries WHERE org_id = '{org}' AND seq = 0",
        Class.GAP,
        0,
    ),
    "truncated": (
        f"ALTER TABLE audit.entries DELETE WHERE org_id = '{{org}}' AND seq > 5 {_SYNC}",
        Class.TRUNCATED,
        6,
    ),
    "double": (
        (
            "INSERT INTO audit.entries (leaf, salt, event) SELECT leaf, salt, event FROM audit.entries "
            "WHERE org_id = '{org}' AND seq = 3 SETTINGS async_insert = 0"
        ),
        Class.DUPLICATE_SEQ,
        3,
    ),
    "forged": (
        (
            "INSERT INTO audit.entries (leaf, salt, event) SELECT concat(substring(leaf, 1, 39), "
            "char(8), substring(leaf, 41, 104)), salt, event FROM audit.entries "
            "WHERE org_id = '{org}' AND seq = 7 SETTINGS async_insert = 0"
        ),
        Class.LINK_BROKEN,
        8,
    ),
    "hidden": (
        (
            "INSERT INTO audit.entries (leaf, salt, event, org_id) SELECT leaf, salt, event, "
            f"'{{org}}-elsewhere' FROM audit.entries WHERE org_id = '{{org}}' AND seq = 3 SETTINGS {_FORGED}"
        ),
        Class.GAP,
        0,
    ),
}


class Table:
    """Logs in the real table, each of an organization of its own."""

    def __init__(self, stack: Stack) -> None:
        self.settings: ClickHouseSettings = migrated(stack)
        prefix = f"org_v{uuid4().hex[:8]}"
        self.makers = {n: LogMaker(f"{prefix}_{i}") for i, n in enumerate((*TAMPERING, "whole"))}
        self.heads: dict[str, Head] = {}
        table = EntriesTable(self.settings)
        for maker in self.makers.values():
            self._insert(table, maker.take(SIZE))
            self.heads[maker.log_id.hex()] = Head(maker.seq, maker.prev)
        table.close()
        before = {name: self.verify(name).verdict for name in self.makers}
        assert set(before.values()) == {Verdict.VERIFIED_ANCHORED}
        stack.admin(
            *(
                statement.format(org=self.makers[name].org_id)
                for name, (sql, _, _) in TAMPERING.items()
                for statement in sql.split(";")
            )
        )

    def _insert(self, table: EntriesTable, entries: list[Entry]) -> None:
        block = container([encode_entry(entry) for entry in entries])
        assert table.insert(block, os.urandom(8).hex()) == len(entries)

    def verify(self, name: str, suffix: str = "") -> Report:
        maker = self.makers[name]
        org_id = maker.org_id + suffix
        known = {maker.log_id.hex(): self.heads[maker.log_id.hex()]}
        with connect(self.settings, reader=True, scope=org_id) as client:
            return verify(ClickHouseEntries(client), DEPLOYMENT, known, org_id)


@pytest.fixture(scope="module")
def table(stack: Stack) -> Table:
    return Table(stack)


@pytest.mark.parametrize("name", [n for n in TAMPERING if n not in ("hidden", "forged")])
def test_tampering_is_named(table: Table, name: str) -> None:
    _, cls, seq = TAMPERING[name]
    report = table.verify(name)
    assert report.first is not None
    assert (report.verdict, report.first.problem.cls, report.first.problem.seq) == (
        Verdict.TAMPERED,
        cls,
        seq,
    )


def test_a_forged_tail_is_named(table: Table) -> None:
    report = table.verify("forged")
    assert report.exit_code == 40
    # Nothing after it can tell which of the two is wrong.
    assert {f.problem.seq for f in report.findings} <= {7, 8}


def test_a_row_hidden_in_another_organization_is_named(table: Table) -> None:
    report = table.verify("hidden", "-elsewhere")
    assert report.exit_code == 40
    classes = {finding.problem.cls for finding in report.findings}
    assert {Class.GAP, Class.FOREIGN_ENTRY, Class.COLUMN_MISMATCH} <= classes
    mismatch = next(f for f in report.findings if f.problem.cls is Class.COLUMN_MISMATCH)
    assert mismatch.problem.found == f"org_id '{table.makers['hidden'].org_id}-elsewhere'"
    assert mismatch.problem.expected == f"org_id '{table.makers['hidden'].org_id}'"


def test_a_whole_log_stays_whole(table: Table) -> None:
    report = table.verify("whole")
    assert (report.verdict, report.entries) == (Verdict.VERIFIED_ANCHORED, SIZE)


def test_all_organizations_at_once(table: Table) -> None:
    with connect(table.settings, reader=True, scope="*") as client:
        report = verify(ClickHouseEntries(client, rows=7), DEPLOYMENT)
    bad = {finding.org_id for finding in report.findings}
    for name, maker in table.makers.items():
        # Without a head from outside a cut tail, and a row copied elsewhere, harm this log not.
        assert (maker.org_id in bad) == (name not in ("whole", "truncated", "hidden")), name


def test_nothing_there_is_not_verified(table: Table) -> None:
    with connect(table.settings, reader=True, scope="nobody") as client:
        report = verify(ClickHouseEntries(client), DEPLOYMENT, None, "nobody")
    assert report.exit_code == 50


def test_a_reader_without_rights_is_not_green(table: Table) -> None:
    with connect(table.settings, reader=True) as client:  # no scope: sees nothing
        report = verify(ClickHouseEntries(client), DEPLOYMENT)
    assert report.exit_code == 50


def test_a_database_that_is_away_is_not_green(table: Table) -> None:
    with connect(table.settings, reader=True, scope="*") as client:
        entries = ClickHouseEntries(client)
        client.close_connections()
        client.database = "no_such_database"
        report = verify(entries, DEPLOYMENT)
    assert report.exit_code == 50
    assert report.reason
