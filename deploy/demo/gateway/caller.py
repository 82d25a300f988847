"""Who calls, and whether he may: the two questions before every action."""

import hmac
import sqlite3
from dataclasses import dataclass

from auditline.event import Actor, ActorType

from .actions import Action, Role
from .credentials import token_hash
from .errors import Denied

PLATFORM_ORG = "org_platform"
"""The operator's own log: for attempts on organizations that do not exist."""

ANONYMOUS = Actor(ActorType.ANONYMOUS, "anonymous")
MASTER = Actor(
    ActorType.MASTER_KEY, "master_key", name="Platform operator", auth_method="master_key"
)

_SESSION = """
  SELECT s.id AS session, s.mfa, s.started_at, m.id, m.org_id, m.email, m.name, m.role
  FROM sessions s JOIN members m ON m.id = s.member_id
  WHERE s.token = ? AND s.expires_at > ? AND m.status = 'active'
"""
_API_KEY = "SELECT id, org_id, name, role FROM api_keys WHERE token = ? AND status = 'active'"


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated caller: *org_id* and *role* are None for the operator's master key."""

    actor: Actor
    org_id: str | None
    role: Role | None


def identify(
    db: sqlite3.Connection, authorization: str | None, *, now: int, master: bytes
) -> Caller | None:
    """The caller behind an Authorization header; None if it names nobody. *now* in microseconds."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        return None
    hashed = token_hash(token)
    if hmac.compare_digest(hashed, master):
        return Caller(MASTER, None, None)
    if (row := db.execute(_SESSION, (hashed, now)).fetchone()) is not None:
        return Caller(_member(row), row["org_id"], Role(row["role"]))
    if (row := db.execute(_API_KEY, (hashed,)).fetchone()) is not None:
        return Caller(_api_key(row), row["org_id"], Role(row["role"]))
    return None


def admit(caller: Caller | None, action: Action, org_id: str) -> None:
    """Raises Denied unless *caller* may do *action* in *org_id*. Pure."""
    if action.open:
        return
    if caller is None:
        raise Denied(401, "no valid session or API key")
    if caller.role is None:
        if action.name != "organization.create":
            raise Denied(403, "the master key only creates organizations")
        return
    if caller.org_id != org_id:
        raise Denied(403, f"{caller.actor.id} is not of {org_id}")
    if caller.role not in action.roles:
        raise Denied(403, f"role {caller.role} may not {action.name}")
    if action.mfa and not caller.actor.mfa:
        raise Denied(403, f"{action.name} needs a session with a second factor")


def _member(row: sqlite3.Row) -> Actor:
    return Actor(
        ActorType.USER,
        row["id"],
        email=row["email"],
        name=row["name"],
        role=row["role"],
        credential_id=row["session"],
        auth_method="password+totp" if row["mfa"] else "password",
        mfa=bool(row["mfa"]),
        session_id=row["session"],
        session_started_at=row["started_at"],
    )


def _api_key(row: sqlite3.Row) -> Actor:
    return Actor(
        ActorType.API_KEY,
        row["id"],
        name=row["name"],
        role=row["role"],
        credential_id=row["id"],
        auth_method="api_key",
    )
