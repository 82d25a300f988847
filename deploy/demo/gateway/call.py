"""One request to the admin API, and what an operation makes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from auditline.event import Actor, Resource

from .actions import Role
from .caller import Caller
from .diff import Fields
from .errors import Refused
from .providers import Providers

Body = TypeVar("Body", bound=msgspec.Struct)


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of request bodies: an unknown field is an error, not ignored."""


@dataclass(frozen=True, slots=True)
class Call:
    """What the request says. *now* is microseconds since the epoch, UTC."""

    org_id: str
    target: str | None  # the {id} of the path
    body: bytes | None = field(repr=False)  # None: more than a body of ours has
    query: Mapping[str, str]
    now: int
    caller: Caller | None
    providers: Providers

    @property
    def role(self) -> Role | None:
        """The caller's role; None for the master key and for anybody unknown."""
        return None if self.caller is None else self.caller.role

    def parse(self, shape: type[Body]) -> Body:
        """The body as *shape*. Raises Refused: 422 names the field that is wrong."""
        if self.body is None:
            raise Refused(413, "the body is too large")
        try:
            return msgspec.json.decode(self.body, type=shape)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Refused(422, str(error)) from None


@dataclass(frozen=True, slots=True)
class Done:
    """An operation that worked. *answer* goes to the client; the rest is for the audit log.

    *before* and *after* are the resource's states; secrets in them are `Secret`, which a diff
    shows by fingerprint. *actor* is set where the operation itself found out who calls.
    """

    status: int
    answer: object
    resource: Resource
    before: Fields | None = None
    after: Fields | None = None
    actor: Actor | None = None
    note: str | None = None
    media_type: str = "application/json"
