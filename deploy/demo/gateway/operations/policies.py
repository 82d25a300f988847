"""What the gateway does with an organization's traffic: routing, and the budget."""

import json
import sqlite3
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from auditline.event import Resource

from ..call import Call, Done, Strict
from ..diff import Fields, Value
from ..errors import Refused

_Model = Annotated[str, Meta(min_length=1, max_length=128)]
_MOST_USD = 1_000_000_000
_encoder = msgspec.json.Encoder(decimal_format="number")


class Target(Strict, frozen=True):
    """One way a request may go, with its share."""

    provider_key: str
    model: _Model
    weight: Annotated[int, Meta(ge=0, le=100)]


class Routing(Strict, frozen=True):
    """PUT …/routing"""

    strategy: Literal["weighted", "cheapest", "fastest"]
    targets: Annotated[list[Target], Meta(min_length=1, max_length=16)]
    retries: Annotated[int, Meta(ge=0, le=5)] = 1


class Budget(Strict, frozen=True):
    """PUT …/budget; amounts are numbers with the digits that were sent."""

    monthly_usd: Decimal
    alert_at: Decimal = Decimal("0.8")
    hard: bool = False


def put_routing(db: sqlite3.Connection, call: Call) -> Done:
    """Replaces the routing; each target's key must exist."""
    wanted = call.parse(Routing)
    if sum(target.weight for target in wanted.targets) != 100:
        raise Refused(422, "the weights must add up to 100")
    for target in wanted.targets:
        _known(db, call, target.provider_key)
    return _put(db, call, "routing", "routing_config", wanted)


def put_budget(db: sqlite3.Connection, call: Call) -> Done:
    """Replaces the budget."""
    wanted = call.parse(Budget)
    if not (wanted.monthly_usd.is_finite() and 0 <= wanted.monthly_usd <= _MOST_USD):
        raise Refused(422, f"monthly_usd is a number from 0 to {_MOST_USD}")
    if not (wanted.alert_at.is_finite() and 0 <= wanted.alert_at <= 1):
        raise Refused(422, "alert_at is a number from 0 to 1")
    return _put(db, call, "budgets", "budget", wanted)


def _put(db: sqlite3.Connection, call: Call, table: str, kind: str, wanted: Strict) -> Done:
    row = db.execute(f"SELECT config FROM {table} WHERE org_id = ?", (call.org_id,)).fetchone()
    # Both states go through the kept text, so equal configurations are equal in the diff.
    text = _encoder.encode(wanted).decode()
    db.execute(f"INSERT OR REPLACE INTO {table} VALUES (?, ?)", (call.org_id, text))
    before = None if row is None else _fields(row["config"])
    after = _fields(text)
    return Done(200, after, Resource(kind, call.org_id), before, after)


def _fields(text: str) -> Fields:
    # Decimal, not float: an amount keeps every digit on its way into the diff.
    fields: dict[str, Value] = json.loads(text, parse_float=Decimal)
    return fields


def _known(db: sqlite3.Connection, call: Call, key: str) -> None:
    query = "SELECT 1 FROM provider_keys WHERE id = ? AND org_id = ?"
    if db.execute(query, (key, call.org_id)).fetchone() is None:
        raise Refused(422, f"no provider key {key[:64]}")
