"""The steps of the demonstration, and the command line they call."""

import json
import os
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from rich.console import Console

from auditline.cli.local_log import LocalLog
from auditline.kafka import KafkaSettings

from .driver.journal import Line, read
from .evidence import Head, Row, differences, rows
from .processes import Gateway

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

QUERYABLE_WITHIN = 60.0
_POLL = 0.2


class WentWrong(Exception):
    """Something did not happen as it should have: the text says what."""


@dataclass(frozen=True, slots=True)
class Log:
    """A log that runs on this machine: how to reach it, and how to command it."""

    local: LocalLog
    console: Console

    def run(self, *arguments: str, show: bool = True) -> "subprocess.CompletedProcess[str]":
        """`auditline ARGUMENTS`, its output shown as it is; whatever the exit code."""
        if show:
            self.console.out(f"\n$ auditline {' '.join(arguments)}", style="bold", highlight=False)
        done = subprocess.run(
            [sys.executable, "-m", "auditline.cli", *arguments],
            env={**os.environ, "AUDITLINE_CONFIG": str(self.local.config)},
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        if show:
            self.console.out(done.stdout.rstrip(), highlight=False)
        return done

    def must(self, *arguments: str, show: bool = True) -> str:
        """As `run`; raises WentWrong when it fails."""
        done = self.run(*arguments, show=show)
        if done.returncode != 0:
            raise WentWrong(f"auditline {arguments[0]} ended with {done.returncode}")
        return done.stdout

    @property
    def kafka(self) -> KafkaSettings:
        """How to reach Kafka."""
        return KafkaSettings(**tomllib.loads(self.local.config.read_text("utf-8"))["kafka"])

    @property
    def dsn(self) -> str:
        """How to reach ClickHouse."""
        dsn: str = tomllib.loads(self.local.config.read_text("utf-8"))["clickhouse"]["dsn"]
        return dsn


@dataclass(frozen=True, slots=True)
class Verified:
    """What `auditline verify --json` said."""

    verdict: str
    exit_code: int
    findings: list[dict[str, Json]]
    entries: int


def drive(served: Gateway, journal: Path, requests: int, seed: int) -> list[Line]:
    """Runs the driver against *served*; what it did. Raises WentWrong when it was surprised."""
    command = [sys.executable, "-m", "demo.driver", "--gateway", served.url]
    options = ["--journal", str(journal), "--requests", str(requests), "--seed", str(seed)]
    done = subprocess.run([*command, *options], env=dict(served.environment), check=False)
    if done.returncode != 0:
        raise WentWrong(f"the driver ended with {done.returncode}; see {served.log}")
    return read(journal)


def wait_until_queryable(log: Log, lines: list[Line]) -> list[Row]:
    """All rows, once every answered request is among them. Raises WentWrong."""
    deadline = time.monotonic() + QUERYABLE_WITHIN
    recorded = {line.request_id for line in lines if line.outcome != "unrecorded"}
    while True:
        found = rows(log.dsn)
        missing = recorded - {row.request_id for row in found}
        if not missing:
            break
        if time.monotonic() > deadline:
            raise WentWrong(f"{len(missing)} actions are not queryable, such as {missing.pop()}")
        time.sleep(_POLL)
    if problems := differences(lines, found):
        raise WentWrong("the log is not what was done:\n" + "\n".join(problems[:10]))
    return found


def verify(log: Log, known: list[Head]) -> Verified:
    """`auditline verify --json` against heads from outside."""
    brought = [part for head in known for part in ("--known-head", str(head))]
    done = log.run("verify", "--json", *brought, show=False)
    try:
        said = json.loads(done.stdout)
        return Verified(said["verdict"], done.returncode, said["findings"], said["entries"])
    except (ValueError, KeyError) as error:
        raise WentWrong(f"auditline verify said nothing readable: {done.stdout!r}") from error
