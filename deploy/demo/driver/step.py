"""How a step is written: one request by somebody, with the outcome it should have."""

from collections.abc import Awaitable, Callable

from .client import Answered, Json
from .journal import Outcome
from .organization import Organization

Step = Callable[[Organization], Awaitable[None]]


async def act(
    org: Organization,
    role: str,
    action: str,
    method: str,
    path: str,
    body: Json = None,
    expect: Outcome = "success",
) -> Answered:
    """One request by the organization's *role*, to *path* under the organization."""
    who = org.people[role]
    return await org.client.act(who, action, method, org.org_id, path, body=body, expect=expect)


def unless_empty(
    things: Callable[[Organization], object], otherwise: Step
) -> Callable[[Step], Step]:
    """Runs the step where *things* are there to work on, and *otherwise* where there are none."""

    def decorate(step: Step) -> Step:
        async def chosen(org: Organization) -> None:
            await (step if things(org) else otherwise)(org)

        return chosen

    return decorate
