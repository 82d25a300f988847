"""What the derived columns show of an event's text, read in Python."""

import re
from collections.abc import Iterator

import msgspec

from auditline.event.text import CHANGES_MARK


class _Part(msgspec.Struct, frozen=True, gc=False):
    """Base of the parts of a text; absent is empty, as in the table."""


class _Outcome(_Part, frozen=True, gc=False):
    result: str = ""
    code: str = ""
    reason: str = ""


class _Actor(_Part, frozen=True, gc=False):
    type: str = ""
    id: str = ""
    email: str = ""
    name: str = ""
    role: str = ""
    groups: list[str] = []
    credential_id: str = ""
    auth_method: str = ""
    session_id: str = ""


class _Principal(_Part, frozen=True, gc=False):
    type: str = ""
    id: str = ""
    email: str = ""


class _Geo(_Part, frozen=True, gc=False):
    country: str = ""


class _Source(_Part, frozen=True, gc=False):
    client_ip: str = ""
    peer_ip: str = ""
    user_agent: str = ""
    geo: _Geo = _Geo()


class _Resource(_Part, frozen=True, gc=False):
    type: str = ""
    id: str = ""
    name: str = ""


class _Request(_Part, frozen=True, gc=False):
    id: str = ""
    trace_id: str = ""
    method: str = ""
    route: str = ""
    batch_id: str = ""
    caused_by: str = ""


class _Justification(_Part, frozen=True, gc=False):
    reason: str = ""
    ticket: str = ""


class _Service(_Part, frozen=True, gc=False):
    name: str = ""
    version: str = ""


class _Label(_Part, frozen=True, gc=False):
    key: str = ""
    value: str = ""


class _Producer(_Part, frozen=True, gc=False):
    id: str = ""
    epoch: int = 0
    counter: int = 0


class _Change(_Part, frozen=True, gc=False):
    path: str


class Text(_Part, frozen=True, gc=False):
    """What the columns show of an event's text."""

    event_id: str = ""
    org_id: str = ""
    project_id: str = ""
    environment: str = ""
    occurred_at: int = 0
    action: str = ""
    action_version: int = 0
    crud: str = ""
    severity: str = ""
    outcome: _Outcome = _Outcome()
    actor: _Actor = _Actor()
    on_behalf_of: _Principal = _Principal()
    source: _Source = _Source()
    resource: _Resource = _Resource()
    targets: list[_Resource] = []
    request: _Request = _Request()
    justification: _Justification = _Justification()
    service: _Service = _Service()
    labels: list[_Label] = []
    producer: _Producer = _Producer()
    changes: list[_Change] = []


_decode = msgspec.json.Decoder(Text).decode
_TOKENS = re.compile(rb'"path":("(?:[^"\\]|\\.)*")|"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)


def read_text(event: bytes) -> Text:
    """The text's fields; raises `msgspec.MsgspecError` when it is not an event's."""
    try:
        return _decode(event)
    except (msgspec.DecodeError, RecursionError):
        # A diff may be nested deeper than a parser goes; the rest may not.
        head, mark, diff = event.partition(CHANGES_MARK)
        if not mark:
            raise
        changes = [_Change(path) for path in _paths(diff)]
        return msgspec.structs.replace(_decode(head + b"}"), changes=changes)


def _paths(diff: bytes) -> Iterator[str]:
    """The paths in a list of changes whose opening bracket is gone, whatever the values are."""
    depth = 0
    for token in _TOKENS.finditer(diff):
        if token[1] and depth == 1:
            yield msgspec.json.decode(token[1], type=str)
        elif token[0] in b"[{":
            depth += 1
        elif token[0] in b"]}":
            depth -= 1
