"""How much each measurement does."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sizes:
    """Counts and times (seconds) of one run of all measurements."""

    repeats: int
    chain_events: int
    store_rows: int
    latency_seconds: int
    load_seconds: int
    restart_entries: int
    restart_orgs: int
    scale_events: int
    verify_entries: int
    kills: int
    kill_partitions: int


FULL = Sizes(
    repeats=3,
    chain_events=150_000,
    store_rows=200_000,
    latency_seconds=30,
    load_seconds=60,
    restart_entries=1_000_000,
    restart_orgs=10_000,
    scale_events=120_000,
    verify_entries=200_000,
    kills=200,
    kill_partitions=4,
)
QUICK = Sizes(
    repeats=1,
    chain_events=30_000,
    store_rows=30_000,
    latency_seconds=8,
    load_seconds=10,
    restart_entries=60_000,
    restart_orgs=2_000,
    scale_events=24_000,
    verify_entries=30_000,
    kills=20,
    kill_partitions=4,
)
