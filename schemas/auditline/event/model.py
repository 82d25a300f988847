"""The event model: what a gateway says about one privileged action.

The Avro schema beside this file is the contract; these classes are its Python shape, field for
field and in its order. Lengths and ranges are checked by ``msgspec`` when a record is decoded and
by :func:`auditline.event.validate.check` before one is sent; an error names the field.

Times are microseconds since the Unix epoch, UTC, as ``int``: exact, and free of time zones.
``None`` means not known or not applicable, and leaves no trace in the event's text.
"""

from enum import Enum
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

Short = Annotated[str, Meta(max_length=256)]
Id = Annotated[str, Meta(min_length=1, max_length=256)]
Text = Annotated[str, Meta(max_length=4096)]
Micros = Annotated[int, Meta(ge=946_684_800_000_000, lt=4_102_444_800_000_000)]
"""From 2000-01-01 to 2100-01-01: a time outside is a broken clock or a wrong unit."""

MAX_CHANGES = 1000
"""Changes in one event; a bigger diff is truncated by the producer, which says so."""


class Crud(Enum):
    """The kind of access."""

    UNSPECIFIED = "unspecified"
    CREATE = "create"
    READ = "read"
    UPDATE = "update"
    DELETE = "delete"
    EXECUTE = "execute"


class Severity(Enum):
    """How much an attack by this action would hurt."""

    UNSPECIFIED = "unspecified"
    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Result(Enum):
    """How an action ended; ``DENIED`` was not allowed, ``FAILURE`` was tried and did not work."""

    UNKNOWN = "unknown"
    SUCCESS = "success"
    FAILURE = "failure"
    DENIED = "denied"


class ActorType(Enum):
    """The kind of actor."""

    UNSPECIFIED = "unspecified"
    USER = "user"
    API_KEY = "api_key"
    SERVICE_ACCOUNT = "service_account"
    MASTER_KEY = "master_key"
    SCIM = "scim"
    SSO_IDP = "sso_idp"
    SYSTEM = "system"
    SUPPORT = "support"
    AGENT = "agent"
    ANONYMOUS = "anonymous"


class Op(Enum):
    """What happened at a path of the resource."""

    UNKNOWN = "unknown"
    ADD = "add"
    REMOVE = "remove"
    REPLACE = "replace"


class _Record(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """Base of all records: immutable, strict, absent values left out of the text."""


class Outcome(_Record, frozen=True):
    """How the action ended: *code* for machines (an HTTP status), *reason* in words."""

    result: Result
    code: Short | None = None
    reason: Text | None = None


class Actor(_Record, frozen=True):
    """Who did it, as authenticated, as it was at the time."""

    type: ActorType
    id: Id
    email: Short | None = None
    name: Short | None = None
    role: Short | None = None
    groups: Annotated[tuple[Short, ...], Meta(max_length=256)] = ()
    credential_id: Short | None = None
    auth_method: Short | None = None
    mfa: bool | None = None
    session_id: Short | None = None
    session_started_at: Micros | None = None


class Principal(_Record, frozen=True):
    """Whom the actor impersonated or acted for."""

    type: ActorType
    id: Id
    email: Short | None = None


class Geo(_Record, frozen=True):
    """Where an address is: *country* ISO 3166-1 alpha-2, *database* the one that was asked."""

    country: Short | None = None
    region: Short | None = None
    city: Short | None = None
    asn: Annotated[int, Meta(ge=0, lt=2**32)] | None = None
    database: Short | None = None


class Source(_Record, frozen=True):
    """Where the request came from: *client_ip* after the trusted-proxy rule, *peer_ip* the socket's."""

    client_ip: Annotated[str, Meta(max_length=64)] | None = None
    peer_ip: Annotated[str, Meta(max_length=64)] | None = None
    forwarded_for: Text | None = None
    port: Annotated[int, Meta(ge=0, le=65535)] | None = None
    user_agent: Text | None = None
    device: Short | None = None
    geo: Geo | None = None


class Resource(_Record, frozen=True):
    """What was acted on; *id* is absent where it never came to exist."""

    type: Id
    id: Text | None = None
    name: Text | None = None
    parent: Text | None = None


class Request(_Record, frozen=True):
    """The request that carried the action; *route* is the template, so it holds no identifiers."""

    id: Short | None = None
    trace_id: Short | None = None
    method: Short | None = None
    route: Text | None = None
    batch_id: Short | None = None
    caused_by: Short | None = None


class Justification(_Record, frozen=True):
    """Why the action was allowed or needed."""

    reason: Text | None = None
    ticket: Short | None = None
    approval_id: Short | None = None


class Service(_Record, frozen=True):
    """The software that reports."""

    name: Id
    version: Short | None = None
    host: Short | None = None
    instance: Short | None = None


class Label(_Record, frozen=True):
    """A free label."""

    key: Id
    value: Text


class ProducerNumber(_Record, frozen=True):
    """A producer's own numbering: *counter* runs from 1 per (*id*, *epoch*) and partition."""

    id: Id
    epoch: Annotated[int, Meta(ge=0)]
    counter: Annotated[int, Meta(ge=1)]


class Change(_Record, frozen=True):
    """One difference: *before* and *after* are JSON text, so that numbers keep their digits."""

    path: Text
    op: Op
    before: str | None = None
    after: str | None = None
    redacted: bool = False
    fingerprint: Short | None = None


class AuditEvent(_Record, frozen=True, kw_only=True):
    """One privileged action; ``audit_event.v1.avsc`` gives the meaning of each field."""

    event_id: UUID
    org_id: Id
    project_id: Short | None = None
    environment: Short | None = None
    occurred_at: Micros
    action: Annotated[str, Meta(min_length=1, max_length=128)]
    action_version: Annotated[int, Meta(ge=1, lt=2**31)] | None = None
    crud: Crud = Crud.UNSPECIFIED
    severity: Severity = Severity.UNSPECIFIED
    outcome: Outcome
    actor: Actor
    on_behalf_of: Principal | None = None
    claimed_actor: Text | None = None
    source: Source = Source()
    resource: Resource
    targets: Annotated[tuple[Resource, ...], Meta(max_length=1000)] = ()
    request: Request = Request()
    justification: Justification | None = None
    service: Service
    legal_hold: bool | None = None
    labels: Annotated[tuple[Label, ...], Meta(max_length=256)] = ()
    producer: ProducerNumber | None = None
    changes: Annotated[tuple[Change, ...], Meta(max_length=MAX_CHANGES)] = ()
