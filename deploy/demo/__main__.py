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

from auditline.cli.background import terminable
from auditline.cli.local_log import local_log
from auditline.local.kafka import KafkaSetupFailed
from auditline.local.supervisor import ServiceFailed
from auditline.local.tools import ToolMissing

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
    console = Console(highlight=False, soft_wrap=True)
    directory = Path(tempfile.mkdtemp(prefix="auditline-demo-"))
    began = time.monotonic()
    try:
        with terminable():
            _tell(console, directory, options.requests, options.seed)
    except (WentWrong, NotStarted, ServiceFailed, ToolMissing, KafkaSetupFailed) as wrong:
        console.print(f"\nThe demonstration failed: {wrong}", style="red", markup=False)
        console.print(f"Logs and data are left in {directory}", markup=False)
        return 1
    except KeyboardInterrupt:
        shutil.rmtree(directory, ignore_errors=True)
        console.print("\nstopped")
        return 130
    shutil.rmtree(directory, ignore_errors=True)
    console.print(f"\nAll as it should be, in {time.monotonic() - began:.0f} s.", style="green")
    return 0


def _tell(console: Console, directory: Path, requests: int, seed: int) -> None:
    _title(console, 1, "A log on this machine, as `auditline up` starts it")
    with local_log(directory / "log", PARTITIONS, lambda text: _say(console, text)) as local:
        log = Log(local, console)
        _say(console, f"It runs in {local.stack.directory}.")
        found, lines = _work(log, directory, requests, seed)
        row, culprit = _chosen(found, lines)
        _show(log, found, row)
        known = _verify(log)
        _forge(log, row, culprit)
        _discover(log, known, row)
        _say(console, "stopping everything …")


def _work(log: Log, directory: Path, requests: int, seed: int) -> tuple[list[Row], list[Line]]:
    _title(log.console, 2, "A gateway, worked by the admins of four organizations")
    with gateway(directory, log.kafka.bootstrap_servers) as served:
        lines = drive(served, directory / "journal.jsonl", requests, seed)
    _say(log.console, "Each answer waited until Kafka had acknowledged the action's event.")
    found = wait_until_queryable(log, lines)
    _say(log.console, f"{len(lines)} actions answered, {len(found)} entries: one each, as it was.")
    return found, lines


def _show(log: Log, found: list[Row], row: Row) -> None:
    _title(log.console, 3, "What the log has")
    log.must("tail", "--org", row.org_id, "--lines", "12")
    budget = _last(found, "budget.update")
    for shown in (budget, row):
        log.must("show", shown.org_id, str(shown.seq))


def _verify(log: Log) -> list[Head]:
    _title(log.console, 4, "Verified, against heads noted outside ClickHouse")
    known = heads(log.kafka, PARTITIONS)
    for head in known:
        _say(log.console, f"{head.org_id}: {head.size} entries, head {head.hash.hex()[:16]}…")
    said = verify(log, known)
    _say(
        log.console,
        f"auditline verify: {said.verdict}, {said.entries} entries, exit {said.exit_code}",
    )
    if (said.verdict, said.exit_code) != ("VERIFIED_ANCHORED", 10):
        raise WentWrong(f"that was to be VERIFIED_ANCHORED: {said.findings}")
    return known


def _forge(log: Log, row: Row, culprit: str) -> None:
    _title(log.console, 5, "An administrator of ClickHouse forges one row")
    scapegoat = culprit.replace("admin@", "developer@")
    _say(log.console, f"{row.org_id} seq {row.seq}: {row.action} was by {culprit}.")
    _say(log.console, f"With every right, behind the log's back, he makes it say {scapegoat}.")
    blame_another(log.local.stack, row, culprit, scapegoat)
    log.must("search", "--org", row.org_id, "--request-id", row.request_id)


def _discover(log: Log, known: list[Head], row: Row) -> None:
    _title(log.console, 6, "Verified again")
    said = verify(log, known)
    _say(log.console, f"auditline verify: {said.verdict}, exit {said.exit_code}", style="red")
    for finding in said.findings:
        for name, value in finding.items():
            _say(log.console, f"{name:>10}  {value}", style="red")
    places = [(finding.get("org_id"), finding.get("seq")) for finding in said.findings]
    if (said.verdict, said.exit_code) != ("TAMPERED", 40) or places != [(row.org_id, row.seq)]:
        raise WentWrong(f"that was to be TAMPERED at {row.org_id} seq {row.seq}, and nowhere else")


def _last(found: list[Row], action: str) -> Row:
    """The last of *action* that worked, so that it has a before."""
    for row in reversed(found):
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


def _title(console: Console, number: int, text: str) -> None:
    console.print(f"\n{number}. {text}", style="bold cyan", markup=False)


def _say(console: Console, text: str, style: str | None = None) -> None:
    console.print(f"   {text}", style=style, markup=False)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    return parser


if __name__ == "__main__":
    sys.exit(main())
