"""Entries, one a line: a table for people, JSON lines for programs."""

from collections.abc import Sequence

from auditline.cli.output import note, print_json, print_lines, print_table
from auditline.cli.reading import Page
from auditline.cli.view import COLUMNS, View, as_json, summary
from auditline.ledger import Entry


def print_page(page: Page, json: bool) -> None:
    """A page of a search, and how to get the next."""
    print_entries(page.entries, json)
    if json:
        print_json({"next": page.next})
    elif page.next:
        note(f"more: --after {page.next}")
    elif not page.entries:
        note("nothing found")


def print_entries(entries: Sequence[Entry], json: bool) -> None:
    """Entries that are all there."""
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
