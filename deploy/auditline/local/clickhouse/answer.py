"""An HTTP answer: headers, and rows that are either spooled first or streamed as they are made."""

import secrets
import tempfile
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from dataclasses import asdict, dataclass, replace
from time import perf_counter_ns
from typing import IO, Self

import anyio
import orjson
from anyio.to_thread import run_sync
from starlette.responses import Response, StreamingResponse

from auditline.local.clickhouse.compression import packer
from auditline.local.clickhouse.engine import Counts
from auditline.local.clickhouse.errors import EngineError

_IN_MEMORY = 8 << 20
_READ = 1 << 20
_WRITE = 1 << 18
_TYPES = {"json": "application/json; charset=UTF-8", "tab": "text/tab-separated-values"}

Rows = Generator[bytes, None, None]


@dataclass(frozen=True, slots=True)
class Shape:
    """What is known of an answer before its first row. No format: the statement has no rows."""

    query_id: str
    timezone: str
    started_ns: int
    format: str | None = None
    encoding: str | None = None

    def of(self, query_id: str, encoding: str | None) -> Self:
        """The same, for the query id and the encoding that a request asks for."""
        return replace(self, query_id=query_id or self.query_id, encoding=encoding)

    def with_format(self, format: str) -> Self:
        """The same, with rows in *format*."""
        return replace(self, format=format)

    def headers(self) -> dict[str, str]:
        """The headers that every answer to a statement carries."""
        found = {
            "X-ClickHouse-Query-Id": self.query_id,
            "X-ClickHouse-Timezone": self.timezone,
            "X-ClickHouse-Server-Display-Name": "auditline-local",
        }
        if self.format is not None:
            found["X-ClickHouse-Format"] = self.format
            found["Content-Type"] = _content_type(self.format)
        return found

    def summary(self, counts: Counts) -> str:
        """X-ClickHouse-Summary: every number a string, as the server writes it."""
        numbers = {**asdict(counts), "total_rows_to_read": 0}
        numbers["elapsed_ns"] = perf_counter_ns() - self.started_ns
        return orjson.dumps({k: str(v) for k, v in numbers.items()}).decode()


def refused(error: EngineError, shape: Shape) -> Response:
    """The answer that tells a client its statement was refused."""
    headers = shape.headers() | {
        "X-ClickHouse-Exception-Code": str(error.code),
        "Content-Type": "text/plain; charset=UTF-8",
    }
    return Response(error.text + "\n", error.status, headers)


def done(shape: Shape, counts: Counts) -> Response:
    """The answer to a statement without rows."""
    return Response(b"", 200, shape.headers() | {"X-ClickHouse-Summary": shape.summary(counts)})


def spooled(rows: Iterator[bytes], shape: Shape, counts: Counts, directory: str) -> Response:
    """Runs to the end before it answers, so that status, counts and errors are final. Blocks."""
    spool = tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=directory)  # noqa: SIM115 - outlives us
    try:
        size = _fill(spool, rows, shape.encoding)
    except BaseException:
        spool.close()
        raise
    headers = _encoded(shape) | {"X-ClickHouse-Summary": shape.summary(counts)}
    if shape.format is None or size <= _IN_MEMORY:
        with spool:
            data = spool.read()
        return done(shape, counts) if shape.format is None else Response(data, 200, headers)
    return StreamingResponse(_file(spool), 200, headers | {"Content-Length": str(size)})


def _fill(spool: IO[bytes], rows: Iterator[bytes], encoding: str | None) -> int:
    pack = packer(encoding)
    for piece in rows:
        spool.write(pack.pack(piece))
    spool.write(pack.finish())
    size = spool.tell()
    spool.seek(0)
    return size


async def streamed(rows: Rows, shape: Shape, close: Callable[[], None]) -> Response:
    """Answers with the first piece and makes the others as the client takes them, then closes.

    An error before the first piece is raised. A later one can no longer change the status: it is
    written behind the rows, between marks that the client knows from a header.
    """
    try:
        first = await run_sync(next, rows, None)
    except BaseException:
        await _leave(rows, close)
        raise
    tag = secrets.token_hex(8)
    headers = _encoded(shape) | {"X-ClickHouse-Exception-Tag": tag}
    return StreamingResponse(_pieces(first, rows, shape, tag, close), 200, headers)


async def _pieces(
    first: bytes | None,
    rows: Rows,
    shape: Shape,
    tag: str,
    close: Callable[[], None],
) -> AsyncIterator[bytes]:
    pack = packer(shape.encoding)
    piece = first
    try:
        while piece is not None:
            packed = pack.pack(piece)
            # Small writes, so that what a slow client has not taken stays one piece here.
            for start in range(0, len(packed), _WRITE):
                yield packed[start : start + _WRITE]
            piece = await run_sync(next, rows, None)
    except EngineError as error:
        yield pack.pack(_late(error, tag))
    finally:
        # Also when the client goes away: the engine then stops making rows for nobody.
        await _leave(rows, close)
    yield pack.finish()


async def _leave(rows: Rows, close: Callable[[], None]) -> None:
    """Ends the rows before their session: chDB crashes the other way round."""

    def leave() -> None:
        try:
            rows.close()
        finally:
            close()

    with anyio.CancelScope(shield=True):
        await run_sync(leave)


def _late(error: EngineError, tag: str) -> bytes:
    text = error.text.encode("utf-8", "replace") + b"\n"
    mark = tag.encode()
    opening = b"__exception__\r\n" + mark + b"\r\n"
    return opening + text + str(len(text)).encode() + b" " + mark + b"\r\n__exception__\r\n"


async def _file(spool: IO[bytes]) -> AsyncIterator[bytes]:
    try:
        while data := await run_sync(spool.read, _READ):
            yield data
    finally:
        spool.close()


def _encoded(shape: Shape) -> dict[str, str]:
    encoding = {"Content-Encoding": shape.encoding} if shape.encoding is not None else {}
    return shape.headers() | encoding


def _content_type(format: str) -> str:
    lower = format.lower()
    known = next((value for key, value in _TYPES.items() if lower.startswith(key)), None)
    return known or "application/octet-stream"
