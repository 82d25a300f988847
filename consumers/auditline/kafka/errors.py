"""One exception per reaction.

Unavailable     Kafka or a peer cannot be reached now      wait and try the same again
Interrupted     a write's outcome is unknown or undone     drop memory, start from what is durable
└── Fenced      another process owns this partition        the same, after letting it have it
Broken          the world cannot be as it is               stop; an operator has to look
"""


class Unavailable(Exception):
    """A service cannot be reached now; the same call may succeed later."""


class Interrupted(Exception):
    """A transaction did not end well; what is in memory must be forgotten and read again."""


class Fenced(Interrupted):
    """Another process has taken over; ours must not write any more."""


class Broken(Exception):
    """Something that must not be; going on could bend the log. Says what to do."""
