"""Steps with routing, budgets and the request log."""

from .client import Json
from .journal import Outcome
from .organization import Organization
from .provider_key_steps import create_provider_key
from .step import act, unless_empty

_EXPORTS: tuple[tuple[str, str, Outcome], ...] = (
    ("admin", "100", "success"),
    ("viewer", "100", "denied"),
    ("admin", "all", "failure"),
)


@unless_empty(lambda org: org.provider_keys, create_provider_key)
async def put_routing(org: Organization) -> None:
    """New weights, over a key that exists; sometimes weights that do not add up."""
    key, wrong = org.random.choice(list(org.provider_keys.values())), org.random.random() < 0.25
    share = org.random.randint(1, 99)
    body: Json = {
        "strategy": org.random.choice(("weighted", "cheapest", "fastest")),
        "targets": [
            {"provider_key": key, "model": "large-1", "weight": share},
            {"provider_key": key, "model": "small-1", "weight": 99 if wrong else 100 - share},
        ],
        "retries": org.random.randint(0, 3),
    }
    wrong = wrong and share != 1
    expect: Outcome = "failure" if wrong else "success"
    await act(org, "admin", "routing_config.update", "PUT", "/routing", body, expect)
    if not wrong:
        org.routed = key


async def put_budget(org: Organization) -> None:
    """An owner's decision; admins try it too."""
    role = org.random.choice(("owner", "owner", "admin"))
    expect: Outcome = "success" if role == "owner" else "denied"
    body: Json = {"monthly_usd": org.random.randint(1, 90_000) / 100, "hard": True}
    await act(org, role, "budget.update", "PUT", "/budget", body, expect)


async def export_request_logs(org: Organization) -> None:
    """An admin downloads the log of model calls; a viewer may not; a wrong limit is refused."""
    role, limit, expect = org.random.choice(_EXPORTS)
    path = f"/request-logs/export?limit={limit}"
    await act(org, role, "request_log.export", "GET", path, None, expect)
