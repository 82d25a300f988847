"""The demonstration's processes: the provider and the gateway, on free ports, stopped at the end."""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from auditline.local.ports import answers, free

_READY_WITHIN = 30.0
_STOPS_WITHIN = 20.0


class NotStarted(Exception):
    """A process did not begin to serve: its log, quoted in the text, says why."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway that serves: its URL, and the environment in which the driver knows its keys."""

    url: str
    environment: Mapping[str, str]
    log: Path


@contextmanager
def gateway(
    directory: Path, bootstrap_servers: str, topic: str = "audit.events", timeout: float = 10.0
) -> Iterator[Gateway]:
    """A provider and a gateway with state and logs in *directory*; both end with the block.

    *timeout* is how many seconds an answer waits for the audit log. Raises NotStarted.
    """
    port, provider, nobody = free(3)
    environment = {
        **os.environ,
        "GATEWAY_MASTER_KEY": secrets.token_urlsafe(32),
        "GATEWAY_FINGERPRINT_KEY": secrets.token_urlsafe(32),
    }
    served = f"http://127.0.0.1:{provider}"
    arguments = [
        *("--port", str(port), "--database", str(directory / "gateway.sqlite")),
        *("--bootstrap-servers", bootstrap_servers, "--topic", topic),
        *("--acknowledge-timeout", str(timeout)),
        *("--provider", f"openai={served}", "--provider", f"anthropic={served}"),
        # One provider is down: an upstream error is part of an admin's day.
        *("--provider", f"mistral=http://127.0.0.1:{nobody}"),
    ]
    log = directory / "gateway.log"
    with (
        _process("demo.provider", ["--port", str(provider)], provider, environment, log),
        _process("demo.gateway", arguments, port, environment, log),
    ):
        yield Gateway(f"http://127.0.0.1:{port}", environment, log)


@contextmanager
def _process(
    module: str, arguments: list[str], port: int, environment: Mapping[str, str], log: Path
) -> Iterator[None]:
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        _wait(process, module, port, log)
        yield
    finally:
        process.terminate()
        try:
            process.wait(_STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: "subprocess.Popen[bytes]", module: str, port: int, log: Path) -> None:
    deadline = time.monotonic() + _READY_WITHIN
    while not answers(port):
        if process.poll() is not None or time.monotonic() > deadline:
            tail = log.read_text("utf-8", "replace")[-2000:]
            raise NotStarted(f"{module} does not serve; {log} ends:\n{tail}")
        time.sleep(0.05)
