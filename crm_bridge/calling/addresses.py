"""Which addresses an adapter may call: http(s) hosts, never the machine's own metadata service."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

METADATA = frozenset({"metadata", "metadata.google.internal", "instance-data", "metadata.tencentyun.com"})
_METADATA_ADDRESSES = frozenset(
    ipaddress.ip_address(one) for one in ("100.100.100.200", "fd00:ec2::254", "168.63.129.16")
)
"""Where clouds hand out credentials outside the link-local range."""


class AddressRefused(ValueError):
    """The address is not one that a customer system can have; the message says why."""


def checked_address(url: str) -> str:
    """The address without a trailing slash. Loopback and private networks are fine: a CRM often stands in one."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".").lower()
    if parts.scheme not in {"http", "https"} or not host:
        raise AddressRefused(f"{url!r} is no http(s) address")
    if parts.username or parts.password:
        raise AddressRefused("the address holds a user or password; set them as YIJU_CRM__USER, __PASSWORD")
    if parts.query or parts.fragment:
        raise AddressRefused(f"{url!r} has a query or fragment; give the base address only")
    if host in METADATA or _is_metadata(host):
        raise AddressRefused(f"{host} is a link-local or metadata address, not a customer system")
    return url.rstrip("/")


def same_origin(base: str, url: str) -> bool:
    """Whether a link that a system sent (a next page) leads back to that system."""
    ours, theirs = urlsplit(base), urlsplit(url)
    return (ours.scheme, ours.hostname, _port(base)) == (theirs.scheme, theirs.hostname, _port(url))


def _port(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 80)


def _is_metadata(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    unusable = address.is_link_local or address.is_multicast or address.is_unspecified
    return unusable or address in _METADATA_ADDRESSES
