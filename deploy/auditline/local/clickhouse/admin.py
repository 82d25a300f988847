"""Statements by a role that no service holds, in a process of their own while the server is down.

The engine has one user and one process at a time, so migration, erasure and tampering in a test
each open it with their own grants, do their work and leave.

`python -m auditline.local.clickhouse.admin DIRECTORY --role ROLE` reads a JSON list of statements
from stdin and writes a JSON list of their answers, tab-separated, to stdout.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from auditline.local.clickhouse import home
from auditline.local.clickhouse.engine import Engine
from auditline.local.clickhouse.errors import EngineError
from auditline.local.clickhouse.roles import Role

_BUSY = 3
_REFUSED = 4


def run_as_admin(
    directory: Path, statements: Sequence[str], role: Role = Role.MIGRATOR, timeout: float = 300
) -> list[str]:
    """Runs *statements* in order as *role* on the engine in *directory*, whose server is down.

    Returns each statement's answer in TabSeparated. Raises `home.EngineBusy` while the server
    runs, and EngineError at the first refused statement: those before it are done.
    """
    command = [sys.executable, "-m", __spec__.name, str(directory), "--role", role]
    done = subprocess.run(
        command,
        input=json.dumps(list(statements)),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    if done.returncode == _BUSY:
        raise home.EngineBusy(done.stdout)
    if done.returncode == _REFUSED:
        refused = json.loads(done.stdout)
        raise EngineError(refused["code"], refused["text"])
    if done.returncode != 0:
        raise EngineError(0, f"the engine's process ended with {done.returncode}: {done.stderr}")
    answers: list[str] = json.loads(done.stdout)
    return answers


def main() -> int:
    """The other side of `run_as_admin`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--role", type=Role, choices=list(Role), default=Role.MIGRATOR)
    options = parser.parse_args()
    try:
        with home.locked(options.directory):
            answers = _run(options.directory, options.role, json.load(sys.stdin))
    except home.EngineBusy as busy:
        print(busy)
        return _BUSY
    except EngineError as refused:
        json.dump({"code": refused.code, "text": refused.text}, sys.stdout)
        return _REFUSED
    json.dump(answers, sys.stdout)
    return 0


def _run(directory: Path, role: Role, statements: Sequence[str]) -> list[str]:
    engine = Engine(home.prepare(directory, role))
    try:
        session = engine.session(role)
        try:
            return [_answer(session.rows(s.encode(), "TSV", streams=False)) for s in statements]
        finally:
            session.close()
    finally:
        engine.close()


def _answer(rows: Iterable[bytes]) -> str:
    return b"".join(rows).decode("utf-8", "surrogateescape")


if __name__ == "__main__":
    sys.exit(main())
