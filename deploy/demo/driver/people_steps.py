"""Steps with members and sessions, and those of intruders."""

import time

from ..gateway.caller import PLATFORM_ORG
from .client import Json
from .organization import Organization, hire, sign_in
from .step import act


async def grab_ownership(org: Organization) -> None:
    """An admin tries to become an owner, or the last owner tries to step down."""
    if org.random.random() < 0.5:
        path, body = f"/members/{org.people['admin'].member}", {"role": "owner"}
        await act(org, "admin", "team_member.role_change", "PATCH", path, dict(body), "denied")
    else:
        path, body = f"/members/{org.people['owner'].member}", {"role": "admin"}
        await act(org, "owner", "team_member.role_change", "PATCH", path, dict(body), "failure")


async def come_and_go(org: Organization) -> None:
    """Somebody is hired, demoted and removed: four requests."""
    guest = await hire(org, f"{org.name('guest')}@contractors.example", "developer")
    path, body = f"/members/{guest.member}", {"role": "viewer"}
    await act(org, "admin", "team_member.role_change", "PATCH", path, dict(body))
    await act(org, "admin", "team_member.remove", "DELETE", path)


async def guess_password(org: Organization) -> None:
    """A stranger tries the owner's door."""
    stranger = org.person()
    body: Json = {"email": org.people["owner"].email, "password": "password1234"}
    await org.client.act(
        stranger, "auth.login", "POST", org.org_id, "/sessions", body=body, expect="denied"
    )


async def come_without_session(org: Organization) -> None:
    """A stranger with a token he made up."""
    stranger = org.person()
    stranger.token = "gws_made-up"
    path = "/provider-keys"
    await org.client.act(stranger, "provider_key.view", "GET", org.org_id, path, expect="denied")


async def sign_in_again(org: Organization) -> None:
    """The developer signs out and in: two requests."""
    await act(org, "developer", "auth.logout", "DELETE", "/sessions/current")
    await sign_in(org, org.people["developer"], time.time())


async def trespass(org: Organization) -> None:
    """An owner reaches into another organization: its log has the attempt."""
    body: Json = {"email": "mole@example.com", "role": "admin"}
    owner = org.people["owner"]
    await org.client.act(
        owner, "team_member.invite", "POST", org.neighbour, "/members", body=body, expect="denied"
    )


async def probe(org: Organization) -> None:
    """A member looks for an organization that does not exist: the platform's log has it."""
    viewer = org.people["viewer"]
    await org.client.act(
        viewer, "api_key.view", "GET", "org_nowhere", "/api-keys", expect="denied", log=PLATFORM_ORG
    )
