"""Keeping secrets out of what is logged.

A net below the types: settings hold secrets as `SecretStr`, and nothing means to log one.
"""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import SecretBytes, SecretStr

HIDDEN = "**********"

_SECRET_KEY = re.compile(
    r"passw(or)?d|passphrase|secret|token(?!s)|api_?key|private_?key|authorization|cookie|salt",
    re.IGNORECASE,
)
_PASSWORD_IN_URL = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^/\s:@]*:)[^/\s@]+@", re.IGNORECASE)


def redact(_logger: Any, _method: str, event: Mapping[str, Any]) -> dict[str, Any]:
    """A structlog processor: *event* with every secret replaced by `HIDDEN`."""
    return {key: _value(key, value) for key, value in event.items()}


def redact_text(text: str) -> str:
    """*text* with the passwords in its URLs hidden."""
    return _PASSWORD_IN_URL.sub(rf"\1{HIDDEN}@", text)


def _value(key: object, value: object) -> object:
    if isinstance(value, SecretStr | SecretBytes):
        return HIDDEN
    if isinstance(key, str) and _SECRET_KEY.search(key) and value is not None:
        return HIDDEN
    return _inside(value)


def _inside(value: object) -> object:
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, Mapping):
        return {key: _value(key, inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_value(None, inner) for inner in value]
    return value
