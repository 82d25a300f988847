"""Request and response bodies, packed and unpacked piece by piece."""

import zlib
from typing import Protocol

import lz4.frame
import zstandard

from auditline.local.clickhouse.errors import CANNOT_DECOMPRESS, NOT_IMPLEMENTED, refusal

# Best for a local link first: lz4 costs the least.
_OFFERED = ("lz4", "zstd", "gzip", "deflate")
_ZLIB_OR_GZIP = 47
_GZIP = 31


class Packer(Protocol):
    """Compresses a stream: what `pack` holds back, `finish` returns."""

    def pack(self, data: bytes) -> bytes: ...
    def finish(self) -> bytes: ...


class _Codec(Protocol):
    """What zlib, lz4 and zstandard have in common."""

    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


class _Decoder(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes | None: ...
    def decompress(self, data: bytes, /) -> bytes: ...


class _Identity:
    def pack(self, data: bytes) -> bytes:
        return data

    def finish(self) -> bytes:
        return b""


class _Packer:
    def __init__(self, codec: _Codec, opening: bytes = b"") -> None:
        self._codec = codec
        self._opening = opening

    def pack(self, data: bytes) -> bytes:
        opening, self._opening = self._opening, b""
        return opening + self._codec.compress(data)

    def finish(self) -> bytes:
        return self.pack(b"") + self._codec.flush()


def choose(accept: str) -> str | None:
    """The encoding for an answer to a client that sends *accept*; None for none."""
    wanted = {part.split(";")[0].strip().lower() for part in accept.split(",")}
    return next((name for name in _OFFERED if name in wanted), None)


def packer(encoding: str | None) -> Packer:
    """A packer for one answer in *encoding*, one of `choose`'s."""
    if encoding is None:
        return _Identity()
    if encoding == "lz4":
        codec = lz4.frame.LZ4FrameCompressor()
        return _Packer(codec, codec.begin())
    if encoding == "zstd":
        return _Packer(zstandard.ZstdCompressor(level=1).compressobj())
    return _Packer(zlib.compressobj(1, wbits=_GZIP if encoding == "gzip" else zlib.MAX_WBITS))


class Unpacker:
    """Decompresses a request's body, which may be several frames one after the other."""

    def __init__(self, encoding: str) -> None:
        """Raises EngineError for an encoding that is not spoken here."""
        self._encoding = encoding.strip().lower() or "identity"
        self._decoder = self._new()

    def unpack(self, data: bytes) -> bytes:
        """What *data* adds to the body. Raises EngineError when it is not what it claims."""
        if self._decoder is None:
            return data
        pieces = []
        try:
            while data:
                if self._decoder.eof:
                    self._decoder = self._new() or self._decoder
                pieces.append(self._decoder.decompress(data))
                data = (self._decoder.unused_data or b"") if self._decoder.eof else b""
        except (zlib.error, zstandard.ZstdError, RuntimeError, EOFError) as why:
            raise self._broken(str(why)) from None
        return b"".join(pieces)

    def finish(self, received: int) -> None:
        """Raises EngineError when a body of *received* bytes ends inside a frame."""
        if self._decoder is not None and received and not self._decoder.eof:
            raise self._broken("the body ends in the middle of a frame")

    def _new(self) -> _Decoder | None:
        if self._encoding == "identity":
            return None
        if self._encoding in ("gzip", "deflate"):
            return zlib.decompressobj(_ZLIB_OR_GZIP)
        if self._encoding == "lz4":
            decoder: _Decoder = lz4.frame.LZ4FrameDecompressor()
            return decoder
        if self._encoding == "zstd":
            return zstandard.ZstdDecompressor().decompressobj()
        raise refusal(
            NOT_IMPLEMENTED, "NOT_IMPLEMENTED", f"Content-Encoding {self._encoding} is not spoken"
        )

    def _broken(self, why: str) -> Exception:
        what = f"Cannot decompress the {self._encoding} body: {why}"
        return refusal(CANNOT_DECOMPRESS, "CANNOT_DECOMPRESS", what)
