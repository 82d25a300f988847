"""From an exception to a message and an exit code, for all commands.

The classes are named as text, so that no command imports the libraries of another.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from auditline.cli.configuration import ConfigInvalid, ConfigMissing
from auditline.cli.exits import Exit


class CommandFailed(Exception):
    """A command cannot go on; the text says why and what to do, *code* is the exit code."""

    def __init__(self, message: str, code: Exit) -> None:
        super().__init__(message)
        self.code = code


CODES = {
    "auditline.kafka.errors.Broken": Exit.BROKEN,
    "auditline.kafka.errors.Interrupted": Exit.UNAVAILABLE,
    "auditline.kafka.errors.Unavailable": Exit.UNAVAILABLE,
    "auditline.local.clickhouse.errors.EngineError": Exit.BROKEN,
    "auditline.local.clickhouse.home.EngineBusy": Exit.UNAVAILABLE,
    "auditline.local.kafka.KafkaSetupFailed": Exit.UNAVAILABLE,
    "auditline.local.supervisor.ServiceFailed": Exit.UNAVAILABLE,
    "auditline.local.supervisor.SupervisorBusy": Exit.UNAVAILABLE,
    "auditline.local.tools.ToolMissing": Exit.UNAVAILABLE,
    "auditline.producer.errors.AuditLogError": Exit.UNAVAILABLE,
    "auditline.service.health.CannotListen": Exit.UNAVAILABLE,
    "auditline.store.errors.Broken": Exit.BROKEN,
    "auditline.store.errors.Refused": Exit.REFUSED,
    "auditline.store.errors.Unavailable": Exit.UNAVAILABLE,
}


def exit_code(error: BaseException) -> Exit | None:
    """The exit code of an expected failure; None for any other."""
    if isinstance(error, CommandFailed):
        return error.code
    if isinstance(error, ConfigInvalid | ConfigMissing):
        return Exit.CONFIG
    for cls in type(error).__mro__:
        if code := CODES.get(f"{cls.__module__}.{cls.__qualname__}"):
            return code
    return None


@contextmanager
def reported() -> Iterator[None]:
    """Turn an expected failure into its message on stderr and its exit code."""
    import typer

    try:
        yield
    except KeyboardInterrupt:
        raise typer.Exit(Exit.INTERRUPTED) from None
    except Exception as error:  # the process's outermost boundary; what is unknown goes on
        code = exit_code(error)
        if code is None:
            raise
        print(f"auditline: {message(error)}", file=sys.stderr)
        raise typer.Exit(code) from None


def message(error: BaseException) -> str:
    """What a person is told: the error's own text, or its name when it has none."""
    from auditline.service.redaction import redact_text

    return redact_text(str(error)) or type(error).__name__
