"""Heads that a caller brings from outside, and which log each is of."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from auditline.cli.errors import CommandFailed
from auditline.cli.exits import Exit
from auditline.ledger.verify import Head
from auditline.store.report import Verdict

_LOG_ID = re.compile(r"[0-9a-f]{32}")
_USABLE = {v.name for v in (Verdict.VERIFIED_WITNESSED, Verdict.VERIFIED_ANCHORED)} | {
    Verdict.UNANCHORED.name
}


@dataclass(frozen=True, slots=True)
class GivenHead:
    """A head from outside; *log* names its log by org_id or by log_id in hex.

    *org_id* is known of a head that was saved with it.
    """

    log: str
    head: Head
    org_id: str | None = None


def given_heads(texts: Sequence[str], file: Path | None) -> list[GivenHead]:
    """The heads of the command line; raises `CommandFailed` for one that is none."""
    heads = [parse_head(text) for text in texts]
    return heads + (saved_heads(file) if file else [])


def parse_head(text: str) -> GivenHead:
    """The head in ``ORG:SIZE:HASH``; raises `CommandFailed`."""
    rest, _, digest = text.rpartition(":")
    log, _, size = rest.rpartition(":")
    try:
        head = Head.parse(f"{size}:{digest}")
    except ValueError as error:
        raise CommandFailed(f"--known-head {text!r}: {error}", Exit.USAGE) from None
    if not log:
        raise CommandFailed(f"--known-head {text!r} names no log: ORG:SIZE:HASH", Exit.USAGE)
    return GivenHead(log, head)


def saved_heads(file: Path) -> list[GivenHead]:
    """The heads in the output of an earlier `verify --json`; raises `CommandFailed`."""
    try:
        said = json.loads(file.read_bytes())
        verdict, logs = said["verdict"], [log for log in said["logs"] if log["head"]]
        heads = [GivenHead(log["log_id"], Head.parse(log["head"]), log["org_id"]) for log in logs]
    except OSError as error:
        raise CommandFailed(f"{file}: {error.strerror}", Exit.NOT_FOUND) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CommandFailed(
            f"{file} is not what `auditline verify --json` prints", Exit.BAD_INPUT
        ) from error
    if verdict not in _USABLE or not heads:
        raise CommandFailed(f"{file} holds no heads of a whole log: {verdict}", Exit.BAD_INPUT)
    return heads


def by_log_id(
    given: Sequence[GivenHead], logs: Sequence[tuple[str, str]], org: str | None
) -> dict[str, Head]:
    """The heads by log_id, *logs* being the org_id and log_id of each log that is there.

    With an *org* only those of its log. A head named by an organization holds for every log that
    claims to be its: there is one, and a second would be a forgery. One whose log is not there
    keeps its name, and so will be missed. Raises `CommandFailed` for one that cannot be meant.
    """
    known: dict[str, Head] = {}
    for item in given:
        if org is not None and item.org_id not in (None, org):
            continue  # of a file with the heads of all
        if org not in (None, item.log) and item.org_id is None and not _LOG_ID.fullmatch(item.log):
            raise CommandFailed(f"a head of {item.log}, but only {org} is verified", Exit.USAGE)
        for log_id in [log_id for org_id, log_id in logs if org_id == item.log] or [item.log]:
            if known.setdefault(log_id, item.head) != item.head:
                raise CommandFailed(f"two heads of {item.log}: bring the newest", Exit.USAGE)
    return known
