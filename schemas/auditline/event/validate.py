"""Whether an event may be sent, decided before it leaves the process that knows its caller."""

import msgspec

from auditline.event.codec import MAX_EVENT_BYTES, decode, encode
from auditline.event.errors import InvalidEvent
from auditline.event.model import AuditEvent
from auditline.event.text import event_text


def check(event: AuditEvent) -> None:
    """Raise `InvalidEvent`, naming the field, unless the chain would accept *event*.

    It is what the chain does with the record: encoded, decoded, rendered.
    """
    try:
        value = encode(event)
    except (ValueError, TypeError, msgspec.MsgspecError) as error:
        raise InvalidEvent(str(error)) from error
    if len(value) > MAX_EVENT_BYTES:
        raise InvalidEvent(f"{len(value)} bytes, more than {MAX_EVENT_BYTES}")
    event_text(decode(value))
