"""Where a webhook may go: to the internet, not to what only we can reach, unless it is said to be ours."""

from __future__ import annotations

import errno
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

_NAT64 = ip_network("64:ff9b::/96")


class PrivateAddressError(OSError):
    """The address is not one of the internet."""


def is_public(text: str) -> bool:
    """Whether an address is one of the internet, and so is any that is wrapped in it."""
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address):
        inner = _wrapped(address)
        if inner is not None:
            return inner.is_global and not inner.is_multicast
    return address.is_global and not address.is_multicast


def _wrapped(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)


class PublicResolver(AbstractResolver):
    """Resolves names to addresses of the internet, and to nothing else.

    What it gives is what is connected to, so a name that changes in between gains nothing.
    """

    def __init__(self) -> None:
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Raises PrivateAddressError, and OSError where there is no such name."""
        found = await self._resolver.resolve(host, port, family)
        for each in found:
            if not is_public(each["host"]):
                text = f"{host} is {each['host']}, which is no address of the internet"
                raise PrivateAddressError(errno.EPERM, text)
        return found

    async def close(self) -> None:
        """Nothing is held."""
