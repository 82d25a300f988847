"""How soon a chain appends again on a partition with a long history."""

from statistics import median

from bench.log import BenchLog
from bench.processes import Process
from bench.results import Row, barred, figure
from bench.services import only_kafka
from bench.sizes import Sizes
from bench.usage import Usage
from bench.workload import values


def run(sizes: Sizes) -> list[Row]:
    """Seconds from starting the process to its health page saying ready."""
    with only_kafka() as services:
        log = services.log()
        count = log.fill(values(sizes.restart_entries, sizes.restart_orgs))
        with Process("chain", log) as chain, Usage({"chain": chain.pid}) as usage:
            log.wait_committed(f"{log.name}-chain", count, 900)
            chain.stop()
        clean = [_clean(log) for _ in range(max(3, sizes.repeats))]
        killed = _killed(log)
    size = f"{sizes.restart_entries:,} entries, {sizes.restart_orgs:,} orgs"
    runs = "imports and joining the group included; runs: " + ", ".join(f"{s:.2f}" for s in clean)
    name = f"restart of chain, {size}"
    return [
        barred(name, median(clean), "s", "at most", 5.0, note=runs),
        figure(
            f"{name}, after kill -9",
            killed,
            "s",
            "the group waits session.timeout (10 s) for the dead process before it gives its"
            " partitions away",
        ),
        figure(f"memory of chain, {size}", usage.peaks["chain"] / 1e6, "MB"),
    ]


def _clean(log: BenchLog) -> float:
    with Process("chain", log) as process:
        seconds = process.wait_ready()
        process.stop()
    return seconds


def _killed(log: BenchLog) -> float:
    with Process("chain", log) as process:
        process.wait_ready()
        process.kill()
    with Process("chain", log) as process:
        seconds = process.wait_ready()
        process.stop()
    return seconds
