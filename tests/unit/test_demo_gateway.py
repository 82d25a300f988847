"""The demo gateway's decisions: who may do what, who called, what a diff shows."""

from decimal import Decimal
from ipaddress import ip_network

import pytest

from auditline.event import Actor, ActorType, Change, Op
from demo.gateway.actions import ACTIONS, Action, Role
from demo.gateway.address import client_ip
from demo.gateway.app import PREPARATIONS, TABLE
from demo.gateway.audit import Received, request_of, source_of
from demo.gateway.caller import MASTER, Caller, admit
from demo.gateway.credentials import (
    FingerprintKey,
    Secret,
    password_hash,
    password_matches,
    totp,
    totp_matches,
)
from demo.gateway.diff import Fields, diff
from demo.gateway.errors import Denied
from demo.gateway.settings import BadSettings, secrets_from, upstream

KEY = FingerprintKey(b"k" * 32)
LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("10.0.0.0/8"))


def caller(role: Role | None, org: str = "org_a", mfa: bool = False) -> Caller:
    return Caller(Actor(ActorType.USER, "usr_1", mfa=mfa), org, role)


# Who may do what.


def test_every_route_has_an_action_and_every_action_a_route() -> None:
    assert [name for _, _, name, _ in TABLE] == list(dict.fromkeys(n for _, _, n, _ in TABLE))
    assert {name for _, _, name, _ in TABLE} == set(ACTIONS)
    assert set(PREPARATIONS) <= set(ACTIONS)


@pytest.mark.parametrize(
    ("action", "allowed"),
    [
        ("provider_key.create", {Role.OWNER, Role.ADMIN}),
        ("api_key.create", {Role.OWNER, Role.ADMIN, Role.DEVELOPER}),
        ("budget.update", {Role.OWNER}),
        ("team_member.view", set(Role)),
        ("request_log.export", {Role.OWNER, Role.ADMIN}),
        ("organization.create", set()),
    ],
)
def test_roles(action: str, allowed: set[Role]) -> None:
    for role in Role:
        if role in allowed:
            admit(caller(role), ACTIONS[action], "org_a")
        else:
            with pytest.raises(Denied) as refused:
                admit(caller(role), ACTIONS[action], "org_a")
            assert refused.value.status == 403


@pytest.mark.parametrize("action", [a for a in ACTIONS.values() if not a.open])
def test_nobody_and_strangers_may_nothing(action: Action) -> None:
    for who, status in ((None, 401), (caller(Role.OWNER, "org_b", mfa=True), 403)):
        with pytest.raises(Denied) as refused:
            admit(who, action, "org_a")
        assert refused.value.status == status


def test_revealing_needs_a_second_factor() -> None:
    with pytest.raises(Denied, match="second factor"):
        admit(caller(Role.OWNER), ACTIONS["provider_key.reveal"], "org_a")
    admit(caller(Role.OWNER, mfa=True), ACTIONS["provider_key.reveal"], "org_a")


def test_the_master_key_creates_organizations_and_does_nothing_else() -> None:
    operator = Caller(MASTER, None, None)
    admit(operator, ACTIONS["organization.create"], "org_a")
    for name, action in ACTIONS.items():
        if name != "organization.create" and not action.open:
            with pytest.raises(Denied):
                admit(operator, action, "org_a")


# Who called.


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("127.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("127.0.0.1", "192.0.2.1, 203.0.113.7", "203.0.113.7"),  # the left one is a claim
        ("127.0.0.1", "203.0.113.7, 10.0.0.9", "203.0.113.7"),  # two proxies of ours
        ("127.0.0.1", "2001:DB8::7", "2001:db8::7"),
        ("127.0.0.1", None, "127.0.0.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "203.0.113.7, nonsense", "127.0.0.1"),
        ("127.0.0.1", "nonsense, 10.0.0.9", "10.0.0.9"),
        ("198.51.100.4", "203.0.113.7", "198.51.100.4"),  # not a proxy of ours: not believed
        (None, "203.0.113.7", None),
    ],
)
def test_client_ip(peer: str | None, forwarded: str | None, expected: str | None) -> None:
    assert client_ip(peer, forwarded, LOOPBACK) == expected


