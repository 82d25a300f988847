"""An HTTP answer: headers, and rows that are either spooled first or streamed as they are made."""

import secrets
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import asdict, dataclass
from time import perf_counter_ns
from typing import IO

import anyio
import orjson
from starlette.responses import Response, StreamingResponse

from auditline.local.clickhouse.compression import packer
from auditline.local.clickhouse.engine import Counts
from auditline.local.clickhouse.errors import EngineError

_IN_MEMORY = 8 << 20
_READ = 1 << 20
_TYPES = {"json": "application/json; charset=UTF-8", "tab": "text/tab-separated-values"}

Close = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Shape:
    """What is known of an answer before its first row."""

    query_id: str
    timezone: str
    format: str | None
    encoding: str | None

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
        if self.encoding is not None:
            found["Content-Encoding"] = self.encoding
        return found


def refused(error: EngineError, shape: Shape) -> Response:
    """The answer that tells a client its statement was refused."""
    headers = shape.headers() | {"X-ClickHouse-Exception-Code": str(error.code)}
    headers.pop("Content-Encoding", None)
    headers["Content-Type"] = "text/plain; charset=UTF-8"
    return Response(error.text + "\n", error.status, headers)


def done(shape: Shape, counts: Counts, started_ns: int) -> Response:
    """The answer to a statement without rows."""
    headers = shape.headers() | {"X-ClickHouse-Summary": summary(counts, started_ns)}
    headers.pop("Content-Encoding", None)
    return Response(b"", 200, headers)


def summary(counts: Counts, started_ns: int) -> str:
    """X-ClickHouse-Summary: every number a string, as the server writes it."""
    numbers = {**asdict(counts), "total_rows_to_read": 0}
    numbers["elapsed_ns"] = perf_counter_ns() - started_ns
    return orjson.dumps({k: str(v) for k, v in numbers.items()}).decode()


async def spooled(
    rows: Iterator[bytes], shape: Shape, counts: Counts, started_ns: int, directory: str
) -> Response:
    """Runs to the end before it answers, so that status, counts and errors are final."""
    spool = await anyio.to_thread.run_sync(_spool, rows, shape, directory)
    headers = shape.headers() | {"X-ClickHouse-Summary": summary(counts, started_ns)}
    headers["Content-Length"] = str(spool.tell())
    spool.seek(0)
    return StreamingResponse(_file(spool), 200, headers)


async def streamed(rows: Iterator[bytes], shape: Shape, close: Close) -> Response:
    """Answers with the first piece and makes the others as the client takes them.

    An error before the first piece is raised. A later one can no longer change the status: it is
    written behind the rows, between marks that the client knows from a header.
    """
    first = await anyio.to_thread.run_sync(next, rows, None)
    tag = secrets.token_hex(8)
    headers = shape.headers() | {"X-ClickHouse-Exception-Tag": tag}
    return StreamingResponse(_pieces(first, rows, shape, tag, close), 200, headers)


async def _pieces(
    first: bytes | None, rows: Iterator[bytes], shape: Shape, tag: str, close: Close
) -> AsyncIterator[bytes]:
    pack = packer(shape.encoding)
    piece = first
    try:
        while piece is not None:
            if packed := pack.pack(piece):
                yield packed
            piece = await anyio.to_thread.run_sync(next, rows, None)
    except EngineError as error:
        yield pack.pack(_late(error, tag))
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(close)
    yield pack.finish()


def _late(error: EngineError, tag: str) -> bytes:
    text = error.text.encode("utf-8", "replace") + b"\n"
    mark = tag.encode()
    opening = b"__exception__\r\n" + mark + b"\r\n"
    return opening + text + str(len(text)).encode() + b" " + mark + b"\r\n__exception__\r\n"


def _spool(rows: Iterator[bytes], shape: Shape, directory: str) -> IO[bytes]:
    pack = packer(shape.encoding)
    spool = tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=directory)  # noqa: SIM115 - outlives us
    try:
        for piece in rows:
            spool.write(pack.pack(piece))
        spool.write(pack.finish())
    except BaseException:
        spool.close()
        raise
    return spool


async def _file(spool: IO[bytes]) -> AsyncIterator[bytes]:
    try:
        while data := await anyio.to_thread.run_sync(spool.read, _READ):
            yield data
    finally:
        spool.close()


def _content_type(format: str) -> str:
    lower = format.lower()
    known = next((value for key, value in _TYPES.items() if lower.startswith(key)), None)
    return known or "application/octet-stream"
