"""What one HTTP request to ClickHouse asks for, from its query arguments and headers."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field

# Arguments that speak to the interface; every other one is a setting.
_INTERFACE = frozenset(
    (
        "query",
        "database",
        "default_format",
        "user",
        "password",
        "quota_key",
        "query_id",
        "session_id",
        "session_timeout",
        "session_check",
        "stacktrace",
        "role",
        "compress",
        "decompress",
        "buffer_size",
        "wait_end_of_query",
        "client_protocol_version",
        "close_session",
        "http_write_exception_in_output_format",
        "send_progress_in_http_headers",
        "http_headers_progress_interval_ms",
    )
)


@dataclass(frozen=True, slots=True)
class Call:
    """One request, without its body."""

    user: str
    password: str = field(repr=False)
    database: str
    query: bytes
    default_format: str
    query_id: str
    wait_end: bool
    readonly: bool
    native_compression: bool
    parameters: Mapping[str, str]
    settings: Mapping[str, str]


def parse(method: str, arguments: Mapping[str, str | bytes], headers: Mapping[str, str]) -> Call:
    """The call that *arguments* (of the URL, then of a form) and *headers* describe."""
    text = {k: v for k, v in arguments.items() if isinstance(v, str)}
    user, password = _credentials(text, headers)
    query = arguments.get("query", "")
    return Call(
        user=user,
        password=password,
        database=text.get("database") or headers.get("x-clickhouse-database", ""),
        query=query.encode("utf-8", "surrogateescape") if isinstance(query, str) else query,
        default_format=text.get("default_format")
        or headers.get("x-clickhouse-format", "TabSeparated"),
        query_id=text.get("query_id", ""),
        wait_end=_on(text.get("wait_end_of_query", "0")),
        readonly=method == "GET",
        native_compression=_on(text.get("compress", "0")) or _on(text.get("decompress", "0")),
        parameters={k[6:]: v for k, v in text.items() if k.startswith("param_")},
        settings={k: v for k, v in text.items() if _is_setting(k)},
    )


def _is_setting(name: str) -> bool:
    return name not in _INTERFACE and not name.startswith("param_")


def _on(value: str) -> bool:
    return value.lower() not in ("", "0", "false")


def _credentials(arguments: Mapping[str, str], headers: Mapping[str, str]) -> tuple[str, str]:
    if "x-clickhouse-user" in headers:
        return headers["x-clickhouse-user"], headers.get("x-clickhouse-key", "")
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        return _basic(value)
    return arguments.get("user", "default"), arguments.get("password", "")


def _basic(value: str) -> tuple[str, str]:
    """An unreadable header is nobody's: it then fails as any unknown user does."""
    try:
        user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, password
