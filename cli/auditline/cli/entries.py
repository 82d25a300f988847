"""Entries, one a line: a table for people, JSON lines for programs."""

from collections.abc import Sequence

from auditline.cli.output import print_json, print_lines, print_table
from auditline.cli.view import COLUMNS, View, as_json, summary
from auditline.ledger import Entry


def print_entries(entries: Sequence[Entry], json: bool) -> None:
    """All of a page."""
    views = [View.of(entry) for entry in entries]
    if json:
        for view in views:
            print_json(as_json(view))
    elif views:
        print_table(COLUMNS, map(summary, views))


def print_more(entries: Sequence[Entry], json: bool) -> None:
    """Those that came after a table was printed."""
    if json:
        print_entries(entries, json)
    else:
        print_lines(summary(View.of(entry)) for entry in entries)
