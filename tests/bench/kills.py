"""Hundreds of kill -9 while events flow; afterwards nothing lost, doubled or wrongly accused.

Several logs side by side, each with a chain and a store of its own: after a kill the group waits
ten seconds for the dead process, so one log alone would take an hour.
"""

import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from oracle import check_ledger

from auditline.kafka.reader import PartitionReader
from bench.log import DEPLOYMENT, BenchLog
from bench.processes import Process
from bench.results import Row, barred
from bench.rows import event_ids, reader
from bench.services import Services, both
from bench.sizes import Sizes
from bench.torment import Tormented
from bench.waiting import TooSlow, eventually

_LOGS = 6
_LONGEST = 600.0
_PATIENCE = 300.0
_NO_ALARM = {0, 10, 11, 12}
"""Exit codes of `auditline verify` that accuse nobody."""


@dataclass(slots=True)
class Outcome:
    """What became of the events, over all logs."""

    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    alarms: list[str] = field(default_factory=list)

    def compare(self, expected: list[UUID], found: list[UUID], where: str) -> None:
        """Count what *found* lacks and what it has too often; another order is an alarm."""
        there = Counter(found)
        self.lost += sum(there[one] == 0 for one in expected)
        self.doubled += sum(n - 1 for n in there.values()) + len(there.keys() - set(expected))
        if sorted(found) == sorted(expected) and found != expected:
            self.alarms.append(f"{where}: another order")


def run(sizes: Sizes) -> list[Row]:
    """Losses, duplicates and false alarms."""
    outcome = Outcome()
    with both() as services:
        logs = [Tormented(services.log(), seed) for seed in range(_LOGS)]
        began = time.monotonic()
        _torment(logs, sizes.kills, outcome)
        seconds = time.monotonic() - began
        _drain(logs, outcome)
        for log in logs:
            _check(services, log, outcome)
        _verify(logs[0].log, outcome)
    return _rows(logs, outcome, seconds, sizes.kills)


def _torment(logs: list[Tormented], kills: int, outcome: Outcome) -> None:
    for log in logs:
        log.start()
    try:
        eventually(f"{kills} kills", lambda: _killed(logs) >= kills, _LONGEST, 0.5)
    except TooSlow as error:
        outcome.alarms.append(str(error))
    finally:
        for log in logs:
            log.stop()


def _killed(logs: list[Tormented]) -> int:
    return sum(sum(log.kills.values()) for log in logs)


def _drain(logs: list[Tormented], outcome: Outcome) -> None:
    """Let every log finish in peace."""
    with ExitStack() as stack:
        for one in logs:
            stack.enter_context(Process("chain", one.log))
            stack.enter_context(Process("store", one.log))
        for one in logs:
            try:
                one.log.wait_committed(f"{one.log.name}-chain", len(one.acknowledged), _PATIENCE)
                eventually("all in ClickHouse", partial(_stored, one.log), _PATIENCE)
            except TooSlow as error:
                outcome.alarms.append(str(error))


def _stored(log: BenchLog) -> bool:
    with PartitionReader(log.kafka) as kafka:
        newest = [m.offset() or 0 for m in kafka.read(log.topics.ledger, 0, 0)][-1]
    return log.committed(f"{log.name}-store", log.topics.ledger) > newest


def _check(services: Services, one: Tormented, outcome: Outcome) -> None:
    """Hold ledger and ClickHouse to what was acknowledged, organization by organization."""
    log, expected = one.log, dict[str, list[UUID]]()
    for event in one.acknowledged:
        expected.setdefault(event.org_id, []).append(event.event_id)
    outcome.acknowledged += len(one.acknowledged)
    outcome.alarms += one.alarms
    with PartitionReader(log.kafka) as kafka:
        values = [message.value() for message in kafka.read(log.topics.ledger, 0, 0)]
    try:
        ledger = check_ledger(values, DEPLOYMENT)
    except AssertionError as error:
        outcome.alarms.append(f"{log.name}: {error}")
        return
    with reader(services.addresses) as client:
        for org, ids in expected.items():
            outcome.compare(ids, ledger[org].events if org in ledger else [], f"ledger, {org}")
            outcome.compare(ids, event_ids(client, org), f"ClickHouse, {org}")


def _verify(log: BenchLog, outcome: Outcome) -> None:
    """Ask the product itself about the whole table."""
    command = [sys.executable, "-m", "auditline.cli", "verify", "--config", str(log.config)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode not in _NO_ALARM:
        said = (done.stdout + done.stderr).strip().splitlines()
        outcome.alarms.append(f"verify ended with {done.returncode}: {' / '.join(said[-3:])}")


def _rows(logs: list[Tormented], outcome: Outcome, seconds: float, wanted: int) -> list[Row]:
    chain, store = (sum(log.kills[name] for log in logs) for name in ("chain", "store"))
    note = f"{chain} of chain and {store} of store in {seconds:.0f} s, {_LOGS} logs side by side"
    events = f"of {outcome.acknowledged:,} acknowledged, in the ledger and in ClickHouse"
    alarms = "; ".join(outcome.alarms[:3]) or "links and hashes by an oracle, then `verify`"
    return [
        barred("kill -9", chain + store, "kills", "at least", wanted, note=note),
        barred("events lost", outcome.lost, "events", "at most", 0, note=events),
        barred("events doubled", outcome.doubled, "events", "at most", 0, note=events),
        barred("false alarms", len(outcome.alarms), "alarms", "at most", 0, note=alarms),
    ]
