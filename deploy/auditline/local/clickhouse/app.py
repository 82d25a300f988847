"""The HTTP application: one request is one statement on one session of the engine."""

import tempfile
import uuid
from collections.abc import AsyncIterator
from contextlib import closing
from time import perf_counter_ns

import anyio
from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from auditline.local.clickhouse import answer, body, compression, sql
from auditline.local.clickhouse.call import Call, parse
from auditline.local.clickhouse.engine import Counts, Engine, Session
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
_DRAIN_SECONDS = 60
_HOSTS = ("127.0.0.1", "localhost")


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
        shape = answer.Shape(str(uuid.uuid4()), self._engine.timezone, perf_counter_ns())
        chunks = request.stream()
        try:
            _refuse_browsers(request)
            call = await _call(request, chunks)
            shape = shape.of(call.query_id, compression.choose(_accepts(call, request)))
            role = self._authenticate(call)
            data = body.pieces(chunks, request.headers.get("content-encoding", ""))
            return await self._run(call, role, data, shape)
        except EngineError as error:
            with anyio.move_on_after(_DRAIN_SECONDS):
                await body.drain(chunks)
            return answer.refused(error, shape)
        except ClientDisconnect:
            return Response(status_code=_GONE)

    def _authenticate(self, call: Call) -> Role:
        role = self._accounts.authenticate(call.user, call.password)
        if role is None:
            raise refusal(
                AUTHENTICATION_FAILED,
                "AUTHENTICATION_FAILED",
                f"{call.user}: Authentication failed: "
                "password is incorrect, or there is no user with such name.",
            )
        return role

    async def _run(
        self, call: Call, role: Role, data: AsyncIterator[bytes], shape: answer.Shape
    ) -> Response:
        statement, rest = await _statement(call, data)
        if isinstance(statement, sql.Insert):
            return await self._insert(call, role, statement, rest, data, shape)
        _admit(statement)
        if statement.returns_rows:
            shape = shape.with_format(statement.format or call.default_format)
        if statement.streams and not call.wait_end:
            return await self._stream(call, role, statement, shape)
        return await run_sync(self._whole, call, role, statement, shape)

    async def _insert(
        self,
        call: Call,
        role: Role,
        insert: sql.Insert,
        first: bytes,
        data: AsyncIterator[bytes],
        shape: answer.Shape,
    ) -> Response:
        with tempfile.NamedTemporaryFile(dir=self._spool_directory) as spool:
            # A client that goes away while it sends, or a body that does not unpack, ends here:
            # the engine has then seen nothing of it.
            await run_sync(body.store, spool, first)
            async for piece in data:
                await run_sync(body.store, spool, piece)
            counts = await run_sync(self._insert_file, call, role, insert.from_file(spool.name))
        return answer.done(shape, counts)

    def _insert_file(self, call: Call, role: Role, statement: bytes) -> Counts:
        session = self._open(call, role)
        try:
            session.insert(statement)
            return session.counts
        finally:
            session.close()

    def _whole(self, call: Call, role: Role, query: sql.Query, shape: answer.Shape) -> Response:
        session = self._open(call, role)
        try:
            rows = session.rows(query.text, shape.format or "TSV", streams=query.streams)
            with closing(rows):
                return answer.spooled(rows, shape, session.counts, self._spool_directory)
        finally:
            session.close()

    async def _stream(
        self, call: Call, role: Role, query: sql.Query, shape: answer.Shape
    ) -> Response:
        session = await run_sync(self._open, call, role)
        rows = session.rows(query.text, shape.format or "TSV", streams=True)
        return await answer.streamed(rows, shape, session.close)

    def _open(self, call: Call, role: Role) -> Session:
        session = self._engine.session(role)
        try:
            session.configure(call.database, call.settings, call.parameters, readonly=call.readonly)
        except EngineError:
            session.close()
            raise
        return session


def _refuse_browsers(request: Request) -> None:
    """A web page must not reach a log that may ask for no password, just by being looked at."""
    if "origin" in request.headers or request.url.hostname not in _HOSTS:
        raise refusal(
            AUTHENTICATION_FAILED,
            "AUTHENTICATION_FAILED",
            "Authentication failed: this server answers local programs, not web pages.",
        )


async def _call(request: Request, chunks: AsyncIterator[bytes]) -> Call:
    arguments: dict[str, str | bytes] = dict(request.query_params)
    content_type = request.headers.get("content-type", "")
    if body.is_form(content_type):
        arguments |= await body.form(chunks, content_type)
    call = parse(request.method, arguments, request.headers)
    if call.native_compression:
        raise refusal(
            NOT_IMPLEMENTED,
            "NOT_IMPLEMENTED",
            "compress=1 and decompress=1 are not spoken here, use Content-Encoding",
        )
    return call


def _accepts(call: Call, request: Request) -> str:
    packs = call.settings.get("enable_http_compression", "1") not in ("0", "false")
    return request.headers.get("accept-encoding", "") if packs else ""


async def _statement(
    call: Call, data: AsyncIterator[bytes]
) -> tuple[sql.Insert | sql.Query, bytes]:
    """The statement, and what of its data came along with it."""
    text = call.query + b"\n" if call.query else b""
    found = sql.read(text, complete=False)
    while found is None:
        piece = await anext(data, None)
        text += piece or b""
        found = sql.read(text, complete=piece is None)
        if found is None and len(text) > _MAX_STATEMENT:
            raise refusal(SYNTAX_ERROR, "SYNTAX_ERROR", "Max query size exceeded")
    return found, text[found.data_at :] if isinstance(found, sql.Insert) else b""


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
