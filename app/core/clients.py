"""Which client a request is from, as a number that tells nobody who that is."""

import hashlib
import secrets
import socket
import time
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final

import structlog
from starlette.types import Scope

_LOG: Final = structlog.get_logger("vestka")
_SECONDS_A_DAY: Final = 86_400
_MAPPED: Final = bytes(10) + b"\xff\xff"  # ::ffff:0:0/96, an IPv4 address as IPv6 writes it
_TRANSLATED: Final = bytes.fromhex("0064ff9b") + bytes(8)  # 64:ff9b::/96, the same behind NAT64 (RFC 6052)
FORWARDED: Final = b"x-forwarded-for"
Network = IPv4Network | IPv6Network


class Clients:
    """Numbers clients by a hash of their address, under a secret that lives for a day in this process only.

    An IPv6 client is its /64: one household or host has all of it. ``X-Forwarded-For`` is believed from ``proxies``
    alone; of several addresses in it the last that is no proxy counts, as those before it may be invented.
    """

    def __init__(self, proxies: Iterable[Network] = ()) -> None:
        self._proxies = tuple(proxies)
        self._day = -1.0
        self._hash = hashlib.blake2b()
        self._warned = False

    def number(self, scope: Scope) -> bytes:
        """Give the number of the client that sent a request."""
        peer = scope["client"]
        address: str = peer[0] if peer else ""
        if self._proxies:
            address = self._behind(scope, address)
        day = time.time() // _SECONDS_A_DAY
        if day != self._day:
            self._day, self._hash = day, hashlib.blake2b(key=secrets.token_bytes(32), digest_size=8)
        made = self._hash.copy()
        made.update(_place(address))
        return made.digest()

    def refused(self, scope: Scope) -> None:
        """Tell the operator, once, when the limit was that of a proxy which is not known as one."""
        if not self._proxies and not self._warned and any(name == FORWARDED for name, _ in scope["headers"]):
            self._warned = True
            _LOG.warning("unnamed proxy", do="name it in VESTKA_TRUSTED_PROXIES: its readers count as one now")

    def _behind(self, scope: Scope, peer: str) -> str:
        """Give the address that a trusted proxy was asked from; the peer's own if it is none, or does not say."""
        if not self._trusted(peer):
            return peer
        said = b",".join(value for name, value in scope["headers"] if name == FORWARDED).decode("latin-1")
        hops = [hop for hop in map(_bare, said.split(",")) if hop]
        return next((hop for hop in reversed(hops) if not self._trusted(hop)), hops[0] if hops else peer)

    def _trusted(self, address: str) -> bool:
        try:
            found = ip_address(address.partition("%")[0])
        except ValueError:
            return False
        plain = getattr(found, "ipv4_mapped", None) or found
        return any(plain in network for network in self._proxies)


def _bare(hop: str) -> str:
    """Take the port off an address: some proxies write ``192.0.2.1:80`` and ``[2001:db8::1]:80``."""
    hop = hop.strip()
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop


def _place(address: str) -> bytes:
    """Give the part of an address that stands for one client."""
    if ":" not in address:
        return address.encode()
    try:
        packed = socket.inet_pton(socket.AF_INET6, address.partition("%")[0])
    except OSError:
        return address.encode()
    if packed[:12] in {_MAPPED, _TRANSLATED}:
        return socket.inet_ntop(socket.AF_INET, packed[12:]).encode()
    return packed[:8]
