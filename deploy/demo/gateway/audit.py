"""From a request and its outcome to an `AuditEvent`. Pure but for the event's id."""

from collections.abc import Sequence
from dataclasses import dataclass

from auditline.event import (
    Actor,
    AuditEvent,
    Outcome,
    Request,
    Resource,
    Result,
    Service,
    Source,
    new_event_id,
)

from .actions import Action
from .address import Network, client_ip, is_trusted
from .call import Done
from .caller import ANONYMOUS
from .credentials import FingerprintKey, new_id
from .diff import diff
from .errors import Denied, Refused

SERVICE = Service("llm-gateway", "1.0.0")
_MAX_HEADER = 1024
_MAX_ID = 256


@dataclass(frozen=True, slots=True)
class Received:
    """What the wire says about one request, headers as they came."""

    peer: str | None
    port: int | None
    forwarded_for: str | None
    user_agent: str | None
    request_id: str | None
    traceparent: str | None
    method: str
    route: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """An action under way: everything its event will say except how it ended."""

    action: Action
    org_id: str
    target: str | None
    actor: Actor
    source: Source
    request: Request
    occurred_at: int

    def succeeded(self, done: Done, key: FingerprintKey) -> AuditEvent:
        """The event of an action that worked, with its diff."""
        outcome = Outcome(Result.SUCCESS, str(done.status), done.note)
        return self._event(outcome, done.resource, done, key)

    def refused(self, refused: Refused) -> AuditEvent:
        """The event of an action that was denied or failed."""
        result = Result.DENIED if isinstance(refused, Denied) else Result.FAILURE
        resource = Resource(self.action.resource, cut(self.target, _MAX_ID))
        return self._event(Outcome(result, str(refused.status), refused.reason), resource)

    def _event(
        self,
        outcome: Outcome,
        resource: Resource,
        done: Done | None = None,
        key: FingerprintKey | None = None,
    ) -> AuditEvent:
        found = done.actor if done is not None else None
        changes = diff(done.before, done.after, key) if done is not None and key is not None else ()
        return AuditEvent(
            event_id=new_event_id(),
            org_id=self.org_id,
            environment="demo",
            occurred_at=self.occurred_at,
            action=self.action.name,
            action_version=1,
            crud=self.action.crud,
            severity=self.action.severity,
            outcome=outcome,
            actor=found or self.actor,
            source=self.source,
            resource=resource,
            request=self.request,
            service=SERVICE,
            changes=changes,
        )


def source_of(received: Received, trusted: Sequence[Network]) -> Source:
    """Where *received* came from, by the trusted-proxy rule."""
    return Source(
        client_ip=client_ip(received.peer, received.forwarded_for, trusted),
        peer_ip=received.peer,
        forwarded_for=cut(received.forwarded_for, _MAX_HEADER),
        port=received.port,
        user_agent=cut(received.user_agent, _MAX_HEADER),
    )


def request_of(received: Received, trusted: Sequence[Network]) -> Request:
    """The request's identity: a proxy of ours may have given it one, anybody else may not."""
    believed = received.peer is not None and is_trusted(received.peer, trusted)
    given = received.request_id if believed else None
    return Request(
        id=cut(given, 128) or new_id("req"),
        trace_id=_trace_id(received.traceparent),
        method=received.method,
        route=received.route,
    )


def actor_of(actor: Actor | None) -> Actor:
    """*actor*, or the anonymous one."""
    return ANONYMOUS if actor is None else actor


def cut(text: str | None, length: int) -> str | None:
    """*text* no longer than *length*: what clients send must never make an event invalid."""
    return None if text is None else text[:length]


def _trace_id(traceparent: str | None) -> str | None:
    parts = (traceparent or "").split("-")
    return parts[1] if len(parts) >= 4 and len(parts[1]) == 32 else None
