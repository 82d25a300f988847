"""A request's body: unpacked as it arrives, cut into pieces worth handing to the engine."""

from collections.abc import AsyncIterator
from email.parser import BytesParser
from email.policy import HTTP
from typing import IO

from auditline.local.clickhouse.compression import Unpacker
from auditline.local.clickhouse.errors import NOT_ENOUGH_SPACE, NOT_IMPLEMENTED, refusal

# The engine takes a piece in some 30 us; smaller ones would cost more to hand over than to parse.
_PIECE = 1 << 20


async def pieces(chunks: AsyncIterator[bytes], encoding: str) -> AsyncIterator[bytes]:
    """The body in pieces of about a megabyte. Raises EngineError when it does not unpack."""
    unpacker = Unpacker(encoding)
    held, size, received = [], 0, 0
    async for chunk in chunks:
        received += len(chunk)
        data = unpacker.unpack(chunk)
        held.append(data)
        size += len(data)
        if size >= _PIECE:
            yield b"".join(held)
            held, size = [], 0
    unpacker.finish(received)
    if size:
        yield b"".join(held)


def store(file: IO[bytes], piece: bytes) -> None:
    """Appends to *file*. Raises EngineError, as the engine would, on a full disk."""
    try:
        file.write(piece)
        file.flush()  # the engine opens the file by its name
    except OSError as why:
        text = f"The data cannot be kept while it arrives: {why.strerror}"
        raise refusal(NOT_ENOUGH_SPACE, "NOT_ENOUGH_SPACE", text) from None


async def drain(chunks: AsyncIterator[bytes]) -> None:
    """Reads what is left, so that a client still sending gets to read its answer."""
    async for _ in chunks:
        pass


def is_form(content_type: str) -> bool:
    """Whether the arguments come as a form, as clients send those too long for a URL."""
    return content_type.startswith("multipart/form-data")


async def form(chunks: AsyncIterator[bytes], content_type: str) -> dict[str, str | bytes]:
    """The fields of a form. Raises EngineError for files: external tables are not offered."""
    data = b"".join([chunk async for chunk in chunks])
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + data)
    fields: dict[str, str | bytes] = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        if part.get_filename() is not None:
            raise refusal(NOT_IMPLEMENTED, "NOT_IMPLEMENTED", "External tables are not offered")
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            fields[str(name)] = content if name == "query" else content.decode("utf-8", "replace")
    return fields
