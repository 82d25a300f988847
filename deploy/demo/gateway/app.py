"""The HTTP surface: routes, and the translation between HTTP and operations."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .actions import ACTIONS
from .audit import Received
from .call import Call
from .caller import identify
from .completions import complete
from .credentials import token_hash
from .errors import Refused
from .operations import (
    api_keys,
    members,
    organizations,
    policies,
    provider_keys,
    request_logs,
    sessions,
)
from .privileged import Answer, Apply, Operation, Prepare, Privileged, now_micros
from .providers import Providers
from .recorder import Log, Recorder
from .settings import Settings
from .state import State

_MAX_BODY = 256 * 1024
_ORG = "/v1/orgs/{org}"
_PK, _AK = f"{_ORG}/provider-keys", f"{_ORG}/api-keys"

# Method, path, action, what it does.
TABLE: tuple[tuple[str, str, str, Apply], ...] = (
    ("PUT", _ORG, "organization.create", organizations.create),
    ("POST", f"{_ORG}/sessions", "auth.login", sessions.login),
    ("DELETE", f"{_ORG}/sessions/current", "auth.logout", sessions.logout),
    ("POST", f"{_ORG}/mfa", "auth.mfa_enable", sessions.enable_mfa),
    ("GET", f"{_ORG}/members", "team_member.view", members.view),
    ("POST", f"{_ORG}/members", "team_member.invite", members.create),
    ("POST", f"{_ORG}/invitations/accept", "team_member.invite_accept", members.accept),
    ("PATCH", f"{_ORG}/members/{{id}}", "team_member.role_change", members.change_role),
    ("DELETE", f"{_ORG}/members/{{id}}", "team_member.remove", members.remove),
    ("GET", _PK, "provider_key.view", provider_keys.view),
    ("POST", _PK, "provider_key.create", provider_keys.create),
    ("POST", f"{_PK}/{{id}}/rotate", "provider_key.rotate", provider_keys.rotate),
    ("POST", f"{_PK}/{{id}}/reveal", "provider_key.reveal", provider_keys.reveal),
    ("DELETE", f"{_PK}/{{id}}", "provider_key.delete", provider_keys.delete),
    ("GET", _AK, "api_key.view", api_keys.view),
    ("POST", _AK, "api_key.create", api_keys.create),
    ("PUT", f"{_AK}/{{id}}/limit", "api_key.update_limit", api_keys.update_limit),
    ("PUT", f"{_AK}/{{id}}/status", "api_key.update_status", api_keys.update_status),
    ("POST", f"{_AK}/{{id}}/roll", "api_key.roll", api_keys.roll),
    ("DELETE", f"{_AK}/{{id}}", "api_key.delete", api_keys.delete),
    ("PUT", f"{_ORG}/routing", "routing_config.update", policies.put_routing),
    ("PUT", f"{_ORG}/budget", "budget.update", policies.put_budget),
    ("GET", f"{_ORG}/request-logs/export", "request_log.export", request_logs.export),
)

# What an operation asks of others before it changes anything.
PREPARATIONS: dict[str, Prepare] = {
    "provider_key.create": provider_keys.ask_for_new,
    "provider_key.rotate": provider_keys.ask_for_rotation,
}

Endpoint = Callable[[Request], Awaitable[Response]]
_encoder = msgspec.json.Encoder(decimal_format="number")


def build(settings: Settings, state: State, log: Log) -> Starlette:
    """The gateway as an ASGI application over *state*, emitting to *log*."""
    privileged = Privileged(settings, state, Recorder(log, settings.acknowledge_timeout))
    providers = Providers(settings.upstreams)
    routes = []
    for method, path, name, apply in TABLE:
        operation = Operation(ACTIONS[name], apply, PREPARATIONS.get(name))
        endpoint = _endpoint(providers, privileged, path, operation)
        routes.append(Route(path, endpoint, methods=[method]))
    model = Route(
        "/v1/chat/completions", _completions(settings, state, providers), methods=["POST"]
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await providers.close()

    return Starlette(routes=[*routes, model, Route("/livez", _alive)], lifespan=lifespan)


def _endpoint(
    providers: Providers, privileged: Privileged, path: str, operation: Operation
) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        call = Call(
            org_id=request.path_params["org"],
            target=request.path_params.get("id"),
            body=await _body(request),
            query=request.query_params,
            now=now_micros(),
            caller=None,
            providers=providers,
        )
        authorization = request.headers.get("authorization")
        return _response(
            await privileged.run(operation, received(request, path), authorization, call)
        )

    return endpoint


def _completions(settings: Settings, state: State, providers: Providers) -> Endpoint:
    master = token_hash(settings.master_key)

    async def endpoint(request: Request) -> Response:
        body, now = await _body(request), now_micros()
        caller = identify(
            state.reader, request.headers.get("authorization"), now=now, master=master
        )
        org_id = (caller.org_id if caller else None) or ""
        try:
            status, answer = await complete(
                state,
                Call(org_id, None, body, request.query_params, now, caller, providers),
            )
        except Refused as refused:
            return _error(refused.status, refused.reason)
        return Response(answer, status, media_type="application/json")

    return endpoint


def received(request: Request, route: str) -> Received:
    """What the wire says, before anything of it is believed."""
    client, headers = request.client, request.headers
    # A header sent twice is one list (RFC 9110): the proxy's own line is the last.
    forwarded = ", ".join(headers.getlist("x-forwarded-for")) or None
    return Received(
        peer=client.host if client else None,
        port=client.port if client else None,
        forwarded_for=forwarded,
        user_agent=headers.get("user-agent"),
        request_id=headers.get("x-request-id"),
        traceparent=headers.get("traceparent"),
        method=request.method,
        route=route,
    )


async def _body(request: Request) -> bytes | None:
    """The body, read to its end; None when it is too large to be one of ours."""
    body, length = bytearray(), 0
    async for chunk in request.stream():
        length += len(chunk)
        if length <= _MAX_BODY:
            body += chunk
    return bytes(body) if length <= _MAX_BODY else None


def _response(answer: Answer) -> Response:
    body = answer.body if isinstance(answer.body, bytes) else _encoder.encode(answer.body)
    headers = {"x-request-id": answer.request_id, "cache-control": "no-store"}
    return Response(body, answer.status, headers, answer.media_type)


def _error(status: int, reason: str) -> Response:
    return Response(_encoder.encode({"error": reason}), status, media_type="application/json")


async def _alive(request: Request) -> Response:
    return Response(b"ok\n", media_type="text/plain")
