"""Where a result link may point: not into this machine or its private network.

A gateway's answer is a stranger's text. A link in it that names a loopback, private or link-local address,
or a name that resolves to one, would make the notebook fetch what only this network can see. A name that
changes its address between this look and the connection gains nothing: links of public gateways are https,
and a private server has no certificate for a stranger's name.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import unicodedata
from ipaddress import IPv4Address, IPv6Address, IPv6Network

from kling_nb.settings import is_loopback

_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address


async def is_private(host: str) -> bool:
    """Whether a host is, or resolves to, an address that is not public.

    A name that cannot be resolved here is let through: behind a proxy only the proxy can, and without one
    the connection fails by itself.
    """
    name = unicodedata.normalize("NFKC", host).replace("\u3002", ".").lower().strip("[]").rstrip(".")
    if is_loopback(name) or name.endswith(".localhost"):
        return True
    address = _spelled(name)
    if address is not None:
        return not _is_public(address)
    if "%" in name:  # a proxy might decode what this machine does not
        return True
    try:
        found = await asyncio.get_running_loop().getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return any(not _is_public(ipaddress.ip_address(str(entry[4][0]))) for entry in found)


def _spelled(name: str) -> IPv4Address | IPv6Address | None:
    """The address that a name spells, also in the old ways: ``2130706433``, ``0x7f.1``, ``017700000001``."""
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(name))
    except (OSError, ValueError):
        return None


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    inner = _inside(address) if isinstance(address, IPv6Address) else None
    if inner is not None:
        return _is_public(inner)
    local = isinstance(address, IPv6Address) and address.is_site_local
    return address.is_global and not (address.is_multicast or address.is_reserved or local)


def _inside(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for, where it is one of those that do."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
