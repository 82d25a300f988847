"""What a process says of itself over HTTP: is it alive, is it ready, what does it count.

    /livez    200 while it is worth keeping, else 503: restart it
    /readyz   200 while it does its work, else 503: wait, or look at the reasons
    /metrics  Prometheus text

Both answers are JSON: ``{"status": "ready", "checks": {"kafka": null}}``, a check that fails
giving its reason in place of ``null``.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from socketserver import TCPServer, ThreadingMixIn
from types import TracebackType
from typing import Self
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import orjson
from prometheus_client import CollectorRegistry, make_wsgi_app

Check = Callable[[], str | None]
"""Why something is not as it should be, or None; quick, and callable from any thread."""

_CLIENT_PATIENCE = 5.0


class CannotListen(Exception):
    """The address for health and metrics cannot be had: choose another port, or 0."""


class HealthServer:
    """Serves health and metrics from a thread; use as a context manager.

    *ready* and *alive* are checks by name. The port is taken when the object is made, so that
    `port` is known (0 picks a free one); raises `CannotListen`.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        *,
        ready: Mapping[str, Check],
        alive: Mapping[str, Check] | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        try:
            self._server = _Server((host, port), _Handler)
        except OSError as error:
            raise CannotListen(f"cannot listen on {host}:{port}: {error.strerror}") from error
        self._server.set_app(application(registry, ready, alive or {}))
        self.port = self._server.server_port
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="health", daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def application(
    registry: CollectorRegistry, ready: Mapping[str, Check], alive: Mapping[str, Check]
) -> WSGIApplication:
    """The three pages as a WSGI application."""
    metrics: WSGIApplication = make_wsgi_app(registry)

    def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/metrics":
            return metrics(environ, start)
        if path == "/livez":
            return _send(start, *_judge("alive", alive))
        if path == "/readyz":
            return _send(start, *_judge("ready", ready))
        return _send(start, "404 Not Found", {"pages": ["/livez", "/readyz", "/metrics"]})

    return answer


def _judge(word: str, checks: Mapping[str, Check]) -> tuple[str, object]:
    reasons = {name: check() for name, check in checks.items()}
    if any(reason is not None for reason in reasons.values()):
        return "503 Service Unavailable", {"status": f"not {word}", "checks": reasons}
    return "200 OK", {"status": word, "checks": reasons}


def _send(start: StartResponse, status: str, body: object) -> list[bytes]:
    start(status, [("Content-Type", "application/json"), ("Cache-Control", "no-store")])
    return [orjson.dumps(body) + b"\n"]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    # Waiting at close for a client that keeps its connection would delay our stop.
    block_on_close = False

    def server_bind(self) -> None:
        """Bind without asking the resolver for the host's name, which can take seconds."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.socket.getsockname()[:2]
        self.setup_environ()


class _Handler(WSGIRequestHandler):
    timeout = _CLIENT_PATIENCE

    def log_message(self, format: str, *args: object) -> None:
        """Probes come every second; they are not logged."""
