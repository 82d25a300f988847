"""One exception per reaction; each is one of `auditline.kafka.errors` for whoever only stops.

Unavailable     ClickHouse cannot do it now, or did it without saying so    try the same again
Refused         ClickHouse will never take this                             stop; says what to do
Broken          the ledger or the table is not as it must be                stop; says what to do
"""

from auditline.kafka import errors as kafka


class Unavailable(kafka.Unavailable):
    """ClickHouse did not answer, or not with a yes; what was asked may or may not be done."""


class Broken(kafka.Broken):
    """Something that must not be; going on could bend the log."""


class Refused(Broken):
    """ClickHouse refuses, and would again: rights, schema or settings have to be changed first."""
