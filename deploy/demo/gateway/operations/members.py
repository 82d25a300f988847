"""Members of an organization: invited, given roles, removed."""

import sqlite3
from typing import Annotated

from msgspec import Meta

from auditline.event import Actor, ActorType, Resource

from ..actions import Role
from ..call import Call, Done, Strict
from ..credentials import new_id, new_token, password_hash, token_hash
from ..errors import Denied, Refused
from .rows import insert, own

Email = Annotated[str, Meta(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")]


class Invitation(Strict, frozen=True):
    """POST …/members"""

    email: Email
    role: Role


class Acceptance(Strict, frozen=True):
    """POST …/invitations/accept"""

    token: str
    name: Annotated[str, Meta(min_length=1, max_length=128)]
    password: Annotated[str, Meta(min_length=12, max_length=256)]


class NewRole(Strict, frozen=True):
    """PATCH …/members/{id}"""

    role: Role


def view(db: sqlite3.Connection, call: Call) -> Done:
    """All members, without anything secret."""
    query = "SELECT id, email, name, role, status FROM members WHERE org_id = ? ORDER BY id"
    found = [dict(row) for row in db.execute(query, (call.org_id,))]
    return Done(200, found, Resource("team_member"), note=f"{len(found)} listed")


def create(db: sqlite3.Connection, call: Call) -> Done:
    """Invites somebody; the token in the answer is what his e-mail would carry."""
    wanted = call.parse(Invitation)
    _may_grant(call, wanted.role)
    member, token = invite(db, call.org_id, wanted.email, wanted.role)
    return Done(
        201,
        {"id": member, "invitation": token},
        Resource("team_member", member, wanted.email),
        after={"email": wanted.email, "role": wanted.role.value, "status": "invited"},
    )


def invite(db: sqlite3.Connection, org_id: str, email: str, role: Role) -> tuple[str, str]:
    """Adds an invited member; his id and the invitation's token. Raises Refused(409)."""
    member, token = new_id("usr"), new_token("inv")
    insert(
        db,
        "members",
        id=member,
        org_id=org_id,
        email=email,
        name="",
        role=role.value,
        status="invited",
        invitation=token_hash(token),
    )
    return member, token


def accept(db: sqlite3.Connection, call: Call) -> Done:
    """Turns an invitation into a member who can sign in."""
    given = call.parse(Acceptance)
    query = "SELECT * FROM members WHERE org_id = ? AND invitation = ?"
    row = db.execute(query, (call.org_id, token_hash(given.token))).fetchone()
    if row is None:
        raise Denied(401, "no such invitation")
    db.execute(
        "UPDATE members SET name = ?, password = ?, status = 'active', invitation = NULL "
        "WHERE id = ?",
        (given.name, password_hash(given.password), row["id"]),
    )
    return Done(
        200,
        {"id": row["id"], "role": row["role"]},
        Resource("team_member", row["id"], row["email"]),
        before={"name": row["name"], "status": "invited"},
        after={"name": given.name, "status": "active"},
        actor=Actor(
            ActorType.USER,
            row["id"],
            row["email"],
            given.name,
            row["role"],
            auth_method="invitation",
            mfa=False,
        ),
    )


def change_role(db: sqlite3.Connection, call: Call) -> Done:
    """Gives a member another role; only owners make and unmake owners."""
    row, wanted = own(db, "members", call), call.parse(NewRole)
    _may_grant(call, wanted.role)
    _may_grant(call, Role(row["role"]))
    if wanted.role is not Role.OWNER:
        _keeps_an_owner(db, row)
    db.execute("UPDATE members SET role = ? WHERE id = ?", (wanted.role.value, row["id"]))
    return Done(
        200,
        {"id": row["id"], "role": wanted.role},
        Resource("team_member", row["id"], row["email"]),
        before={"role": row["role"]},
        after={"role": wanted.role.value},
    )


def remove(db: sqlite3.Connection, call: Call) -> Done:
    """Removes a member, and with him his sessions."""
    row = own(db, "members", call)
    _may_grant(call, Role(row["role"]))
    _keeps_an_owner(db, row)
    db.execute("DELETE FROM members WHERE id = ?", (row["id"],))
    return Done(
        200,
        {"id": row["id"]},
        Resource("team_member", row["id"], row["email"]),
        before={name: row[name] for name in ("email", "name", "role", "status")},
    )


def _may_grant(call: Call, role: Role) -> None:
    if role is Role.OWNER and call.role is not Role.OWNER:
        raise Denied(403, "only an owner may make, change or remove an owner")


def _keeps_an_owner(db: sqlite3.Connection, row: sqlite3.Row) -> None:
    query = (
        "SELECT count(*) FROM members "
        "WHERE org_id = ? AND role = 'owner' AND status = 'active' AND id != ?"
    )
    if row["role"] == "owner" and db.execute(query, (row["org_id"], row["id"])).fetchone()[0] == 0:
        raise Refused(409, "an organization keeps at least one owner")
