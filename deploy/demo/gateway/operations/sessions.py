"""Signing in and out, and the second factor."""

import sqlite3

from auditline.event import Actor, ActorType, Resource

from ..call import Call, Done, Strict
from ..credentials import (
    Secret,
    new_id,
    new_token,
    new_totp_secret,
    password_matches,
    token_hash,
    totp_matches,
)
from ..errors import Denied, Refused

_LASTS = 12 * 3600 * 1_000_000


class Login(Strict, frozen=True):
    """POST …/sessions; *code* is the second factor's, where the member has one."""

    email: str
    password: str
    code: str | None = None


def login(db: sqlite3.Connection, call: Call) -> Done:
    """Opens a session. Whatever is wrong, the answer is the same: it must not tell who exists."""
    given = call.parse(Login)
    query = "SELECT * FROM members WHERE org_id = ? AND email = ? AND status = 'active'"
    row = db.execute(query, (call.org_id, given.email)).fetchone()
    if row is None or not password_matches(given.password, row["password"]):
        raise Denied(401, "wrong e-mail, password or code")
    mfa = row["totp"] is not None
    if mfa and not totp_matches(given.code or "", row["totp"], call.now / 1e6):
        raise Denied(401, "wrong e-mail, password or code")
    session, token = new_id("ses"), new_token("gws")
    db.execute(
        "INSERT INTO sessions (id, token, member_id, mfa, started_at, expires_at) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (session, token_hash(token), row["id"], mfa, call.now, call.now + _LASTS),
    )
    return Done(
        201,
        {"session": session, "token": token, "member": row["id"], "mfa": mfa},
        Resource("session", session),
        actor=Actor(
            ActorType.USER,
            row["id"],
            row["email"],
            row["name"],
            row["role"],
            credential_id=session,
            auth_method="password+totp" if mfa else "password",
            mfa=mfa,
            session_id=session,
            session_started_at=call.now,
        ),
    )


def logout(db: sqlite3.Connection, call: Call) -> Done:
    """Ends the caller's session."""
    session = _actor(call).session_id
    if session is None:
        raise Refused(409, "an API key has no session to end")
    db.execute("DELETE FROM sessions WHERE id = ?", (session,))
    return Done(200, {"session": session}, Resource("session", session))


def enable_mfa(db: sqlite3.Connection, call: Call) -> Done:
    """Gives the caller a second factor: from the next login on it is asked for."""
    actor = _actor(call)
    if actor.type is not ActorType.USER:
        raise Refused(409, "only a member has a second factor")
    row = db.execute("SELECT totp FROM members WHERE id = ?", (actor.id,)).fetchone()
    if row["totp"] is not None:
        raise Refused(409, "there is a second factor already")
    secret = new_totp_secret()
    db.execute("UPDATE members SET totp = ? WHERE id = ?", (secret, actor.id))
    return Done(
        200,
        {"secret": secret},
        Resource("team_member", actor.id, actor.email),
        before={"mfa": False},
        after={"mfa": True, "totp": Secret(secret)},
    )


def _actor(call: Call) -> Actor:
    if call.caller is None:
        raise Denied(401, "no valid session or API key")
    return call.caller.actor
