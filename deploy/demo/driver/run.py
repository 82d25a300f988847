"""The whole drive: organizations founded, then worked side by side until enough was done."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import httpx2

from .client import Client, Identity, Numbers
from .journal import Journal
from .organization import Organization, found
from .steps import next_step

ORGANIZATIONS = ("acme", "globex", "initech", "umbrella")
_OPERATOR_IP = "192.0.2.10"


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do: the same plan on a new gateway makes the same requests."""

    gateway: str
    master_key: str
    seed: int
    requests: int
    names: Sequence[str] = ORGANIZATIONS


async def drive(plan: Plan, journal: Journal) -> None:
    """Carries out *plan*, one worker an organization. Raises httpx2.TransportError."""
    async with httpx2.AsyncClient(base_url=plan.gateway, timeout=30, trust_env=False) as http:
        organizations = [_organization(plan, i, http, journal) for i in range(len(plan.names))]
        operator = Identity(_OPERATOR_IP, "gateway-operator/1.0", token=plan.master_key)
        now = time.time()
        # All exist before any is worked: they trespass on one another.
        await asyncio.gather(*(found(org, operator, now) for org in organizations))
        share = -(-plan.requests // len(organizations))
        await asyncio.gather(*(_work(org, share) for org in organizations))


def _organization(
    plan: Plan, index: int, http: httpx2.AsyncClient, journal: Journal
) -> Organization:
    name = plan.names[index]
    return Organization(
        f"org_{name}",
        Client(http, journal, Numbers(f"req_{plan.seed}_{name}")),
        Random(f"{plan.seed}/{name}"),
        f"org_{plan.names[(index + 1) % len(plan.names)]}",
    )


async def _work(org: Organization, share: int) -> None:
    while org.client.made < share:
        await next_step(org.random)(org)
