"""What can go wrong with a privileged action, one class per reaction.

Refused          the answer is an error, recorded as a failure
└── Denied       the caller was not allowed, recorded as denied
NotRecorded      the audit log did not take it: nothing is changed, the answer is 503
"""


class Refused(Exception):
    """The action was tried and did not work: *status* is HTTP's, *reason* goes to caller and log."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Denied(Refused):
    """The caller may not do this: 401 when we do not know him, 403 when we do."""


class NotRecorded(Exception):
    """The broker did not acknowledge the event; try again when the audit log is back."""
