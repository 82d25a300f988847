"""What a gateway imports to record its privileged actions."""

from auditline.producer.errors import (
    AuditLogError,
    Closed,
    DeliveryFailed,
    QueueFull,
    Unreachable,
)
from auditline.producer.log import AuditLog, Delivery

__all__ = [
    "AuditLog",
    "AuditLogError",
    "Closed",
    "Delivery",
    "DeliveryFailed",
    "QueueFull",
    "Unreachable",
]
