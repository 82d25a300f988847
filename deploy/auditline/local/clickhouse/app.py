"""The HTTP application: one request is one statement on one session of the engine."""

import uuid
from collections.abc import AsyncIterator
from time import perf_counter_ns

import anyio
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from auditline.local.clickhouse import answer, body, compression, sql
from auditline.local.clickhouse.call import Call, parse
from auditline.local.clickhouse.engine import Engine, Insertion, Session
from auditline.local.clickhouse.errors import (
    AUTHENTICATION_FAILED,
    INTO_OUTFILE_NOT_ALLOWED,
    NOT_IMPLEMENTED,
    SYNTAX_ERROR,
    EngineError,
    refusal,
)
from auditline.local.clickhouse.roles import Accounts, Role

_MAX_STATEMENT = 64 << 20
# What a client that went away would have been told; nobody reads it.
_GONE = 499


def application(engine: Engine, accounts: Accounts, spool_directory: str) -> Starlette:
    """ClickHouse's HTTP interface to *engine*, for the roles of *accounts*."""
    front = _Front(engine, accounts, spool_directory)
    return Starlette(
        routes=[
            Route("/ping", _ok),
            Route("/replicas_status", _ok),
            Route("/", front.handle, methods=["GET", "HEAD", "POST"]),
        ]
    )


async def _ok(_: Request) -> Response:
    return PlainTextResponse("Ok.\n")


class _Front:
    def __init__(self, engine: Engine, accounts: Accounts, spool_directory: str) -> None:
        self._engine = engine
        self._accounts = accounts
        self._spool_directory = spool_directory

    async def handle(self, request: Request) -> Response:
        """Answers one request, whatever becomes of it."""
        if request.method == "HEAD" or (request.method == "GET" and not request.query_params):
            return await _ok(request)
        started = perf_counter_ns()
        shape = answer.Shape(str(uuid.uuid4()), self._engine.timezone, None, None)
        chunks = request.stream()
        try:
            arguments: dict[str, str | bytes] = dict(request.query_params)
            content_type = request.headers.get("content-type", "")
            if body.is_form(content_type):
                arguments |= await body.form(chunks, content_type)
            call = parse(request.method, arguments, request.headers)
            shape = self._shape(call, request)
            role = self._authenticate(call)
            data = body.pieces(chunks, request.headers.get("content-encoding", ""))
            return await self._run(call, role, data, shape, started)
        except EngineError as error:
            with anyio.move_on_after(60):
                await body.drain(chunks)
            return answer.refused(error, shape)
        except ClientDisconnect:
            return Response(status_code=_GONE)

    def _shape(self, call: Call, request: Request) -> answer.Shape:
        packs = call.settings.get("enable_http_compression", "1") not in ("0", "false")
        accept = request.headers.get("accept-encoding", "") if packs else ""
        query_id = call.query_id or str(uuid.uuid4())
        return answer.Shape(query_id, self._engine.timezone, None, compression.choose(accept))

    def _authenticate(self, call: Call) -> Role:
        role = self._accounts.authenticate(call.user, call.password)
        if role is None:
            why = "password is incorrect, or there is no user with such name."
            raise refusal(
                AUTHENTICATION_FAILED,
                "AUTHENTICATION_FAILED",
                f"{call.user}: Authentication failed: {why}",
            )
        if call.native_compression:
            raise refusal(
                NOT_IMPLEMENTED,
                "NOT_IMPLEMENTED",
                "compress=1 and decompress=1 are not spoken here, use Content-Encoding",
            )
        return role

    async def _run(
        self,
        call: Call,
        role: Role,
        data: AsyncIterator[bytes],
        shape: answer.Shape,
        started: int,
    ) -> Response:
        statement, rest = await _statement(call, data)
        session = await anyio.to_thread.run_sync(self._engine.session, role)
        handed_over = False
        try:
            await anyio.to_thread.run_sync(_configure, session, call)
            if isinstance(statement, sql.Insert):
                await _insert(session, statement, rest, data)
                return answer.done(shape, session.counts, started)
            response, handed_over = await self._query(session, statement, call, shape, started)
            return response
        finally:
            if not handed_over:
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(session.close)

    async def _query(
        self, session: Session, query: sql.Query, call: Call, shape: answer.Shape, started: int
    ) -> tuple[Response, bool]:
        """The response, and whether it now owns the session."""
        _admit(query)
        format = query.format or call.default_format
        rows = session.rows(query.text, format, streams=query.streams)
        if not query.returns_rows:
            await anyio.to_thread.run_sync(next, rows, None)
            return answer.done(shape, session.counts, started), False
        shape = answer.Shape(shape.query_id, shape.timezone, format, shape.encoding)
        if call.wait_end or not query.streams:
            return await answer.spooled(
                rows, shape, session.counts, started, self._spool_directory
            ), False
        return await answer.streamed(rows, shape, session.close), True


def _configure(session: Session, call: Call) -> None:
    session.configure(call.database, call.settings, call.parameters, readonly=call.readonly)


async def _statement(
    call: Call, data: AsyncIterator[bytes]
) -> tuple[sql.Insert | sql.Query, bytes]:
    """The statement, and what of its data came along with it."""
    text = call.query + b"\n" if call.query else b""
    found = sql.read(text, complete=False)
    while found is None:
        piece = await anext(data, None)
        if piece is None:
            found = sql.read(text, complete=True)
            break
        text += piece
        if len(text) > _MAX_STATEMENT and sql.read(text, complete=False) is None:
            raise refusal(SYNTAX_ERROR, "SYNTAX_ERROR", "Max query size exceeded")
        found = sql.read(text, complete=False)
    if found is None:
        raise refusal(SYNTAX_ERROR, "SYNTAX_ERROR", "Empty query")
    return found, text[found.data_at :] if isinstance(found, sql.Insert) else b""


async def _insert(
    session: Session, insert: sql.Insert, first: bytes, data: AsyncIterator[bytes]
) -> None:
    insertion: Insertion = await anyio.to_thread.run_sync(
        session.insert, insert.head, insert.format
    )
    try:
        if first:
            await anyio.to_thread.run_sync(insertion.append, first)
        async for piece in data:
            await anyio.to_thread.run_sync(insertion.append, piece)
        await anyio.to_thread.run_sync(insertion.finish)
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(insertion.cancel)


def _admit(query: sql.Query) -> None:
    """Refuses what a server's HTTP interface refuses but the engine, as a local client, allows."""
    if query.statements > 1:
        raise refusal(SYNTAX_ERROR, "SYNTAX_ERROR", "Multi-statements are not allowed")
    if query.outfile:
        raise refusal(
            INTO_OUTFILE_NOT_ALLOWED, "INTO_OUTFILE_NOT_ALLOWED", "INTO OUTFILE is not allowed"
        )
    if query.infile:
        raise refusal(NOT_IMPLEMENTED, "NOT_IMPLEMENTED", "FROM INFILE is not allowed")
    if not query.text.strip():
        raise refusal(SYNTAX_ERROR, "SYNTAX_ERROR", "Empty query")
