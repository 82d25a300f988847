"""Steps with the gateway's own API keys."""

from .client import Json
from .journal import Outcome
from .organization import Organization
from .step import act, unless_empty

_BAD_LIMITS: tuple[tuple[str, int | str, Outcome], ...] = (
    ("developer", 5, "failure"),
    ("developer", "many", "failure"),
    ("viewer", 5, "denied"),
)


async def create_api_key(org: Organization) -> None:
    """A developer makes a key."""
    name = org.name("app")
    body: Json = {"name": name, "rpm": org.random.choice((60, 600, 6000))}
    made = await act(org, "developer", "api_key.create", "POST", "/api-keys", body)
    org.api_keys[name] = made.body.get("id", "")
    org.key = made.body.get("key")


async def create_mighty_api_key(org: Organization) -> None:
    """A developer tries to make a key mightier than himself."""
    body: Json = {"name": org.name("app"), "role": "admin"}
    await act(org, "developer", "api_key.create", "POST", "/api-keys", body, "denied")


@unless_empty(lambda org: org.api_keys, create_api_key)
async def change_api_key(org: Organization) -> None:
    """A limit raised, or a key rolled."""
    path = f"/api-keys/{org.random.choice(list(org.api_keys.values()))}"
    if org.random.random() < 0.5:
        body: Json = {"rpm": org.random.randint(1, 100_000)}
        await act(org, "developer", "api_key.update_limit", "PUT", f"{path}/limit", body)
    else:
        await act(org, "developer", "api_key.roll", "POST", f"{path}/roll")


async def change_api_key_badly(org: Organization) -> None:
    """A limit of the wrong type, of nothing, or by somebody who may not."""
    role, rpm, expect = org.random.choice(_BAD_LIMITS)
    body: Json = {"rpm": rpm}
    path = "/api-keys/key_missing/limit"
    await act(org, role, "api_key.update_limit", "PUT", path, body, expect)


@unless_empty(lambda org: org.api_keys, create_api_key)
async def disable_api_key(org: Organization) -> None:
    """An admin deletes a key, or a developer tries to disable it."""
    name = org.random.choice(list(org.api_keys))
    path = f"/api-keys/{org.api_keys[name]}"
    if org.random.random() < 0.5:
        await act(org, "admin", "api_key.delete", "DELETE", path)
        del org.api_keys[name]
    else:
        body: Json = {"status": "disabled"}
        await act(
            org, "developer", "api_key.update_status", "PUT", f"{path}/status", body, "denied"
        )


async def automate(org: Organization) -> None:
    """An admin makes a key for a program, which then downloads the request log by itself."""
    body: Json = {"name": org.name("pipeline"), "role": "admin"}
    made = await act(org, "admin", "api_key.create", "POST", "/api-keys", body)
    program = org.person()
    program.token = made.body.get("key")
    path = "/request-logs/export?limit=1000"
    await org.client.act(program, "request_log.export", "GET", org.org_id, path)


async def ask_models(org: Organization) -> None:
    """Traffic, so that there is something to download; nothing here is for the audit log."""
    if org.key is not None:
        await org.client.ask_model(org.key, "How many words has this question?")
