"""Events for tests."""

import itertools
import time
from typing import Any

from auditline.event import (
    Actor,
    ActorType,
    AuditEvent,
    Change,
    Op,
    Outcome,
    ProducerNumber,
    Request,
    Resource,
    Result,
    Service,
    Source,
    new_event_id,
)

_serial = itertools.count()


def event(org_id: str = "org_acme", **fields: Any) -> AuditEvent:
    """A typical event of *org_id*; *fields* replace or add to its own."""
    values: dict[str, Any] = {
        "event_id": new_event_id(),
        "org_id": org_id,
        "occurred_at": time.time_ns() // 1000,
        "action": "provider_key.rotate",
        "outcome": Outcome(result=Result.SUCCESS, code="200"),
        "actor": Actor(type=ActorType.USER, id="usr_1", email="zoe@example.com", mfa=True),
        "source": Source(client_ip="203.0.113.7", user_agent="Mozilla/5.0"),
        "resource": Resource(type="provider_key", id="pk_1", name="OpenAI prod"),
        "request": Request(id=f"req_{next(_serial)}", method="POST"),
        "service": Service(name="gateway", version="1.2.3"),
        "changes": (Change(path="/limits/rpm", op=Op.REPLACE, before="1000", after="2000"),),
    }
    return AuditEvent(**(values | fields))


def number(counter: int, producer: str = "gw-1", epoch: int = 1) -> ProducerNumber:
    """A producer's number."""
    return ProducerNumber(id=producer, epoch=epoch, counter=counter)
