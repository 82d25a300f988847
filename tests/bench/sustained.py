"""All processes under a load that does not let up: does the lag grow?"""

import subprocess
import sys
import time
from dataclasses import dataclass

from auditline.kafka.reader import PartitionReader
from bench.log import BenchLog
from bench.processes import Process
from bench.results import Row, barred, figure
from bench.rows import events, reader
from bench.services import Services, both
from bench.sizes import Sizes
from bench.usage import Usage

BAR = 10_000
_OFFERED = 10_200
_PARTITIONS = 4
_WARM = 0.1


@dataclass(frozen=True, slots=True)
class Sample:
    """At a time, how many events were in Kafka and how many of them in ClickHouse."""

    at: float
    sent: int
    stored: int

    @property
    def lag(self) -> int:
        """Events on the way."""
        return self.sent - self.stored


def run(sizes: Sizes) -> list[Row]:
    """The rate at which events reach ClickHouse, and every process's memory meanwhile."""
    with both() as services:
        log = services.log(_PARTITIONS)
        with Process("chain", log) as chain, Process("store", log) as store:
            chain.wait_ready()
            store.wait_ready()
            pids = services.pids | {"chain": chain.pid, "store": store.pid}
            samples, usage = _load(services, log, pids, sizes.load_seconds)
    first, last = samples[int(len(samples) * _WARM)], samples[-1]
    seconds = last.at - first.at
    stored, sent = (last.stored - first.stored) / seconds, (last.sent - first.sent) / seconds
    growth = last.lag - first.lag
    note = (
        f"offered {sent:,.0f} events/s of {_OFFERED:,}; lag {first.lag:,} -> {last.lag:,} events; "
        f"{usage.shares()}"
    )
    rows = [
        barred(
            f"end to end, sustained {sizes.load_seconds} s",
            stored,
            "events/s",
            "at least",
            BAR,
            note=note + _bound(stored),
            also=growth <= BAR,  # one second's worth is a batch more or less, not growth
        )
    ]
    peaks = sorted(usage.peaks.items())
    return rows + [
        figure(f"memory of {name} under that load, peak", peak / 1e6, "MB") for name, peak in peaks
    ]


def _bound(stored: float) -> str:
    if stored >= BAR:
        return ""
    return (
        "; bounded by the cores that all of them and the load share: more cores, or chain and store"
        " on machines of their own, lift it"
    )


def _load(
    services: Services, log: BenchLog, pids: dict[str, int], seconds: int
) -> tuple[list[Sample], Usage]:
    """A sample a second under load, and what each process took from its beginning to its end."""
    arguments = [log.kafka.bootstrap_servers, log.topics.events, str(log.partitions)]
    command = [sys.executable, "-m", "bench.load", *arguments, str(_OFFERED), str(seconds)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as load:
        assert load.stdin is not None
        assert load.stdout is not None
        load.stdout.readline()
        load.stdin.write("go\n")
        load.stdin.flush()
        with Usage(pids | {"load": load.pid}) as usage:
            samples = _samples(services, log, seconds)
        load.kill()  # what it has not sent by now is late
    return samples, usage


def _samples(services: Services, log: BenchLog, seconds: int) -> list[Sample]:
    samples, deadline = [], time.monotonic() + seconds
    with reader(services.addresses) as client, PartitionReader(log.kafka) as kafka:
        while time.monotonic() < deadline:
            time.sleep(1)
            marks = [kafka.watermarks(log.topics.events, p) for p in range(log.partitions)]
            samples.append(Sample(time.monotonic(), sum(m.high for m in marks), events(client)))
    return samples
