"""What the exit code says, in one place; scripts may rely on it."""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of `auditline`; those of `verify` are the verdicts of the ledger format."""

    OK = 0
    UNEXPECTED = 1
    USAGE = 2
    BAD_INPUT = 65
    NOT_FOUND = 66
    UNAVAILABLE = 69
    BROKEN = 70
    NOT_YET = 75
    REFUSED = 77
    CONFIG = 78
    INTERRUPTED = 130


MEANING = {
    Exit.OK: "done",
    Exit.UNEXPECTED: "a mistake in Auditline itself: please report the traceback",
    Exit.USAGE: "wrong option or argument",
    Exit.BAD_INPUT: "some of the input was not acceptable; the rest was done",
    Exit.NOT_FOUND: "what was asked for does not exist",
    Exit.UNAVAILABLE: "Kafka, ClickHouse or the local stack cannot be reached; try again later",
    Exit.BROKEN: "something is as it must not be, and an operator has to look",
    Exit.NOT_YET: "acknowledged, but not queryable within --wait",
    Exit.REFUSED: "a service refused the credentials or the permission",
    Exit.CONFIG: "the configuration is missing or wrong",
    Exit.INTERRUPTED: "stopped by Ctrl-C",
}
