"""Steps with keys of the providers behind the gateway."""

from .client import Json
from .journal import Outcome
from .organization import Organization
from .step import act, unless_empty

# Owners have a second factor in this world, admins have none.
_REVEALERS: tuple[tuple[str, Outcome], ...] = (("owner", "success"), ("admin", "denied"))


async def create_provider_key(org: Organization) -> None:
    """An admin adds a key that its provider takes."""
    name, provider = org.name("provider"), org.random.choice(("openai", "anthropic"))
    body: Json = {"provider": provider, "name": name, "secret": org.secret()}
    made = await act(org, "admin", "provider_key.create", "POST", "/provider-keys", body)
    org.provider_keys[name] = made.body.get("id", "")


async def create_bad_provider_key(org: Organization) -> None:
    """A key its provider refuses, a provider that is down, one that is unknown, no key at all."""
    good, bad = org.secret(), "sk-revoked-0000"
    provider, secret = org.random.choice(
        (("openai", bad), ("mistral", good), ("nobody", good), ("openai", ""))
    )
    body: Json = {"provider": provider, "name": org.name("provider"), "secret": secret}
    await act(org, "admin", "provider_key.create", "POST", "/provider-keys", body, "failure")


@unless_empty(lambda org: org.provider_keys, create_provider_key)
async def create_provider_key_twice(org: Organization) -> None:
    """The same name again."""
    body: Json = {
        "provider": "openai",
        "name": next(iter(org.provider_keys)),
        "secret": org.secret(),
    }
    await act(org, "admin", "provider_key.create", "POST", "/provider-keys", body, "failure")


@unless_empty(lambda org: org.provider_keys, create_provider_key)
async def rotate_provider_key(org: Organization) -> None:
    """An admin replaces a key's secret."""
    key = org.random.choice(list(org.provider_keys.values()))
    path, body = f"/provider-keys/{key}/rotate", {"secret": org.secret()}
    await act(org, "admin", "provider_key.rotate", "POST", path, dict(body))


async def rotate_unknown_key(org: Organization) -> None:
    """A key that is not there."""
    path = "/provider-keys/pk_missing/rotate"
    body: Json = {"secret": org.secret()}
    await act(org, "admin", "provider_key.rotate", "POST", path, body, "failure")


@unless_empty(lambda org: org.provider_keys, create_provider_key)
async def reveal_provider_key(org: Organization) -> None:
    """Owners have a second factor here and may look; admins have none and may not."""
    role, expect = org.random.choice(_REVEALERS)
    path = f"/provider-keys/{org.random.choice(list(org.provider_keys.values()))}/reveal"
    await act(org, role, "provider_key.reveal", "POST", path, None, expect)


@unless_empty(lambda org: org.provider_keys, create_provider_key)
async def delete_provider_key(org: Organization) -> None:
    """Works unless routing needs the key."""
    name = org.random.choice(list(org.provider_keys))
    key = org.provider_keys[name]
    expect: Outcome = "failure" if key == org.routed else "success"
    await act(org, "admin", "provider_key.delete", "DELETE", f"/provider-keys/{key}", None, expect)
    if expect == "success":
        del org.provider_keys[name]
