"""Who really called, when proxies of our own stand in between. Pure."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network


def client_ip(
    peer: str | None, forwarded_for: str | None, trusted: Sequence[Network]
) -> str | None:
    """The right-most address that is not a proxy of ours; *peer* unless the peer is one.

    Everything to the left of it was written by the client, who may write what he likes.
    """
    if peer is None or not is_trusted(peer, trusted):
        return peer
    found = peer
    for hop in reversed((forwarded_for or "").split(",")):
        address = _parsed(hop.strip())
        if address is None:
            break  # nonsense here was passed on by a proxy of ours: believe nothing beyond it
        found = str(address)
        if not is_trusted(found, trusted):
            break
    return found


def is_trusted(address: str, trusted: Sequence[Network]) -> bool:
    """Whether *address* is a proxy whose headers are believed."""
    parsed = _parsed(address)
    return parsed is not None and any(parsed in network for network in trusted)


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
