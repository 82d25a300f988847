"""Secrets: made, hashed, compared, and shown in a diff by a fingerprint only."""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field

_SCRYPT_COST = 2**14
_TOTP_STEP = 30


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that must not appear in a log, a diff or a repr."""

    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class FingerprintKey:
    """The deployment's key under which equal secrets are recognised without being known."""

    key: bytes = field(repr=False)

    def of(self, secret: Secret) -> str:
        """A keyed fingerprint, 16 hex digits: without the key nobody can test a guess against it."""
        return hmac.new(self.key, secret.value.encode(), hashlib.sha256).hexdigest()[:16]


def new_id(prefix: str) -> str:
    """A random identifier such as `pk_3f9c0a…`."""
    return f"{prefix}_{secrets.token_hex(8)}"


def new_token(prefix: str) -> str:
    """A bearer token of 256 random bits."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"


def token_hash(token: str) -> bytes:
    """What is kept of a token. It is random, so one round of SHA-256 is enough."""
    return hashlib.sha256(token.encode()).digest()


def password_hash(password: str, salt: bytes | None = None) -> str:
    """What is kept of a password: salt and scrypt, hex."""
    salt = secrets.token_bytes(16) if salt is None else salt
    derived = hashlib.scrypt(password.encode(), salt=salt, n=_SCRYPT_COST, r=8, p=1)
    return f"{salt.hex()}${derived.hex()}"


def password_matches(password: str, kept: str) -> bool:
    """Whether *password* is the one of which *kept* was made."""
    salt = bytes.fromhex(kept.partition("$")[0])
    return hmac.compare_digest(password_hash(password, salt), kept)


def new_totp_secret() -> str:
    """A second factor's secret, base32, as authenticator apps take it."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def totp(secret: str, seconds: float) -> str:
    """The six digits of RFC 6238 (SHA-1, 30 s) at *seconds* since the epoch."""
    counter = int(seconds // _TOTP_STEP).to_bytes(8, "big")
    digest = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    start = digest[-1] & 0x0F
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


def totp_matches(code: str, secret: str, seconds: float) -> bool:
    """Whether *code* is right now, or was one step ago: clocks differ, and people type slowly."""
    right = (totp(secret, seconds), totp(secret, seconds - _TOTP_STEP))
    return any(hmac.compare_digest(code.encode(), wanted.encode()) for wanted in right)
