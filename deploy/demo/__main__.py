"""`python -m demo`: the whole of Auditline on one machine, from an admin's click to a forgery found.

Exit 0 only if everything happened as it should, the forgery's discovery included.
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

from .driver.journal import Line
from .evidence import Head, Row, heads
from .processes import NotStarted, gateway
from .story import Log, WentWrong, drive, verify, wait_until_queryable
from .tamper import blame_another

PARTITIONS = 4
CULPRIT_ACTION = "provider_key.rotate"


def main() -> int:
    """Tells the story; always stops what it started."""
    options = _parser().parse_args()
    console = Console(highlight=False)
    directory = Path(tempfile.mkdtemp(prefix="auditline-demo-"))
    log = Log(directory / "log", console)
    began = time.monotonic()
    try:
        _tell(log, directory, options.requests, options.seed)
    except (WentWrong, NotStarted) as wrong:
        console.print(f"\nThe demonstration failed: {wrong}", style="red", markup=False)
        console.print(f"Logs and data are left in {directory}", markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("\nstopping …")
        return 130
    finally:
        log.run("down", "--directory", str(log.directory), show=False)
    shutil.rmtree(directory, ignore_errors=True)
    console.print(f"\nAll as it should be, in {time.monotonic() - began:.0f} s.", style="green")
    return 0


def _tell(log: Log, directory: Path, requests: int, seed: int) -> None:
    _title(log, 1, "A log on this machine: Kafka, ClickHouse, chain and store")
    _up(log)

    _title(log, 2, "A gateway, worked by the admins of four organizations")
    with gateway(directory, log.kafka.bootstrap_servers) as served:
        lines = drive(served, directory / "journal.jsonl", requests, seed)
    _say(log, "Each answer waited until Kafka had acknowledged the action's event.")

    _title(log, 3, "Every action is in the log exactly once")
    found = wait_until_queryable(log, lines)
    _say(log, f"{len(lines)} actions answered, {len(found)} entries: one each, outcomes equal.")
    row, culprit = _chosen(found, lines)
    log.must("tail", "--org", row.org_id, "--lines", "12")
    budget = _first(found, "budget.update")
    for shown in (budget, row):
        log.must("show", shown.org_id, str(shown.seq))

    _title(log, 4, "Verified, against heads noted outside ClickHouse")
    known = heads(log.kafka, PARTITIONS)
    for head in known:
        _say(log, f"{head.org_id}: {head.size} entries, head {head.hash.hex()[:16]}…")
    _verified(log, known)

    _title(log, 5, "An administrator of ClickHouse forges one row")
    scapegoat = culprit.replace("admin@", "developer@")
    _say(log, f"{row.org_id} seq {row.seq}: {row.action} was by {culprit}.")
    _say(log, f"With every right, behind the log's back, he makes it say {scapegoat}.")
    log.must("down", "--directory", str(log.directory), show=False)
    blame_another(log.directory, row, culprit, scapegoat)
    _up(log)
    log.must("show", row.org_id, str(row.seq))

    _title(log, 6, "Verified again")
    _found(log, known, row)


def _up(log: Log) -> None:
    where = ("--directory", str(log.directory), "--partitions", str(PARTITIONS))
    log.must("up", "--detach", *where, show=False)
    _say(log, f"It runs in {log.directory}; Kafka on {log.kafka.bootstrap_servers}.")


def _first(found: list[Row], action: str) -> Row:
    """The first of *action* that worked."""
    for row in found:
        if (row.action, row.outcome) == (action, "success"):
            return row
    raise WentWrong(f"nobody did {action}: ask for more --requests")


def _chosen(found: list[Row], lines: list[Line]) -> tuple[Row, str]:
    """A rotation of a key that worked, and who did it."""
    emails = {line.request_id: line.actor_email for line in lines}
    for row in found:
        email = emails.get(row.request_id)
        if row.action == CULPRIT_ACTION and row.outcome == "success" and email:
            return row, email
    raise WentWrong(f"nobody did {CULPRIT_ACTION}: ask for more --requests")


def _verified(log: Log, known: list[Head]) -> None:
    said = verify(log, known)
    _say(log, f"auditline verify: {said.verdict}, {said.entries} entries, exit {said.exit_code}")
    if (said.verdict, said.exit_code) != ("VERIFIED_ANCHORED", 10):
        raise WentWrong(f"that was to be VERIFIED_ANCHORED: {said.findings}")


def _found(log: Log, known: list[Head], row: Row) -> None:
    said = verify(log, known)
    _say(log, f"auditline verify: {said.verdict}, exit {said.exit_code}", style="red")
    for finding in said.findings:
        _say(log, ", ".join(f"{name} {value}" for name, value in finding.items() if value))
    places = [(finding.get("org_id"), finding.get("seq")) for finding in said.findings]
    if (said.verdict, said.exit_code) != ("TAMPERED", 40) or places != [(row.org_id, row.seq)]:
        raise WentWrong(f"that was to be TAMPERED at {row.org_id} seq {row.seq}, and nowhere else")


def _title(log: Log, number: int, text: str) -> None:
    log.console.print(f"\n{number}. {text}", style="bold cyan", markup=False)


def _say(log: Log, text: str, style: str | None = None) -> None:
    log.console.print(f"   {text}", style=style, markup=False)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    return parser


if __name__ == "__main__":
    sys.exit(main())
