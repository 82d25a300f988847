"""`python -m demo.gateway`: serves the gateway on 127.0.0.1 until SIGTERM or Ctrl-C.

Environment: GATEWAY_MASTER_KEY and GATEWAY_FINGERPRINT_KEY, 32 characters or more each.
"""

import argparse
import signal
import sys
from pathlib import Path

import uvicorn

from auditline.producer import AuditLog, AuditLogError

from .app import build
from .settings import BadSettings, Settings, secrets_from, upstream
from .state import State


def main() -> int:
    """Parses, opens state and audit log, serves."""
    options = _parser().parse_args()
    try:
        master, fingerprint = secrets_from()
        settings = Settings(
            options.database,
            options.bootstrap_servers,
            master,
            fingerprint,
            dict(upstream(text) for text in options.provider),
            acknowledge_timeout=options.acknowledge_timeout,
        )
    except BadSettings as bad:
        print(f"gateway: {bad}", file=sys.stderr)
        return 2
    # uvicorn stops at these and then raises them again: the audit log must still be flushed.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    state = State(settings.database)
    try:
        with AuditLog(
            settings.bootstrap_servers, producer_id=options.producer_id, topic=options.topic
        ) as log:
            # X-Forwarded-For is judged by our own rule, so uvicorn must leave the peer as it is.
            uvicorn.run(
                build(settings, state, log),
                host="127.0.0.1",
                port=options.port,
                proxy_headers=False,
                access_log=False,
                log_level="warning",
            )
    except AuditLogError as error:
        print(f"gateway: {error}", file=sys.stderr)
        return 1
    finally:
        state.close()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="demo.gateway", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--database", type=Path, required=True)
    parser.add_argument("--bootstrap-servers", required=True)
    parser.add_argument("--topic", default="audit.events")
    parser.add_argument("--acknowledge-timeout", type=float, default=10.0, metavar="SECONDS")
    parser.add_argument("--producer-id", default="gateway-1")
    parser.add_argument(
        "--provider", action="append", default=[], metavar="NAME=URL", help="an upstream provider"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
