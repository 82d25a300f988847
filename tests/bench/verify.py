"""Verification of a whole table: every hash, every link, every derived column."""

import time
from statistics import median

from auditline.store.report import Report, Verdict
from auditline.store.verify import verify
from auditline.store.walk import ClickHouseEntries
from bench.entries import blocks, entries
from bench.log import DEPLOYMENT
from bench.results import Row, barred
from bench.rows import insert, reader
from bench.services import Services, both
from bench.sizes import Sizes
from bench.usage import Usage

_BAR = 100_000


def run(sizes: Sizes) -> list[Row]:
    """Entries a second of processor time in the verifying process."""
    with both() as services:
        insert(services.addresses, "entries", list(blocks(list(entries(sizes.verify_entries)))))
        rates, walls = [], []
        with Usage(services.pids) as usage:
            for _ in range(sizes.repeats):
                began = time.process_time()
                report = _verify(services)
                rates.append(report.entries / (time.process_time() - began))
                walls.append(report.entries / report.seconds)
    note = (
        f"{report.entries:,} entries in {len(report.logs)} logs; {median(walls):,.0f} entries/s by "
        f"the clock, while ClickHouse, which sends them, took {usage.cores['clickhouse']:.2f} cores"
    )
    return [
        barred(
            "verify, columns included", median(rates), "entries/s/core", "at least", _BAR, note=note
        )
    ]


def _verify(services: Services) -> Report:
    with reader(services.addresses) as client:
        report = verify(ClickHouseEntries(client), DEPLOYMENT)
    assert report.verdict is Verdict.UNANCHORED, report
    return report
