"""Which addresses a webhook may reach: those of the internet, unless the operator allows private ones.

Belongs here: the judgement of an address, and refusing a host or an open connection by it. Not here: connecting
(`posting.py`). Whoever may set a webhook could otherwise make us talk to what only this machine can reach: the cloud's
metadata service, a database, another service's admin page.
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from maxbooster_ops.errors import MaxboosterError

_NAT64 = IPv6Network("64:ff9b::/96")
"""RFC 6052: an IPv4 address stands in the last 32 bits."""

_METADATA_IN_PUBLIC_SPACE = frozenset({IPv4Address("168.63.129.16"), IPv4Address("192.0.0.192")})
"""Azure's and Oracle's host services; those of the other clouds are link-local or private."""


class PrivateAddressError(MaxboosterError):
    """A webhook leads to an address that is not on the internet."""

    def __init__(self, address: str) -> None:
        super().__init__(
            f"its address {address} is not on the internet and nothing was sent; where that is wanted, set "
            "ALERT_ALLOW_PRIVATE_WEBHOOKS=true"
        )


def is_public(text: str) -> bool:
    """Tell whether an IP address is one of the internet: not private, local, shared, reserved or multicast.

    An IPv4 address inside an IPv6 one (mapped, 6to4, Teredo, NAT64) is judged by itself.
    """
    address = _inner(ip_address(text))
    return address.is_global and not address.is_multicast and address not in _METADATA_IN_PUBLIC_SPACE


def refuse_private_host(host: str, port: int) -> None:
    """Look `host` up and raise `PrivateAddressError` if any of its addresses is not public; OSError if it has none.

    Refused before anything connects, so that a webhook cannot even be used to find open ports.
    """
    for *_, address in socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM):
        _refuse_private(str(address[0]))


def refuse_private_peer(connected: socket.socket) -> None:
    """Raise `PrivateAddressError` if the other end of an open connection is not public.

    The second look: between the first and connecting, the name may have been given another address.
    """
    _refuse_private(str(connected.getpeername()[0]))


def _refuse_private(address: str) -> None:
    if not is_public(address):
        raise PrivateAddressError(address)


def _inner(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    teredo_client = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo_client or address
