"""One entry in full, for people."""

from auditline.cli.output import print_pairs, print_table
from auditline.cli.view import View, details, diff, evidence_of


def print_details(view: View) -> None:
    """Who, what, when and where; the diff; the evidence."""
    print_pairs(details(view))
    if not view.text:
        print("the event's text cannot be read; --json shows it, `auditline verify` judges it")
    changes = list(diff(view))
    if changes:
        print()
        print_table(("changed", "how", "before", "after"), changes)
    print()
    print_pairs(evidence_of(view))
    print()
