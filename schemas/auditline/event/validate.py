"""Whether an event may be sent, decided before it leaves the process that knows its caller."""

import msgspec

from auditline.event.codec import named
from auditline.event.errors import InvalidEvent
from auditline.event.model import AuditEvent
from auditline.event.text import json_value


def check(event: AuditEvent) -> None:
    """Raise `InvalidEvent`, naming the field, unless the chain would accept *event*.

    One thing it leaves to whoever has the bytes: the size of the encoded record.
    """
    try:
        msgspec.convert(msgspec.to_builtins(event), AuditEvent)
    except msgspec.ValidationError as error:
        raise named(error) from error
    except (TypeError, ValueError) as error:  # a value of no type that JSON has
        raise InvalidEvent(str(error)) from error
    for i, change in enumerate(event.changes):
        if change.before is not None:
            json_value(change.before, i, "before")
        if change.after is not None:
            json_value(change.after, i, "after")
