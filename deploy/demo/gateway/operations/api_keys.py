"""The gateway's own API keys: shown once, kept as a hash, rolled in place."""

import sqlite3
from typing import Annotated, Literal

from msgspec import Meta

from auditline.event import Resource

from ..actions import Role
from ..call import Call, Done, Strict
from ..credentials import Secret, new_id, new_token, token_hash
from ..diff import Value
from ..errors import Denied, Refused
from .provider_keys import Name
from .rows import insert, own

Limit = Annotated[int, Meta(ge=1, le=1_000_000)]
_MORE_THAN_DEVELOPER = frozenset({"admin"})


class NewKey(Strict, frozen=True):
    """POST …/api-keys; *rpm* is requests per minute."""

    name: Name
    role: Literal["admin", "developer", "viewer"] = "developer"
    rpm: Limit = 600


class NewLimit(Strict, frozen=True):
    """PUT …/api-keys/{id}/limit"""

    rpm: Limit


class NewStatus(Strict, frozen=True):
    """PUT …/api-keys/{id}/status"""

    status: Literal["active", "disabled"]


def view(db: sqlite3.Connection, call: Call) -> Done:
    """All keys; what they are was shown once, when each was made."""
    query = "SELECT id, name, role, status, rpm FROM api_keys WHERE org_id = ? ORDER BY id"
    found = [dict(row) for row in db.execute(query, (call.org_id,))]
    return Done(200, found, Resource("api_key"), note=f"{len(found)} listed")


def create(db: sqlite3.Connection, call: Call) -> Done:
    """Makes a key no mightier than its maker."""
    wanted = call.parse(NewKey)
    if wanted.role in _MORE_THAN_DEVELOPER and call.role is Role.DEVELOPER:
        raise Denied(403, f"a developer cannot make a key with role {wanted.role}")
    key, token = new_id("key"), new_token("gwk")
    state: dict[str, Value] = {
        "name": wanted.name,
        "role": wanted.role,
        "status": "active",
        "rpm": wanted.rpm,
    }
    insert(db, "api_keys", id=key, org_id=call.org_id, token=token_hash(token), **state)
    return Done(
        201,
        {"id": key, "key": token},
        Resource("api_key", key, wanted.name),
        after={**state, "key": Secret(token)},
    )


def update_limit(db: sqlite3.Connection, call: Call) -> Done:
    """Changes how many requests a minute the key may make."""
    row, wanted = own(db, "api_keys", call), call.parse(NewLimit)
    db.execute("UPDATE api_keys SET rpm = ? WHERE id = ?", (wanted.rpm, row["id"]))
    before: dict[str, Value] = {"limits": {"rpm": row["rpm"]}}
    return Done(
        200,
        {"id": row["id"], "rpm": wanted.rpm},
        _resource(row),
        before,
        {"limits": {"rpm": wanted.rpm}},
    )


def update_status(db: sqlite3.Connection, call: Call) -> Done:
    """Disables a key, or enables it again."""
    row, wanted = own(db, "api_keys", call), call.parse(NewStatus)
    if row["status"] == wanted.status:
        raise Refused(409, f"the key is {wanted.status} already")
    db.execute("UPDATE api_keys SET status = ? WHERE id = ?", (wanted.status, row["id"]))
    return Done(
        200,
        {"id": row["id"], "status": wanted.status},
        _resource(row),
        {"status": row["status"]},
        {"status": wanted.status},
    )


def roll(db: sqlite3.Connection, call: Call) -> Done:
    """Gives the key a new value; the old one ends at once."""
    row, token = own(db, "api_keys", call), new_token("gwk")
    if row["role"] in _MORE_THAN_DEVELOPER and call.role is Role.DEVELOPER:
        raise Denied(403, f"a developer cannot roll a key with role {row['role']}")
    db.execute("UPDATE api_keys SET token = ? WHERE id = ?", (token_hash(token), row["id"]))
    return Done(
        200,
        {"id": row["id"], "key": token},
        _resource(row),
        # The old key itself is not kept, so its hash stands for it.
        {"key": Secret(row["token"].hex())},
        {"key": Secret(token)},
    )


def delete(db: sqlite3.Connection, call: Call) -> Done:
    """Ends a key for good."""
    row = own(db, "api_keys", call)
    db.execute("DELETE FROM api_keys WHERE id = ?", (row["id"],))
    before = {name: row[name] for name in ("name", "role", "status", "rpm")}
    return Done(200, {"id": row["id"]}, _resource(row), before)


def _resource(row: sqlite3.Row) -> Resource:
    return Resource("api_key", row["id"], row["name"])
