"""One organization: its people, and what they have made so far."""

from dataclasses import dataclass, field
from random import Random

from ..gateway.credentials import totp
from .client import Client, Identity, Json

_AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 15_5) AppleWebKit/605.1.15 Safari/605.1.15",
    "curl/8.14.1",
    "terraform-provider-gateway/2.3.0",
)
# Addresses set aside for documentation (RFC 5737, RFC 3849).
_NETWORKS = ("203.0.113.{}", "198.51.100.{}", "192.0.2.{}", "2001:db8::{}")
_ROLES = ("admin", "developer", "viewer")


@dataclass(slots=True)
class Organization:
    """What the driver knows of one organization while it works in it."""

    org_id: str
    client: Client
    random: Random
    neighbour: str
    people: dict[str, Identity] = field(default_factory=dict)
    provider_keys: dict[str, str] = field(default_factory=dict)  # id by name
    api_keys: dict[str, str] = field(default_factory=dict)
    routed: str | None = None  # the provider key that routing uses
    key: str | None = None  # an API key's value, for model calls
    names: int = 0

    def name(self, kind: str) -> str:
        """A name not used before in this organization."""
        self.names += 1
        return f"{kind}-{self.names}"

    def person(self, email: str | None = None) -> Identity:
        """Somebody at an address of his own."""
        network = self.random.choice(_NETWORKS)
        return Identity(
            ip=network.format(self.random.randint(1, 250)),
            user_agent=self.random.choice(_AGENTS),
            email=email,
            password=f"correct horse {self.random.getrandbits(64):016x}",
            spoofs=self.random.random() < 0.2,
        )

    def secret(self) -> str:
        """A provider's key, of a kind the provider takes."""
        return f"sk-live-{self.random.getrandbits(128):032x}"


async def found(org: Organization, operator: Identity, now: float) -> None:
    """The operator makes the organization; its owner signs in twice, the second time with MFA.

    *now* is the wall clock in seconds, for the second factor's code.
    """
    domain = org.org_id.removeprefix("org_")
    owner = org.person(f"owner@{domain}.example")
    body: Json = {"name": domain.title(), "owner_email": owner.email}
    made = await org.client.act(operator, "organization.create", "PUT", org.org_id, body=body)
    if made.status == 409:
        raise SystemExit(
            f"driver: {org.org_id} exists already: start the gateway on a new database"
        )
    await join(org, owner, made.body.get("invitation", ""))
    await sign_in(org, owner, now)
    enabled = await org.client.act(owner, "auth.mfa_enable", "POST", org.org_id, "/mfa")
    owner.totp = enabled.body.get("secret")
    await sign_in(org, owner, now)
    org.people["owner"] = owner
    for role in _ROLES:
        org.people[role] = await hire(org, f"{role}@{domain}.example", role)
        await sign_in(org, org.people[role], now)


async def hire(org: Organization, email: str, role: str) -> Identity:
    """The owner invites somebody, who accepts."""
    body: Json = {"email": email, "role": role}
    owner = org.people["owner"]
    made = await org.client.act(
        owner, "team_member.invite", "POST", org.org_id, "/members", body=body
    )
    person = org.person(email)
    await join(org, person, made.body.get("invitation", ""))
    return person


async def join(org: Organization, person: Identity, invitation: str) -> None:
    """Accepts an invitation."""
    name = (person.email or "").partition("@")[0].title()
    body: Json = {"token": invitation, "name": name, "password": person.password}
    path = "/invitations/accept"
    accepted = await org.client.act(
        person, "team_member.invite_accept", "POST", org.org_id, path, body=body
    )
    person.member = accepted.body.get("id", "")


async def sign_in(org: Organization, person: Identity, now: float) -> None:
    """Opens a session, with the second factor if there is one."""
    code = totp(person.totp, now) if person.totp is not None else None
    body: Json = {"email": person.email, "password": person.password, "code": code}
    person.token = None
    opened = await org.client.act(person, "auth.login", "POST", org.org_id, "/sessions", body=body)
    person.token = opened.body.get("token")
