"""`python -m auditline.local.clickhouse DIRECTORY --port N` serves the engine until it is stopped."""

import argparse
import sys
from pathlib import Path

import uvicorn

from auditline.local.clickhouse import home
from auditline.local.clickhouse.app import application
from auditline.local.clickhouse.engine import Engine
from auditline.local.clickhouse.errors import EngineError
from auditline.local.clickhouse.roles import Accounts, Role

# Longer than a client keeps an idle connection, or it would send into one that we just closed.
_KEEP_ALIVE = 300


def main() -> int:
    """Serves until SIGTERM or SIGINT. Exit code 1: the engine did not open, stderr says why."""
    parser = argparse.ArgumentParser(prog="auditline.local.clickhouse", description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--memory-limit", type=int, default=home.MEMORY_LIMIT, help="bytes")
    parser.add_argument("--keep-free", type=int, default=0, help="bytes of disk to leave alone")
    options = parser.parse_args()
    limits = home.Limits(options.memory_limit, options.keep_free)
    try:
        with home.locked(options.directory):
            serve(options.directory, options.port, limits)
    except (home.EngineBusy, EngineError) as why:
        print(why, file=sys.stderr)
        return 1
    return 0


def serve(directory: Path, port: int, limits: home.Limits) -> None:
    """Opens the engine with the writer's grants and answers on 127.0.0.1:*port*."""
    engine = Engine(home.prepare(directory, Role.WRITER, limits))
    try:
        app = application(engine, Accounts.from_environment(), str(directory / "tmp"))
        config = uvicorn.Config(
            app,
            host="127.0.0.1",
            port=port,
            access_log=False,
            lifespan="off",
            log_level="warning",
            timeout_keep_alive=_KEEP_ALIVE,
            timeout_graceful_shutdown=5,
        )
        uvicorn.Server(config).run()
    finally:
        engine.close()


if __name__ == "__main__":
    sys.exit(main())
