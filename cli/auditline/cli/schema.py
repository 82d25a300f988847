"""Migrating a ClickHouse server over its own interface."""

from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import SecretStr

from auditline.cli.errors import CommandFailed
from auditline.cli.exits import Exit
from auditline.store.clickhouse import connect, mapped
from auditline.store.migrate import migrate
from auditline.store.settings import ClickHouseSettings


def bring_up_to_date(
    settings: ClickHouseSettings, user: str, password: str, cluster: str | None
) -> list[str]:
    """Apply what the server lacks, as *user*; returns the names of what it lacked.

    Raises the store's `Unavailable` and `Refused`, and `CommandFailed` for a cluster's odd name.
    """
    client = connect(as_user(settings, user, password))
    try:
        with mapped("migrating"):
            return migrate(client, cluster)
    except ValueError as error:
        raise CommandFailed(str(error), Exit.USAGE) from error
    finally:
        client.close()


def as_user(settings: ClickHouseSettings, user: str, password: str) -> ClickHouseSettings:
    """The same server, as *user*, and without the database, which may not exist yet."""
    parts = urlsplit(settings.dsn.get_secret_value())
    address = parts.netloc.rpartition("@")[2]
    netloc = f"{quote(user, safe='')}@{address}"
    dsn = SecretStr(urlunsplit((parts.scheme, netloc, "", parts.query, "")))
    return settings.model_copy(update={"dsn": dsn, "password": SecretStr(password)})
