"""`python -m demo.driver`: works a gateway, prints what it did, exits 1 if it was surprised.

GATEWAY_MASTER_KEY in the environment is the operator's key.
"""

import argparse
import asyncio
import os
import sys
from pathlib import Path

import httpx2
from rich.console import Console
from rich.table import Table

from .journal import Journal, Line, summary
from .run import Plan, drive


def main() -> int:
    """Parses, drives, reports."""
    options = _parser().parse_args()
    master = os.environ.get("GATEWAY_MASTER_KEY")
    if master is None:
        print("driver: set GATEWAY_MASTER_KEY to the gateway's", file=sys.stderr)
        return 2
    journal = Journal(options.journal)
    try:
        asyncio.run(drive(Plan(options.gateway, master, options.seed, options.requests), journal))
    except httpx2.TransportError as error:
        print(f"driver: {options.gateway} does not answer: {error!r}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        journal.close()
    return report(journal.lines)


def report(lines: list[Line]) -> int:
    """Prints the summary and every surprise; the exit code."""
    console = Console()
    table = Table("action", "success", "failure", "denied", "unrecorded")
    for action, outcomes in summary(lines):
        shown = [outcomes[name] for name in ("success", "failure", "denied", "unrecorded")]
        table.add_row(action, *(str(count) if count else "" for count in shown))
    console.print(table)
    console.print(f"{len(lines)} privileged requests in {len({x.org_id for x in lines})} logs")
    surprises = [line for line in lines if line.surprising]
    for line in surprises:
        console.print(f"surprise: {line}", markup=False)
    return 1 if surprises else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="demo.driver", description=__doc__)
    parser.add_argument("--gateway", required=True, metavar="URL")
    parser.add_argument("--journal", type=Path, required=True, help="written, one line a request")
    parser.add_argument("--requests", type=int, default=200, help="about how many (default 200)")
    parser.add_argument("--seed", type=int, default=7)
    return parser


if __name__ == "__main__":
    sys.exit(main())
