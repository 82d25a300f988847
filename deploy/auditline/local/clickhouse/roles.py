"""The roles of `auditline.xml`, and each as the one user that chDB knows.

chDB opens with a single user, `default`, whose grants, profile and row policy come from a
users.xml. So the file a real server loads is read here too, and the wanted role is written out
under that name: what is tested on the laptop is what ships.
"""

import hashlib
import hmac
import os
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.resources import files

# The setting that names the organization whose rows a reader sees.
ORG_SETTING = "log_comment"
ALL_ORGS = "org:*"
_NO_ORG = "org:"


class Role(StrEnum):
    """Who a statement is run as."""

    WRITER = "auditline_writer"
    READER = "auditline_reader"
    MIGRATOR = "auditline_migrator"
    ERASURE = "auditline_erasure"
    # The machine's own administrator, who may do anything: for tests and demonstrations.
    ADMINISTRATOR = "administrator"


# What the server answers to. The others work while it is down, through `admin`.
SERVED = (Role.WRITER, Role.READER)


def org_setting(org_id: str) -> dict[str, str]:
    """The setting with which a reader's statement sees the rows of *org_id* and no others."""
    return {ORG_SETTING: _NO_ORG + org_id}


def reader_scope(asked: str | None) -> str:
    """The value of ORG_SETTING for a reader who *asked* for one: without an org, no rows."""
    return asked if asked is not None and asked.startswith(_NO_ORG) else _NO_ORG


@dataclass(frozen=True, slots=True)
class Accounts:
    """Who may call over HTTP. Each password is known by its SHA-256 in hex; None asks for none."""

    passwords: Mapping[Role, str | None] = field(repr=False)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Accounts":
        """The served roles, with the passwords of the same variables that a server reads."""
        return cls({role: environ.get(_password_variable(role)) or None for role in SERVED})

    def authenticate(self, user: str, password: str) -> Role | None:
        """The role of *user*, or None when it is unknown or the password is not its own."""
        role = next((r for r in self.passwords if r == user), None)
        if role is None:
            return None
        wanted = self.passwords[role]
        given = hashlib.sha256(password.encode()).hexdigest()
        return role if wanted is None or hmac.compare_digest(wanted.lower(), given) else None


def users_xml(role: Role, settings: Mapping[str, str] | None = None) -> str:
    """The users.xml with which chDB's `default` user holds what *role* holds, under *settings*.

    The writer's also serves readers: the profile lets a read-only session name its org, and the
    row policy then confines it, as the reader's own does on a server.
    """
    root = ET.Element("clickhouse")
    profile = ET.SubElement(ET.SubElement(root, "profiles"), "default")
    for name, value in (settings or {}).items():
        ET.SubElement(profile, name).text = value
    ET.SubElement(ET.SubElement(root, "quotas"), "default")
    user = ET.SubElement(ET.SubElement(root, "users"), "default")
    ET.SubElement(user, "password")
    ET.SubElement(ET.SubElement(user, "networks"), "ip").text = "127.0.0.1"
    ET.SubElement(user, "profile").text = "default"
    ET.SubElement(user, "quota").text = "default"
    grants = ET.SubElement(user, "grants")
    for statement in _grants(role):
        ET.SubElement(grants, "query").text = statement
    if role is Role.WRITER:
        _serve(profile, user)
    return ET.tostring(root, encoding="unicode")


def _serve(profile: ET.Element, user: ET.Element) -> None:
    fragment = _fragment()
    constraints = ET.Element("constraints")
    for role in SERVED:
        for setting in _find(fragment, f"profiles/{role}"):
            if setting.tag == "constraints":
                # chDB does not know changeable_in_readonly: see Session.configure.
                constraints.extend(c for c in setting if c.find("changeable_in_readonly") is None)
            elif setting.tag != "readonly":  # set per session, for readers only
                profile.append(setting)
    profile.append(constraints)
    policy = _text(fragment, f"users/{Role.READER}/databases/audit/entries/filter")
    table = ET.SubElement(ET.SubElement(ET.SubElement(user, "databases"), "audit"), "entries")
    unscoped = f"NOT startsWith(getSetting('{ORG_SETTING}'), '{_NO_ORG}')"
    ET.SubElement(table, "filter").text = f"{unscoped} OR ({policy})"


def _grants(role: Role) -> list[str]:
    if role is Role.ADMINISTRATOR:
        return ["GRANT ALL ON *.*"]
    return [q.text or "" for q in _find(_fragment(), f"users/{role}/grants")]


def _password_variable(role: Role) -> str:
    return _find(_fragment(), f"users/{role}/password_sha256_hex").attrib["from_env"]


def _fragment() -> ET.Element:
    return ET.fromstring(files(__package__).joinpath("auditline.xml").read_text("utf-8"))


def _find(root: ET.Element, path: str) -> ET.Element:
    found = root.find(path)
    if found is None:
        raise LookupError(f"auditline.xml has no {path}: the package is damaged, install it again")
    return found


def _text(root: ET.Element, path: str) -> str:
    return _find(root, path).text or ""