def received(peer: str, **headers: str | None) -> Received:
    fields: dict[str, str | None] = {
        "forwarded_for": None,
        "user_agent": None,
        "request_id": None,
        "traceparent": None,
    }
    return Received(peer=peer, port=4, method="GET", route="/v1", **(fields | headers))


def test_only_a_proxy_of_ours_names_requests() -> None:
    assert request_of(received("127.0.0.1", request_id="req_9"), LOOPBACK).id == "req_9"
    made_up = request_of(received("198.51.100.4", request_id="req_9"), LOOPBACK).id
    assert made_up is not None
    assert made_up != "req_9"


def test_trace_context_and_long_headers() -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    assert request_of(received("127.0.0.1", traceparent=trace), ()).trace_id == trace[3:35]
    assert request_of(received("127.0.0.1", traceparent="00-x"), ()).trace_id is None
    source = source_of(received("127.0.0.1", user_agent="u" * 9000), LOOPBACK)
    assert source.user_agent == "u" * 1024


# What a diff shows.


def test_diff_of_a_new_a_changed_and_a_deleted_resource() -> None:
    assert diff(None, {"name": "a"}, KEY) == (Change("/name", Op.ADD, None, '"a"'),)
    assert diff({"name": "a"}, None, KEY) == (Change("/name", Op.REMOVE, '"a"', None),)
    assert diff({"a": 1, "b": None}, {"a": 1, "b": 2, "c": None}, KEY) == (
        Change("/b", Op.REPLACE, "null", "2"),
        Change("/c", Op.ADD, None, "null"),
    )


def test_diff_descends_and_escapes() -> None:
    before: Fields = {"limits": {"r/s": 1, "~": [1]}}
    after: Fields = {"limits": {"r/s": 2, "~": [1, 2]}}
    assert [(c.path, c.before, c.after) for c in diff(before, after, KEY)] == [
        ("/limits/r~1s", "1", "2"),
        ("/limits/~0", "[1]", "[1,2]"),
    ]


def test_amounts_keep_their_digits() -> None:
    amount = Decimal("12345678901234567890.10")
    (change,) = diff({"usd": Decimal("0.10")}, {"usd": amount}, KEY)
    assert (change.before, change.after) == ("0.10", "12345678901234567890.10")


def test_secrets_show_as_fingerprints_only() -> None:
    old, new = Secret("sk-live-old"), Secret("sk-live-new")
    (change,) = diff({"secret": old}, {"secret": new}, KEY)
    assert change == Change("/secret", Op.REPLACE, redacted=True, fingerprint=KEY.of(new))
    (gone,) = diff({"secret": old}, None, KEY)
    assert gone.fingerprint == KEY.of(old)
    assert diff({"secret": old}, {"secret": Secret("sk-live-old")}, KEY) == ()
    assert FingerprintKey(b"other").of(old) != KEY.of(old)
    assert "sk-live" not in repr(old) + repr(change)


# Credentials and settings.


def test_totp_is_that_of_rfc_6238() -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # "12345678901234567890", the RFC's key
    assert [totp(secret, t) for t in (59, 1111111109, 20000000000)] == [
        "287082",
        "081804",
        "353130",
    ]
    assert totp_matches("287082", secret, 59 + 30)
    assert not totp_matches("287082", secret, 59 + 90)
    assert not totp_matches("é", secret, 59)


def test_passwords() -> None:
    kept = password_hash("correct horse")
    assert password_matches("correct horse", kept)
    assert not password_matches("wrong horse", kept)
    assert kept != password_hash("correct horse")


def test_settings_are_refused_by_name() -> None:
    with pytest.raises(BadSettings, match="GATEWAY_MASTER_KEY"):
        secrets_from({"GATEWAY_FINGERPRINT_KEY": "f" * 32})
    with pytest.raises(BadSettings, match="NAME=URL"):
        upstream("openai")
    assert upstream("openai=http://127.0.0.1:1/") == ("openai", "http://127.0.0.1:1")
