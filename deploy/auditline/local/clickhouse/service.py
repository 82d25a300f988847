"""The ClickHouse server as a service to supervise."""

import http.client
import sys
import urllib.error
import urllib.request
from pathlib import Path

from auditline.local.ports import HOST, remembered
from auditline.local.service import Service


def service(directory: Path, keep_free: int = 0) -> Service:
    """The HTTP server over the engine in *directory*, on a port it keeps.

    It refuses to write (code 243) when fewer than *keep_free* bytes of the disk are left.
    """
    directory.mkdir(parents=True, exist_ok=True)
    ports = remembered(directory / "ports.json", ("clickhouse",))
    port = ports["clickhouse"]
    return Service(
        name="clickhouse",
        argv=[
            sys.executable,
            "-m",
            "auditline.local.clickhouse",
            str(directory),
            "--port",
            str(port),
            "--keep-free",
            str(keep_free),
        ],
        ready=lambda: pings(port),
        ports=ports,
        stop_timeout=20.0,
    )


def pings(port: int) -> bool:
    """Whether a ClickHouse server on *port* answers."""
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port}/ping", timeout=2.0) as response:
            return bool(response.read() == b"Ok.\n")
    except (urllib.error.URLError, http.client.HTTPException, OSError):
        return False
