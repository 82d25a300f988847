"""Errors of the producer.

AuditLogError
├── Unreachable      Kafka does not answer, or has no log to write to     try again later
├── QueueFull        too much is under way                                wait, then emit again
├── DeliveryFailed   the broker did not acknowledge                       the event may be lost
└── Closed           the log was closed                                   a mistake of the caller

An event that is not valid raises `auditline.event.InvalidEvent`, before anything is sent.
"""


class AuditLogError(Exception):
    """Base of all errors of this package."""


class Unreachable(AuditLogError):
    """Kafka does not answer, or the topic does not exist."""


class QueueFull(AuditLogError):
    """The local queue is full: the event was not taken."""


class DeliveryFailed(AuditLogError):
    """An event was not acknowledged; whether Kafka has it is not known."""


class Closed(AuditLogError):
    """The audit log was closed before."""
