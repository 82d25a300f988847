"""What a caller gives on the command line, as what the store's search takes."""

from datetime import datetime
from uuid import UUID

from auditline.cli.errors import CommandFailed
from auditline.cli.exits import Exit
from auditline.cli.times import parse_time
from auditline.event import Result
from auditline.store.search import Key


def cursor(text: str) -> Key:
    """The cursor that ended a page; raises `CommandFailed` for anything else."""
    try:
        return Key.parse(text)
    except ValueError:
        raise CommandFailed(
            f"--after {text!r} is no cursor: take the one that ended the page before", Exit.USAGE
        ) from None


def event_id(text: str) -> UUID:
    """*text* as an event's id; raises `CommandFailed`."""
    try:
        return UUID(text)
    except ValueError:
        raise CommandFailed(
            f"{text!r} is no event id; for an entry of an organization say ORG SEQ", Exit.USAGE
        ) from None


def outcome(text: str) -> str:
    """*text* as an outcome; raises `CommandFailed`."""
    known = [result.value for result in Result]
    if text not in known:
        raise CommandFailed(f"--outcome {text!r} is none of {', '.join(known)}", Exit.USAGE)
    return text


def moment(text: str, option: str, now: datetime) -> datetime:
    """*text* as a time; raises `CommandFailed` that names the *option*."""
    try:
        return parse_time(text, now)
    except ValueError as error:
        raise CommandFailed(f"{option}: {error}", Exit.USAGE) from None
