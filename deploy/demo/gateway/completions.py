"""The gateway's trade: a model call goes to a provider of its organization, and into the log.

Calls are traffic, not privileged actions: they fill the request log that admins download.
"""

import json
import random
import sqlite3
from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta

from auditline.event import ActorType

from .call import Call, Strict
from .credentials import new_id
from .errors import Denied, Refused
from .state import State

_ROUTING = "SELECT config FROM routing WHERE org_id = ?"
_KEY = "SELECT provider, secret FROM provider_keys WHERE id = ? AND org_id = ?"


class Message(Strict, frozen=True):
    """One turn of a conversation."""

    role: str
    content: str


class Completion(Strict, frozen=True):
    """POST /v1/chat/completions"""

    messages: Annotated[list[Message], Meta(min_length=1, max_length=256)]


class _Usage(msgspec.Struct):
    total_tokens: int = 0


class _Answer(msgspec.Struct):
    """The one part of a provider's answer that the gateway reads."""

    usage: _Usage = msgspec.field(default_factory=_Usage)


@dataclass(frozen=True, slots=True)
class Choice:
    """Where one request goes."""

    provider: str
    secret: str
    model: str


async def complete(state: State, call: Call) -> tuple[int, bytes]:
    """Passes a conversation on and logs the call; status and body. Raises Refused or Denied."""
    if call.caller is None or call.caller.actor.type is not ActorType.API_KEY:
        raise Denied(401, "model calls need an API key")
    wanted = call.parse(Completion)
    choice = choose(state.reader, call.org_id, random.random())
    payload = {
        "model": choice.model,
        "messages": [{"role": m.role, "content": m.content} for m in wanted.messages],
    }
    response = await call.providers.complete(choice.provider, choice.secret, payload)
    try:
        answer = msgspec.json.decode(response.content, type=_Answer)
    except msgspec.DecodeError as error:
        raise Refused(502, f"{choice.provider} answers nonsense") from error
    tokens = answer.usage.total_tokens
    async with state.transaction() as db:
        db.execute(
            "INSERT INTO request_logs VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                new_id("log"),
                call.org_id,
                call.now,
                call.caller.actor.id,
                choice.provider,
                choice.model,
                response.status_code,
                tokens,
            ),
        )
    return response.status_code, response.content


def choose(db: sqlite3.Connection, org_id: str, chance: float) -> Choice:
    """The target that *chance*, from 0 to 1, falls on by weight. Raises Refused(409)."""
    row = db.execute(_ROUTING, (org_id,)).fetchone()
    if row is None:
        raise Refused(409, "no routing is configured")
    left = chance * 100
    for target in json.loads(row["config"])["targets"]:
        left -= target["weight"]
        if left < 0:
            break
    key = db.execute(_KEY, (target["provider_key"], org_id)).fetchone()
    if key is None:
        raise Refused(409, "routing names a key that is gone")
    return Choice(key["provider"], key["secret"], target["model"])
