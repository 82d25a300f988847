"""Reads a statement from the bytes of a request, without knowing SQL's grammar.

ClickHouse's HTTP interface takes a statement and its data in one stream, so the end of an
INSERT's head must be found before the data has arrived, in bytes that need not be text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

_TOKEN = re.compile(
    rb"""(?P<space>\s+|--[^\n]*(?:\n|\Z)|\#[ !][^\n]*(?:\n|\Z)|/\*.*?\*/)
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<name>`(?:[^`\\]|\\.|``)*`|"(?:[^"\\]|\\.|"")*"|\{\s*\w+\s*:[^{}]*\})
    |(?P<text>'(?:[^'\\]|\\.|'')*'|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
    |(?P<open>['"`]|/\*)
    |(?P<mark>.)""",
    re.VERBOSE | re.DOTALL,
)
_ROWS = frozenset(b"SELECT WITH FROM ( SHOW DESCRIBE DESC EXISTS EXPLAIN CHECK VALUES KILL".split())
_STREAMS = frozenset((b"SELECT", b"WITH", b"FROM", b"("))
# What chDB leaves out of an answer that it streams.
_BESIDES_ROWS = frozenset((b"TOTALS", b"EXTREMES"))
_AFTER_INSERT_HEAD = frozenset((b"SELECT", b"WITH", b"FROM", b"VALUES", b"FORMAT", b"WATCH"))


@dataclass(frozen=True, slots=True)
class Insert:
    """An INSERT whose data follows: up to its table, its SETTINGS, and where the data begins."""

    table: bytes
    settings: bytes
    format: str
    data_at: int

    def from_file(self, path: str) -> bytes:
        """The same INSERT, of the data in a file."""
        quoted = path.replace("\\", "\\\\").replace("'", "\\'")
        source = f" FROM INFILE '{quoted}' COMPRESSION 'none' ".encode()
        return self.table + source + self.settings + b" FORMAT " + self.format.encode()


@dataclass(frozen=True, slots=True)
class Query:
    """Any other statement, whole. *format* is the one it names itself, if any."""

    text: bytes
    format: str | None = None
    returns_rows: bool = False
    streams: bool = False
    outfile: bool = False
    infile: bool = False
    statements: int = 1


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    upper: bytes
    start: int
    end: int
    depth: int


def read(data: bytes, *, complete: bool) -> Insert | Query | None:
    """The statement at the start of *data*; None when more bytes are needed to know it."""
    tokens = _tokens(data)
    first = next(tokens, None)
    if first is not None and first.upper == b"INSERT" and (first.end < len(data) or complete):
        insert = _insert(data, tokens, complete)
        if insert is not None:
            return insert
    return _query(data) if complete else None


def _tokens(data: bytes) -> Iterator[_Token]:
    depth = 0
    for found in _TOKEN.finditer(data):
        kind = found.lastgroup or "mark"
        if kind == "space":
            continue
        upper = found[0].upper()
        depth -= upper in (b")", b"]")
        yield _Token("text" if kind == "tag" else kind, upper, found.start(), found.end(), depth)
        depth += upper in (b"(", b"[")


def _insert(data: bytes, tokens: Iterator[_Token], complete: bool) -> Insert | None:
    """None: the data carries no rows (INSERT ... SELECT), or the head has not arrived."""
    token = _after_table(tokens)
    settings_at = None
    while token is not None:
        if token.depth == 0 and token.kind == "word" and token.upper in _AFTER_INSERT_HEAD:
            break
        if token.kind == "open":
            return None  # a string or comment whose end has not arrived
        if token.depth == 0 and token.upper == b"SETTINGS":
            settings_at = token.start
        token = next(tokens, None)
    found = _format(data, token, tokens, complete) if token is not None else None
    if token is None or found is None:
        return None
    split = token.start if settings_at is None else settings_at
    format, data_at = found
    return Insert(data[:split], data[split : token.start], format, data_at)


def _format(
    data: bytes, token: _Token, tokens: Iterator[_Token], complete: bool
) -> tuple[str, int] | None:
    """The format that *token* introduces and where its data begins."""
    if token.upper == b"VALUES" and (token.end < len(data) or complete):
        return "Values", token.end
    name = next(tokens, None) if token.upper == b"FORMAT" else None
    if name is None or (not complete and len(data) - name.end < 2):
        return None  # the name, or the newline that ends it, may still be on its way
    return data[name.start : name.end].decode("ascii", "replace"), _data_at(data, name.end)


def _after_table(tokens: Iterator[_Token]) -> _Token | None:
    """The token after INSERT [INTO] [TABLE] [FUNCTION] name[.name]."""
    token = next(tokens, None)
    while token is not None and token.upper in (b"INTO", b"TABLE", b"FUNCTION"):
        token = next(tokens, None)
    token = next(tokens, None)
    while token is not None and token.upper == b".":
        next(tokens, None)
        token = next(tokens, None)
    return token


def _data_at(data: bytes, end: int) -> int:
    """Where the rows begin: after the blanks behind the format's name and one newline."""
    while data[end : end + 1] in (b" ", b"\t", b"\f"):
        end += 1
    end += data[end : end + 1] == b"\r"
    return end + (data[end : end + 1] == b"\n")


def _query(data: bytes) -> Query:
    tokens = [t for t in _tokens(data) if t.depth == 0]
    words = [t.upper for t in tokens]
    verb = words[0] if words else b""
    pairs = list(pairwise(words))
    return Query(
        text=data,
        format=_named_format(data, tokens),
        returns_rows=verb in _ROWS,
        streams=verb in _STREAMS and not _BESIDES_ROWS & set(words),
        outfile=(b"INTO", b"OUTFILE") in pairs,
        infile=verb == b"INSERT" and (b"FROM", b"INFILE") in pairs,
        statements=1 + sum(a == b";" and b != b";" for a, b in pairs),
    )


def _named_format(data: bytes, tokens: list[_Token]) -> str | None:
    for i in range(len(tokens) - 2, -1, -1):
        if tokens[i].upper == b"FORMAT" and tokens[i + 1].kind in ("word", "name"):
            after = tokens[i + 2].upper if i + 2 < len(tokens) else b";"
            name = tokens[i + 1]
            if after in (b";", b"SETTINGS"):
                return data[name.start : name.end].decode("ascii", "replace")
    return None
