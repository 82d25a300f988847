"""The privileged actions: what each is called in the log, how grave it is, and who may do it.

Denied attempts are looked up here too, so a new route cannot exist without a row.
"""

from dataclasses import dataclass
from enum import StrEnum

from auditline.event import Crud, Severity


class Role(StrEnum):
    """What a member, or an API key, is in its organization."""

    OWNER = "owner"
    ADMIN = "admin"
    DEVELOPER = "developer"
    VIEWER = "viewer"


ANYONE: frozenset[Role] = frozenset(Role)
BUILDERS = frozenset({Role.OWNER, Role.ADMIN, Role.DEVELOPER})
ADMINS = frozenset({Role.OWNER, Role.ADMIN})
NOBODY: frozenset[Role] = frozenset()


@dataclass(frozen=True, slots=True)
class Action:
    """One row. *open* actions need no session (they make one); *mfa* ones need a second factor."""

    name: str
    crud: Crud
    severity: Severity
    resource: str
    roles: frozenset[Role]
    open: bool = False
    mfa: bool = False

    @property
    def changes(self) -> bool:
        """Whether the action changes the gateway's state, so that it can be rolled back."""
        return self.crud is not Crud.READ


_C, _R, _U, _D, _X = Crud.CREATE, Crud.READ, Crud.UPDATE, Crud.DELETE, Crud.EXECUTE
_LOW, _MEDIUM, _HIGH = Severity.LOW, Severity.MEDIUM, Severity.HIGH

_ROWS = (
    # The operator's own, by the master key.
    Action("organization.create", _C, _HIGH, "organization", NOBODY),
    # Sessions.
    Action("auth.login", _X, _LOW, "session", ANYONE, open=True),
    Action("auth.logout", _X, _LOW, "session", ANYONE),
    Action("auth.mfa_enable", _U, _MEDIUM, "team_member", ANYONE),
    # People.
    Action("team_member.view", _R, _LOW, "team_member", ANYONE),
    Action("team_member.invite", _C, _MEDIUM, "team_member", ADMINS),
    Action("team_member.invite_accept", _U, _MEDIUM, "team_member", ANYONE, open=True),
    Action("team_member.role_change", _U, _HIGH, "team_member", ADMINS),
    Action("team_member.remove", _D, _MEDIUM, "team_member", ADMINS),
    # Credentials of the providers behind the gateway.
    Action("provider_key.view", _R, _LOW, "provider_key", BUILDERS),
    Action("provider_key.create", _C, _MEDIUM, "provider_key", ADMINS),
    Action("provider_key.rotate", _U, _MEDIUM, "provider_key", ADMINS),
    Action("provider_key.reveal", _R, _HIGH, "provider_key", ADMINS, mfa=True),
    Action("provider_key.delete", _D, _MEDIUM, "provider_key", ADMINS),
    # Credentials of the gateway's own callers.
    Action("api_key.view", _R, _LOW, "api_key", ANYONE),
    Action("api_key.create", _C, _MEDIUM, "api_key", BUILDERS),
    Action("api_key.update_limit", _U, _LOW, "api_key", BUILDERS),
    Action("api_key.update_status", _U, _MEDIUM, "api_key", ADMINS),
    Action("api_key.roll", _U, _MEDIUM, "api_key", BUILDERS),
    Action("api_key.delete", _D, _MEDIUM, "api_key", ADMINS),
    # What the gateway does with traffic.
    Action("routing_config.update", _U, _MEDIUM, "routing_config", ADMINS),
    Action("budget.update", _U, _MEDIUM, "budget", frozenset({Role.OWNER})),
    Action("request_log.export", _R, _HIGH, "request_log", ADMINS),
)

ACTIONS = {action.name: action for action in _ROWS}
