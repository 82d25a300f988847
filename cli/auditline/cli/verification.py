"""A verification, and what is said of it."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

from clickhouse_connect.driver.client import Client

from auditline.cli.heads import GivenHead, by_log_id
from auditline.cli.output import print_pairs, print_table
from auditline.cli.reading import reader
from auditline.cli.settings import Settings
from auditline.store.clickhouse import mapped
from auditline.store.errors import Refused, Unavailable
from auditline.store.report import Report, Verdict
from auditline.store.verify import Progress, verify
from auditline.store.walk import ClickHouseEntries


def run(settings: Settings, org: str | None, given: Sequence[GivenHead]) -> Report:
    """Verify; never raises for what is wrong or cannot be read: the report says so."""
    try:
        with closing(reader(settings.clickhouse, org)) as client:
            known = by_log_id(given, _logs(client), org)
            entries = ClickHouseEntries(client)
            with _progress(entries.count(org)) as progress:
                return verify(entries, settings.deployment, known, org, progress)
    except (Unavailable, Refused) as error:
        return Report(Verdict.UNVERIFIABLE, [], [], 0, 0.0, str(error))


def print_report(report: Report) -> None:
    """The verdict, what was found, and the heads to keep."""
    print(report.verdict.name)
    print_pairs(_outcome(report))
    if report.findings:
        print()
        columns = ("class", "organization", "first wrong seq", "found", "expected")
        rows = [
            (
                f.problem.cls,
                f.org_id or f.log_id,
                f.problem.seq,
                f.problem.found,
                f.problem.expected,
            )
            for f in report.findings
        ]
        print_table(columns, rows)
    if report.logs:
        print()
        logs = [(log.org_id, log.entries, log.anchored, log.head) for log in report.logs]
        print_table(("organization", "entries", "anchored", "head, to keep elsewhere"), logs)
    if report.repeated:
        print(
            f"\n{len(report.repeated)} events are there more than once: a producer's late retries"
        )


def _outcome(report: Report) -> Iterator[tuple[str, object]]:
    if report.reason:
        yield "reason", report.reason
    yield "entries", report.entries
    yield "logs", len(report.logs)
    yield "seconds", f"{report.seconds:.2f} ({report.rate:,.0f} entries/s)"


def _logs(client: Client) -> list[tuple[str, str]]:
    with mapped("listing the logs"):
        rows = client.query(
            "SELECT org_id, lower(hex(log_id)) FROM entries GROUP BY org_id, log_id"
        ).result_rows
    return [(str(org_id), str(log_id)) for org_id, log_id in rows]


@contextmanager
def _progress(total: int) -> Iterator[Progress]:
    """A bar on stderr where that is a terminal; else silence."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("verifying", total=total or None)
        yield lambda done: bar.update(task, completed=done)
