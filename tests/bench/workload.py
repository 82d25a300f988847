"""The events that every measurement uses: about 1 KB each, as a gateway would send them."""

import time
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from auditline.event import (
    Actor,
    ActorType,
    AuditEvent,
    Change,
    Crud,
    Op,
    Outcome,
    ProducerNumber,
    Request,
    Resource,
    Result,
    Service,
    Severity,
    Source,
    encode,
    new_event_id,
    partition_for,
)

_POLICY = '{"models":["gpt-5","claude-5","mistral-3"],"rpm":%d,"tpm":200000,"budget":"1200.50",'
_POLICY += '"fallback":["eu-west","us-east"],"note":"' + "quarterly review " * 8 + '"}'


def event(org_id: str, i: int) -> AuditEvent:
    """A routing change by one of a few administrators, with its diff."""
    return AuditEvent(
        event_id=new_event_id(),
        org_id=org_id,
        project_id="prj_7",
        environment="prod",
        occurred_at=time.time_ns() // 1000,
        action="routing_config.update",
        action_version=1,
        crud=Crud.UPDATE,
        severity=Severity.MEDIUM,
        outcome=Outcome(result=Result.SUCCESS, code="200"),
        actor=Actor(
            type=ActorType.USER,
            id=f"usr_{i % 50}",
            email=f"admin{i % 50}@example.com",
            role="owner",
            auth_method="oidc",
            mfa=True,
            session_id="ses_81f2",
        ),
        source=Source(
            client_ip="203.0.113.7",
            peer_ip="10.0.0.4",
            user_agent="Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0",
        ),
        resource=Resource(type="routing_config", id=f"rt_{i % 9}", name="default route"),
        request=Request(
            id=f"req_{i}",
            trace_id="0af7651916cd43dd8448eb211c80319c",
            method="PUT",
            route="/v1/orgs/{org}/routing",
        ),
        service=Service(name="gateway", version="4.2.0", host="gw-1"),
        changes=(Change(path="", op=Op.REPLACE, before=_POLICY % i, after=_POLICY % (i + 1)),),
    )


def values(count: int, orgs: int = 100) -> Iterator[tuple[str, bytes]]:
    """*count* numbered record values with their organization, round robin over *orgs*."""
    return values_of([f"org_{i}" for i in range(orgs)], count)


def values_of(orgs: Sequence[str], count: int) -> Iterator[tuple[str, bytes]]:
    """*count* numbered record values with their organization, round robin over these *orgs*."""
    counters = [0] * len(orgs)
    for i in range(count):
        slot = i % len(orgs)
        counters[slot] += 1
        # One producer an organization: the numbers are then right for any number of partitions.
        number = ProducerNumber(id=f"gw-{slot}", epoch=1, counter=counters[slot])
        yield orgs[slot], encode(replace(event(orgs[slot], i), producer=number))


def orgs_on(partition: int, partitions: int, count: int) -> list[str]:
    """*count* organizations whose log is on *partition*."""
    found: list[str] = []
    i = 0
    while len(found) < count:
        if partition_for(f"org_{i}", partitions) == partition:
            found.append(f"org_{i}")
        i += 1
    return found
