"""The texts of control entries: events of the chain's own, in the shape of all others."""

from hashlib import sha256

from auditline.chain.records import SourceRecord
from auditline.event import (
    Actor,
    ActorType,
    AuditEvent,
    Crud,
    Label,
    Outcome,
    ProducerNumber,
    Resource,
    Result,
    Service,
    Severity,
    new_event_id,
)

_ACTOR = Actor(type=ActorType.SYSTEM, id="auditline-chain")
_SERVICE = Service(name="auditline-chain")


def log_created(org_id: str, log_id: bytes, name: str, at: int) -> AuditEvent:
    """The first entry of a log: *name* is its origin."""
    return AuditEvent(
        event_id=new_event_id(),
        org_id=org_id,
        occurred_at=at,
        action="audit.log_create",
        crud=Crud.CREATE,
        severity=Severity.INFO,
        outcome=Outcome(result=Result.SUCCESS),
        actor=_ACTOR,
        resource=Resource(type="audit_log", id=log_id.hex(), name=name),
        service=_SERVICE,
    )


def producer_gap(org_id: str, number: ProducerNumber, last: int, at: int) -> AuditEvent:
    """Events between counter *last* and *number* never arrived: lost before the chain.

    It carries the number before the one that revealed the gap, so that whoever restores from
    this entry expects exactly that one next.
    """
    missing = number.counter - last - 1
    return AuditEvent(
        event_id=new_event_id(),
        org_id=org_id,
        occurred_at=at,
        action="audit.gap_detected",
        crud=Crud.DELETE,
        severity=Severity.CRITICAL,
        outcome=Outcome(
            result=Result.FAILURE,
            code="producer_gap",
            reason=f"{missing} events of producer {number.id} are missing "
            f"after counter {last} of epoch {number.epoch}",
        ),
        actor=_ACTOR,
        resource=Resource(type="audit_pipeline", id=number.id),
        service=_SERVICE,
        labels=(
            Label(key="missing_from", value=str(last + 1)),
            Label(key="missing_to", value=str(number.counter - 1)),
        ),
        producer=ProducerNumber(id=number.id, epoch=number.epoch, counter=number.counter - 1),
    )


def dead_letter(
    org_id: str,
    record: SourceRecord,
    partition: int,
    reason: str,
    number: ProducerNumber | None,
    at: int,
) -> AuditEvent:
    """A record was put among the dead letters; its digest says which bytes."""
    value = record.value or b""
    return AuditEvent(
        event_id=new_event_id(),
        org_id=org_id,
        occurred_at=at,
        action="audit.dead_letter",
        crud=Crud.CREATE,
        severity=Severity.HIGH,
        outcome=Outcome(result=Result.FAILURE, code="invalid_event", reason=reason[:4096]),
        actor=_ACTOR,
        resource=Resource(type="record", id=f"{partition}/{record.offset}"),
        service=_SERVICE,
        labels=(
            Label(key="sha256", value=sha256(value).hexdigest()),
            Label(key="bytes", value=str(len(value))),
        ),
        producer=number,
    )
