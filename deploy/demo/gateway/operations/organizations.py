"""Organizations, made by the operator with their first owner invited."""

import sqlite3
from typing import Annotated

from msgspec import Meta

from auditline.event import Resource

from ..actions import Role
from ..call import Call, Done, Strict
from .members import Email, invite
from .rows import insert


class NewOrganization(Strict, frozen=True):
    """PUT /v1/orgs/{org}"""

    name: Annotated[str, Meta(min_length=1, max_length=128)]
    owner_email: Email


def create(db: sqlite3.Connection, call: Call) -> Done:
    """Makes the organization; its first owner accepts the invitation in the answer."""
    wanted = call.parse(NewOrganization)
    insert(db, "organizations", id=call.org_id, name=wanted.name)
    owner, token = invite(db, call.org_id, wanted.owner_email, Role.OWNER)
    return Done(
        201,
        {"id": call.org_id, "owner": owner, "invitation": token},
        Resource("organization", call.org_id, wanted.name),
        after={"name": wanted.name, "owner_email": wanted.owner_email},
    )
