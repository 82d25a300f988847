"""What the gateway is told when it starts."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path

from .address import Network
from .credentials import FingerprintKey


class BadSettings(Exception):
    """The environment or the arguments cannot be used: the text says which."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that differs between deployments. Times in seconds."""

    database: Path
    bootstrap_servers: str
    master_key: str = field(repr=False)
    fingerprint_key: FingerprintKey
    upstreams: Mapping[str, str]
    trusted_proxies: tuple[Network, ...] = (ip_network("127.0.0.0/8"),)
    acknowledge_timeout: float = 10.0


def secrets_from(environ: Mapping[str, str] = os.environ) -> tuple[str, FingerprintKey]:
    """The master key and the key of fingerprints. Raises BadSettings when one is missing."""
    master = environ.get("GATEWAY_MASTER_KEY", "")
    fingerprint = environ.get("GATEWAY_FINGERPRINT_KEY", "")
    for name, value in (("MASTER_KEY", master), ("FINGERPRINT_KEY", fingerprint)):
        if len(value) < 32:
            raise BadSettings(f"GATEWAY_{name} must be set to at least 32 characters")
    return master, FingerprintKey(fingerprint.encode())


def upstream(text: str) -> tuple[str, str]:
    """NAME=URL as its two parts. Raises BadSettings."""
    name, _, url = text.partition("=")
    if not name or not url.startswith(("http://", "https://")):
        raise BadSettings(f"{text!r} is not NAME=URL")
    return name, url.rstrip("/")
