"""Which IP addresses are public, and therefore anybody's to call. Pure."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

# IANA special-purpose registries (RFC 6890 and its updates), written out so that every Python draws the same line.
_SPECIAL: Final = tuple(
    ip_network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16"),
        *("192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        # ::/96 carries IPv4 inside, ::ffff:0:0/96 and 64:ff9b:… and 2002::/16 and 2001::/32 as well.
        *("::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32"),
        *("2002::/16", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"),
    )
)
# Where clouds tell machines their secrets, and what no setting opens: these, link-local, multicast and "this host".
_NEVER: Final = tuple(
    ip_network(text)
    for text in (
        *("0.0.0.0/8", "100.100.100.200/32", "168.63.129.16/32", "169.254.0.0/16", "192.0.0.192/32", "224.0.0.0/4"),
        *("255.255.255.255/32", "::/128", "fd00:ec2::254/128", "fd20:ce::254/128", "fe80::/10", "ff00::/8"),
    )
)
_GLOBAL_UNICAST: Final = ip_network("2000::/3")
_CARRIES_IPV4: Final = tuple(
    ip_network(text) for text in ("::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
)


def is_public(text: str) -> bool:
    """Whether an address (in text, zone allowed) is public unicast; a form that hides another address is not."""
    address = _parsed(text)
    if any(address in network for network in (*_SPECIAL, *_NEVER)):
        return False
    return isinstance(address, IPv4Address) or address in _GLOBAL_UNICAST


def is_open_inside(text: str) -> bool:
    """Whether an address may be called where an operator named the host as internal: never metadata or link-local."""
    address = _parsed(text)
    return not any(address in network for network in (*_NEVER, *_CARRIES_IPV4))


def _parsed(text: str) -> IPv4Address | IPv6Address:
    # A zone (`fe80::1%eth0`) says which interface, not which address.
    return ip_address(text.partition("%")[0])
