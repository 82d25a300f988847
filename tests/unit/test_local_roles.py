"""The roles' file: what a server loads and what the laptop's engine is opened with."""

import hashlib
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from auditline.local.clickhouse.roles import (
    ALL_ORGS,
    Accounts,
    Role,
    org_setting,
    reader_scope,
    users_xml,
)

DEPLOY = Path(__file__).parents[2] / "deploy"
# What nobody may hold: each changes or removes rows, or lets somebody hand out rights.
FORBIDDEN = ("UPDATE", "TRUNCATE", "DROP", "OPTIMIZE", "SYSTEM", "BACKUP", "ALL", "GRANT OPTION")


def _grants(xml: str) -> str:
    return " ".join(q.text or "" for q in ET.fromstring(xml).iter("query"))


def test_the_server_loads_the_file_that_the_laptop_reads() -> None:
    served = DEPLOY / "clickhouse" / "users.d" / "auditline.xml"
    assert served.read_text() == (DEPLOY / "auditline/local/clickhouse/auditline.xml").read_text()


@pytest.mark.parametrize("role", [r for r in Role if r is not Role.ADMINISTRATOR])
def test_no_role_holds_what_could_rewrite_the_log(role: Role) -> None:
    words = _grants(users_xml(role)).replace(",", " ").split()
    assert not set(words) & {w for f in FORBIDDEN for w in f.split() if w not in ("GRANT",)}
    assert ("DELETE" in words) == (role is Role.ERASURE)
    assert ("INSERT" in words) == (role is Role.WRITER)


def test_the_engine_confines_readers_and_leaves_the_writer() -> None:
    policy = ET.fromstring(users_xml(Role.WRITER)).findtext(".//filter") or ""
    assert policy.startswith("NOT startsWith(getSetting('log_comment'), 'org:') OR (")
    assert ET.fromstring(users_xml(Role.MIGRATOR)).find(".//filter") is None


def test_a_reader_without_an_org_reads_nothing() -> None:
    assert reader_scope(None) == reader_scope("acme") == reader_scope("") == "org:"
    assert reader_scope(org_setting("acme")["log_comment"]) == "org:acme"
    assert reader_scope(ALL_ORGS) == "org:*"


def test_accounts_are_those_that_services_use() -> None:
    hashed = hashlib.sha256(b"pw").hexdigest().upper()
    accounts = Accounts.from_environment({"AUDITLINE_READER_PASSWORD_SHA256": hashed})
    assert accounts.authenticate("auditline_reader", "pw") is Role.READER
    assert accounts.authenticate("auditline_reader", "other") is None
    assert accounts.authenticate("auditline_writer", "") is Role.WRITER
    for nobody in ("default", "auditline_migrator", "auditline_erasure", "administrator", ""):
        assert accounts.authenticate(nobody, "") is None
    assert hashed not in repr(accounts)
