"""What a gateway says: the event, its Avro schema and codec, its identifiers and its text."""

from auditline.event.codec import MAX_EVENT_BYTES, Codec, decode, encode
from auditline.event.errors import InvalidEvent
from auditline.event.ids import new_event_id
from auditline.event.model import (
    Actor,
    ActorType,
    AuditEvent,
    Change,
    Crud,
    Geo,
    Justification,
    Label,
    Op,
    Outcome,
    Principal,
    ProducerNumber,
    Request,
    Resource,
    Result,
    Service,
    Severity,
    Source,
)
from auditline.event.partition import partition_for
from auditline.event.text import event_text
from auditline.event.validate import check

__all__ = [
    "MAX_EVENT_BYTES",
    "Actor",
    "ActorType",
    "AuditEvent",
    "Change",
    "Codec",
    "Crud",
    "Geo",
    "InvalidEvent",
    "Justification",
    "Label",
    "Op",
    "Outcome",
    "Principal",
    "ProducerNumber",
    "Request",
    "Resource",
    "Result",
    "Service",
    "Severity",
    "Source",
    "check",
    "decode",
    "encode",
    "event_text",
    "new_event_id",
    "partition_for",
]
