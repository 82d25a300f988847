"""Says what this machine lacks for a log on the laptop, and how to get it.

Each check is a judgement on what a probe found: the judgements are pure, the probes look.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from auditline.local.ports import is_free
from auditline.local.tools import JAVA, MAVEN, Tool

Verdict = Literal["ok", "warn", "missing"]

# What the extra "local" brings. Nothing here imports them, so that a machine without can be told.
MODULES = ("chdb", "clickhouse_connect", "lz4", "psutil", "starlette", "uvicorn", "zstandard")
MIN_PYTHON = (3, 11)
MIN_JAVA = 17
_GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. *remedy* says what to do; it is empty when there is nothing to do."""

    name: str
    status: Verdict
    found: str
    remedy: str = ""


def examine(directory: Path, config: Path | None = None, ports: Sequence[int] = ()) -> list[Check]:
    """All checks of this machine, for a log in *directory* with *config* on fixed *ports*."""
    java = JAVA.find()
    checks = [
        judge_python(sys.version_info[:3]),
        judge_java(java, _output([str(java), "-version"]) if java else ""),
        judge_maven(MAVEN.find()),
        judge_modules([name for name in MODULES if importlib.util.find_spec(name) is None]),
        judge_disk(shutil.disk_usage(_existing(directory)).free),
        *_memory(),
        *(judge_port(port, is_free(port)) for port in ports),
        judge_docker(shutil.which("docker"), _docker_version()),
    ]
    if config is not None:
        checks.append(judge_config(config, config.is_file(), os.access(config, os.R_OK)))
    return checks


def judge_python(version: Sequence[int]) -> Check:
    """Whether this Python is new enough."""
    found = ".".join(map(str, version))
    if tuple(version[:2]) >= MIN_PYTHON:
        return Check("python", "ok", found)
    return Check("python", "missing", found, "install Python 3.11 or newer: uv python install 3.11")


def judge_java(path: Path | None, printed: str) -> Check:
    """Whether Java runs Kafka; *printed* is what `java -version` says."""
    if path is None:
        return _absent("java", JAVA, "Kafka runs on it")
    version = java_version(printed)
    if version is None:
        return Check("java", "missing", f"{path} does not start", f"reinstall it: {JAVA.remedy()}")
    if version < MIN_JAVA:
        wanted = f"Kafka 4 needs Java {MIN_JAVA} or newer: {JAVA.remedy()}"
        return Check("java", "missing", f"{version} at {path}", wanted)
    return Check("java", "ok", f"{version} at {path}")


def java_version(printed: str) -> int | None:
    """The feature release in `java -version`'s output: 17 for "17.0.9", 8 for "1.8.0_392"."""
    found = re.search(r'version "(?:1\.)?(\d+)', printed)
    return int(found[1]) if found else None


def judge_maven(path: Path | None) -> Check:
    """Whether Kafka's jars can be fetched."""
    return Check("mvn", "ok", str(path)) if path else _absent("mvn", MAVEN, "it fetches Kafka")


def judge_modules(missing: Sequence[str]) -> Check:
    """Whether the Python packages of the extra "local" are installed."""
    if not missing:
        return Check("packages", "ok", "auditline[local]")
    found = f"without {', '.join(missing)}"
    return Check("packages", "missing", found, "pip install 'auditline[local]'")


def judge_disk(free: int) -> Check:
    """Whether *free* bytes of disk are enough."""
    found = f"{free / _GIB:.1f} GiB free"
    if free >= 5 * _GIB:
        return Check("disk", "ok", found)
    status: Verdict = "warn" if free >= _GIB else "missing"
    return Check("disk", status, found, "free some space, or choose a directory on another disk")


def judge_memory(available: int) -> Check:
    """Whether *available* bytes of memory are enough for Kafka, ClickHouse and the services."""
    found = f"{available / _GIB:.1f} GiB available"
    if available >= 2 * _GIB:
        return Check("memory", "ok", found)
    return Check("memory", "warn", found, "close something: Kafka and ClickHouse want 2 GiB")


def judge_port(port: int, free: bool) -> Check:
    """Whether a fixed port is free."""
    if free:
        return Check(f"port {port}", "ok", "free")
    remedy = f"stop what listens there (ss -ltnp 'sport = :{port}'), or choose another"
    return Check(f"port {port}", "warn", "in use", remedy)


def judge_docker(path: str | None, version: str) -> Check:
    """Whether a Docker engine answers: an alternative, so its absence is no fault."""
    if path and version:
        return Check("docker", "ok", f"engine {version}")
    found = "no engine answers" if path else "not installed"
    return Check("docker", "ok", f"{found} (optional: deploy/compose would need it)")


def judge_config(path: Path, exists: bool, readable: bool) -> Check:
    """Whether the configuration file is there to be read."""
    if exists and readable:
        return Check("config", "ok", str(path))
    if exists:
        return Check("config", "missing", f"{path} is not readable", f"chmod u+r {path}")
    return Check("config", "warn", f"no {path}", "`auditline up` writes one")


def _memory() -> list[Check]:
    if importlib.util.find_spec("psutil") is None:
        return []
    import psutil

    return [judge_memory(psutil.virtual_memory().available)]


def _absent(name: str, tool: Tool, why: str) -> Check:
    return Check(name, "missing", "not installed", f"{why}: {tool.remedy()}")


def _output(command: Sequence[str]) -> str:
    """What a command prints, on either stream; nothing when it does not run or takes too long."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=15, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stderr + done.stdout if done.returncode == 0 else ""


def _docker_version() -> str:
    if shutil.which("docker") is None:
        return ""
    return _output(["docker", "version", "--format", "{{.Server.Version}}"]).strip()


def _existing(directory: Path) -> Path:
    while not directory.exists() and directory != directory.parent:
        directory = directory.parent
    return directory
