"""`python -m bench`: measure, print the table, write bench/results.json.

Needs what `auditline up` needs: Java for Kafka, chDB for ClickHouse. Exit code 0 when everything
could be measured, whether or not every bar was met.
"""

import argparse
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from bench import chain, kills, latency, machine, profile, restart, scale, store, sustained, verify
from bench.results import Row, show, write
from bench.sizes import FULL, QUICK, Sizes

RESULTS = Path(__file__).parents[2] / "bench" / "results.json"
BENCHES: dict[str, Callable[[Sizes], list[Row]]] = {
    "machine": machine.run,
    "chain": chain.run,
    "profile": profile.run,
    "store": store.run,
    "latency": latency.run,
    "sustained": sustained.run,
    "restart": restart.run,
    "scale": scale.run,
    "verify": verify.run,
    "kills": kills.run,
}


def main() -> int:
    """Run what was asked for."""
    # As Ctrl-C: by an exception, so that every service that was started is stopped.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    options = _parser().parse_args()
    whole = not (options.quick or options.only)
    progress = Console(stderr=True, highlight=False)
    rows: list[Row] = []
    for name in options.only or BENCHES:
        began = time.monotonic()
        progress.print(f"measuring {name} …")
        rows += BENCHES[name](QUICK if options.quick else FULL)
        progress.print(f"  took {time.monotonic() - began:.0f} s")
    show(rows, Console())
    if file := options.out or (RESULTS if whole else None):
        write(rows, file)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench", description="Measure Auditline on this machine.")
    parser.add_argument("--quick", action="store_true", help="small sizes: does it run at all?")
    parser.add_argument("--only", action="append", choices=BENCHES, help="one of them; repeatable")
    parser.add_argument(
        "--out", type=Path, help="file for the figures; bench/results.json when all are measured"
    )
    return parser


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
