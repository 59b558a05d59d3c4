"""Which IP addresses belong to the public internet, and lead into no private network."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

_UNICAST = IPv6Network("2000::/3")  # all that IANA assigns; the rest is local, reserved or wraps IPv4
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052
# Azure's own channel to every virtual machine; it looks like a public address.
_PLATFORM = IPv4Address("168.63.129.16")


def is_public_address(text: str) -> bool:
    """Whether an address is globally reachable; False for a text that isn't an IP address.

    An IPv6 address that wraps an IPv4 address (mapped, NAT64, 6to4) counts as the wrapped address.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        wrapped = _wrapped(address)
        if wrapped is None:
            return address.is_global and address in _UNICAST
        address = wrapped
    return address.is_global and not address.is_multicast and address != _PLATFORM


def _wrapped(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address.sixtofour
