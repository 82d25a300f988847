"""Errors of the event package.

InvalidEvent        the event, or the record that should hold one, is not acceptable as it is:
                    never retried; a producer tells its caller, the chain dead-letters it
"""


class InvalidEvent(ValueError):
    """Says which *field* is wrong (a path such as ``$.actor.id``, or ``$``) and the *reason*."""

    def __init__(self, reason: str, field: str = "$") -> None:
        super().__init__(f"{field}: {reason}")
        self.reason = reason
        self.field = field
