"""Keys of the model providers: kept, rotated, and shown again only to who may reveal them."""

import sqlite3
from typing import Annotated

from msgspec import Meta

from auditline.event import Resource

from ..call import Call, Done, Strict
from ..credentials import Secret, new_id
from ..errors import Refused
from .rows import insert, own

Name = Annotated[str, Meta(min_length=1, max_length=128)]
Key = Annotated[str, Meta(min_length=8, max_length=512, pattern=r"^[\x21-\x7e]+$")]


class NewKey(Strict, frozen=True):
    """POST …/provider-keys"""

    provider: Name
    name: Name
    secret: Key


class Rotation(Strict, frozen=True):
    """POST …/provider-keys/{id}/rotate"""

    secret: Key


async def ask_for_new(db: sqlite3.Connection, call: Call) -> None:
    """Whether the provider of a new key takes it. Raises Refused."""
    wanted = call.parse(NewKey)
    await call.providers.check_key(wanted.provider, wanted.secret)


async def ask_for_rotation(db: sqlite3.Connection, call: Call) -> None:
    """Whether the provider of a known key takes its next secret. Raises Refused."""
    row, wanted = own(db, "provider_keys", call), call.parse(Rotation)
    await call.providers.check_key(row["provider"], wanted.secret)


def view(db: sqlite3.Connection, call: Call) -> Done:
    """All keys without their secrets."""
    query = "SELECT id, provider, name FROM provider_keys WHERE org_id = ? ORDER BY id"
    found = [dict(row) for row in db.execute(query, (call.org_id,))]
    return Done(200, found, Resource("provider_key"), note=f"{len(found)} listed")


def create(db: sqlite3.Connection, call: Call) -> Done:
    """Keeps a key that its provider takes."""
    wanted, key = call.parse(NewKey), new_id("pk")
    insert(
        db,
        "provider_keys",
        id=key,
        org_id=call.org_id,
        provider=wanted.provider,
        name=wanted.name,
        secret=wanted.secret,
    )
    return Done(
        201,
        {"id": key, "provider": wanted.provider, "name": wanted.name},
        Resource("provider_key", key, wanted.name),
        after={
            "provider": wanted.provider,
            "name": wanted.name,
            "secret": Secret(wanted.secret),
        },
    )


def rotate(db: sqlite3.Connection, call: Call) -> Done:
    """Puts a new secret in the place of the old."""
    row, wanted = own(db, "provider_keys", call), call.parse(Rotation)
    if wanted.secret == row["secret"]:
        raise Refused(409, "that is the key already in use")
    db.execute("UPDATE provider_keys SET secret = ? WHERE id = ?", (wanted.secret, row["id"]))
    return Done(
        200,
        {"id": row["id"]},
        _resource(row),
        before={"secret": Secret(row["secret"])},
        after={"secret": Secret(wanted.secret)},
    )


def reveal(db: sqlite3.Connection, call: Call) -> Done:
    """Shows the secret: the one answer that holds it."""
    row = own(db, "provider_keys", call)
    return Done(200, {"id": row["id"], "secret": row["secret"]}, _resource(row))


def delete(db: sqlite3.Connection, call: Call) -> Done:
    """Forgets a key, unless routing still needs its provider."""
    row = own(db, "provider_keys", call)
    routing = db.execute(
        "SELECT 1 FROM routing, json_each(routing.config, '$.targets') AS target "
        "WHERE org_id = ? AND target.value ->> 'provider_key' = ?",
        (call.org_id, row["id"]),
    ).fetchone()
    if routing is not None:
        raise Refused(409, "routing still uses this key: change the routing first")
    db.execute("DELETE FROM provider_keys WHERE id = ?", (row["id"],))
    return Done(
        200,
        {"id": row["id"]},
        _resource(row),
        before={
            "provider": row["provider"],
            "name": row["name"],
            "secret": Secret(row["secret"]),
        },
    )


def _resource(row: sqlite3.Row) -> Resource:
    return Resource("provider_key", row["id"], row["name"])
