"""The demo gateway's operations on a real SQLite database, one call at a time."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from auditline.event import Actor, ActorType
from demo.gateway.actions import Role
from demo.gateway.call import Call, Done
from demo.gateway.caller import Caller, identify
from demo.gateway.credentials import FingerprintKey, token_hash, totp
from demo.gateway.diff import diff
from demo.gateway.errors import Denied, Refused
from demo.gateway.operations import (
    api_keys,
    members,
    organizations,
    policies,
    provider_keys,
    request_logs,
    sessions,
)
from demo.gateway.privileged import Apply
from demo.gateway.providers import Providers
from demo.gateway.state import State

NOW = 1_764_028_800_000_000
PASSWORD = "correct horse battery"
MASTER = token_hash("m" * 32)


class Org:
    """One organization, with an owner who has joined."""

    def __init__(self, state: State) -> None:
        self.db = state.reader
        made = self.call(organizations.create, {"name": "A", "owner_email": "o@a.example"})
        self.owner = self.join(made)

    def call(
        self,
        apply: Apply,
        body: object = None,
        target: str | None = None,
        role: Role | None = Role.OWNER,
        caller: Caller | None = None,
        **query: str,
    ) -> dict[str, str]:
        answer = self.done(apply, body, target, role, caller, **query).answer
        assert isinstance(answer, dict)
        return answer

    def done(
        self,
        apply: Apply,
        body: object = None,
        target: str | None = None,
        role: Role | None = Role.OWNER,
        caller: Caller | None = None,
        **query: str,
    ) -> Done:
        who = caller or Caller(Actor(ActorType.USER, "usr_0"), "org_a", role)
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return apply(self.db, Call("org_a", target, raw, query, NOW, who, Providers({})))

    def join(self, made: dict[str, str]) -> str:
        body = {"token": made["invitation"], "name": "N", "password": PASSWORD}
        return self.call(members.accept, body)["id"]

    def provider_key(self, name: str = "main") -> str:
        body = {"provider": "openai", "name": name, "secret": "sk-live-12345678"}
        return self.call(provider_keys.create, body)["id"]


@pytest.fixture
def org(tmp_path: Path) -> Iterator[Org]:
    state = State(tmp_path / "gateway.sqlite")
    yield Org(state)
    state.close()


def refusal(org: Org, apply: Apply, *arguments: object, **more: object) -> Refused:
    with pytest.raises(Refused) as refused:
        org.done(apply, *arguments, **more)  # type: ignore[arg-type]  # passed through
    return refused.value


def test_login_session_and_logout(org: Org) -> None:
    body = {"email": "o@a.example", "password": PASSWORD}
    token = org.call(sessions.login, body, role=None)["token"]
    found = identify(org.db, f"Bearer {token}", now=NOW, master=MASTER)
    assert found is not None
    assert (found.org_id, found.role, found.actor.email) == ("org_a", Role.OWNER, "o@a.example")
    assert found.actor.auth_method == "password"
    org.done(sessions.logout, caller=found)
    assert identify(org.db, f"Bearer {token}", now=NOW, master=MASTER) is None


def test_a_session_ends_by_itself(org: Org) -> None:
    body = {"email": "o@a.example", "password": PASSWORD}
    token = org.call(sessions.login, body)["token"]
    later = NOW + 13 * 3600 * 1_000_000
    assert identify(org.db, f"Bearer {token}", now=later, master=MASTER) is None


def test_login_tells_nobody_what_was_wrong(org: Org) -> None:
    wrong = [
        refusal(org, sessions.login, {"email": email, "password": password})
        for email, password in (("o@a.example", "wrong"), ("x@a.example", PASSWORD))
    ]
    assert {(type(r), r.status, r.reason) for r in wrong} == {
        (Denied, 401, "wrong e-mail, password or code")
    }


def test_the_second_factor_is_asked_for_once_enabled(org: Org) -> None:
    owner = Caller(Actor(ActorType.USER, org.owner), "org_a", Role.OWNER)
    enabled = org.done(sessions.enable_mfa, caller=owner)
    assert isinstance(enabled.answer, dict)
    body = {"email": "o@a.example", "password": PASSWORD}
    assert refusal(org, sessions.login, body).status == 401
    code = totp(enabled.answer["secret"], NOW / 1e6)
    assert org.call(sessions.login, body | {"code": code})["mfa"]
    shown = repr(diff(enabled.before, enabled.after, FingerprintKey(b"k")))
    assert enabled.answer["secret"] not in shown


def test_an_invitation_is_good_once(org: Org) -> None:
    made = org.call(members.create, {"email": "d@a.example", "role": "developer"})
    org.join(made)
    body = {"token": made["invitation"], "name": "N", "password": PASSWORD}
    assert isinstance(refusal(org, members.accept, body), Denied)
    again = {"email": "d@a.example", "role": "developer"}
    assert refusal(org, members.create, again).status == 409


def test_only_owners_touch_owners(org: Org) -> None:
    invitation = {"email": "x@a.example", "role": "owner"}
    assert isinstance(refusal(org, members.create, invitation, role=Role.ADMIN), Denied)
    demotion = {"role": "viewer"}
    refused = refusal(org, members.change_role, demotion, org.owner, role=Role.ADMIN)
    assert isinstance(refused, Denied)
    assert isinstance(refusal(org, members.remove, None, org.owner, role=Role.ADMIN), Denied)


def test_the_last_owner_stays(org: Org) -> None:
    assert refusal(org, members.change_role, {"role": "viewer"}, org.owner).status == 409
    assert refusal(org, members.remove, None, org.owner).status == 409
    second = org.join(org.call(members.create, {"email": "p@a.example", "role": "owner"}))
    done = org.done(members.change_role, {"role": "viewer"}, org.owner)
    assert (done.before, done.after) == ({"role": "owner"}, {"role": "viewer"})
    assert refusal(org, members.remove, None, second).status == 409


def test_removing_a_member_ends_his_sessions(org: Org) -> None:
    member = org.join(org.call(members.create, {"email": "d@a.example", "role": "viewer"}))
    token = org.call(sessions.login, {"email": "d@a.example", "password": PASSWORD})["token"]
    org.done(members.remove, None, member)
    assert identify(org.db, f"Bearer {token}", now=NOW, master=MASTER) is None


def test_a_provider_key_from_creation_to_deletion(org: Org) -> None:
    key = org.provider_key()
    assert org.call(provider_keys.reveal, None, key)["secret"] == "sk-live-12345678"
    rotated = org.done(provider_keys.rotate, {"secret": "sk-live-87654321"}, key)
    (change,) = diff(rotated.before, rotated.after, FingerprintKey(b"k"))
    assert (change.path, change.redacted) == ("/secret", True)
    same = refusal(org, provider_keys.rotate, {"secret": "sk-live-87654321"}, key)
    assert same.status == 409
    listed = org.done(provider_keys.view).answer
    assert listed == [{"id": key, "provider": "openai", "name": "main"}]
    org.done(provider_keys.delete, None, key)
    assert refusal(org, provider_keys.reveal, None, key).status == 404


def test_a_key_of_another_organization_is_not_there(org: Org) -> None:
    key = org.provider_key()
    org.done(lambda db, call: organizations.create(db, replace(call, org_id="org_b")),
             {"name": "B", "owner_email": "o@b.example"})  # fmt: skip
    foreign: Apply = lambda db, call: provider_keys.reveal(db, replace(call, org_id="org_b"))
    assert refusal(org, foreign, None, key).status == 404


def test_routing_needs_its_keys_and_holds_them(org: Org) -> None:
    key = org.provider_key()
    target = {"provider_key": key, "model": "m", "weight": 100}
    body = {"strategy": "weighted", "targets": [target]}
    org.done(policies.put_routing, body)
    assert refusal(org, provider_keys.delete, None, key).status == 409
    short = {"strategy": "weighted", "targets": [target | {"weight": 99}]}
    assert refusal(org, policies.put_routing, short).status == 422
    missing = {"strategy": "weighted", "targets": [target | {"provider_key": "pk_0"}]}
    assert refusal(org, policies.put_routing, missing).status == 422


def test_a_budget_changes_digit_by_digit(org: Org) -> None:
    org.done(policies.put_budget, b'{"monthly_usd": 1000.10}')
    done = org.done(policies.put_budget, b'{"monthly_usd": 1000.20}')
    (change,) = diff(done.before, done.after, FingerprintKey(b"k"))
    assert (change.path, change.before, change.after) == ("/monthly_usd", "1000.10", "1000.20")


@pytest.mark.parametrize("amount", [b"-1", b'"NaN"', b'"Infinity"', b"1e300", b"true", b"null"])
def test_an_impossible_budget_is_refused(org: Org, amount: bytes) -> None:
    assert refusal(org, policies.put_budget, b'{"monthly_usd": ' + amount + b"}").status == 422


def test_an_api_key_acts_until_rolled_disabled_or_deleted(org: Org) -> None:
    made = org.call(api_keys.create, {"name": "ci", "role": "admin"})
    found = identify(org.db, f"Bearer {made['key']}", now=NOW, master=MASTER)
    assert found is not None
    assert (found.actor.type, found.role) == (ActorType.API_KEY, Role.ADMIN)
    rolled = org.call(api_keys.roll, None, made["id"])
    assert identify(org.db, f"Bearer {made['key']}", now=NOW, master=MASTER) is None
    assert identify(org.db, f"Bearer {rolled['key']}", now=NOW, master=MASTER) is not None
    org.done(api_keys.update_status, {"status": "disabled"}, made["id"])
    assert identify(org.db, f"Bearer {rolled['key']}", now=NOW, master=MASTER) is None
    again = refusal(org, api_keys.update_status, {"status": "disabled"}, made["id"])
    assert again.status == 409
    org.done(api_keys.delete, None, made["id"])


def test_a_developer_makes_and_rolls_no_admin_key(org: Org) -> None:
    body = {"name": "ci", "role": "admin"}
    assert isinstance(refusal(org, api_keys.create, body, role=Role.DEVELOPER), Denied)
    key = org.call(api_keys.create, body)["id"]
    assert isinstance(refusal(org, api_keys.roll, None, key, role=Role.DEVELOPER), Denied)


def test_request_logs_leave_as_json_lines(org: Org) -> None:
    for i in range(3):
        row = (f"log_{i}", "org_a", NOW + i, "key_1", "openai", "m", 200, 7)
        org.db.execute("INSERT INTO request_logs VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    done = org.done(request_logs.export, limit="2")
    assert isinstance(done.answer, bytes)
    assert [json.loads(line)["id"] for line in done.answer.splitlines()] == ["log_1", "log_2"]
    assert done.note == "2 rows"
    for limit in ("0", "all", "10001", "\u0661"):
        assert refusal(org, request_logs.export, limit=limit).status == 422


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"name": 1}', b'{"name": "x", "extra": 1}', b'{"name": "\\ud800"}']
)
def test_a_wrong_body_is_a_failure_not_a_crash(org: Org, body: bytes) -> None:
    assert refusal(org, api_keys.create, body).status == 422


def test_too_large_a_body_is_a_failure(org: Org) -> None:
    large: Apply = lambda db, call: api_keys.create(db, replace(call, body=None))
    assert refusal(org, large).status == 413


def test_the_state_never_holds_a_token(org: Org, tmp_path: Path) -> None:
    made = org.call(api_keys.create, {"name": "ci"})
    token = org.call(sessions.login, {"email": "o@a.example", "password": PASSWORD})["token"]
    dump = "\n".join(sqlite3.connect(tmp_path / "gateway.sqlite").iterdump())
    assert made["key"] not in dump
    assert token not in dump
    assert PASSWORD not in dump
