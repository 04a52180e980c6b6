"""Where a request comes from."""

from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

_HOUSEHOLD_BITS = 64


def client_address(request: HttpRequest) -> str:
    """Return the address of the caller; empty where it is none.

    Behind the proxy that ends TLS, that is the last address the proxy added: those before it are the caller's own
    words.
    """
    claimed = str(request.META.get("REMOTE_ADDR", ""))
    if getattr(settings, "SECURE_PROXY_SSL_HEADER", None):
        claimed = request.headers.get("X-Forwarded-For", claimed).rpartition(",")[2].strip()
    try:
        return str(ip_address(claimed))
    except ValueError:
        return ""


def household(request: HttpRequest) -> str:
    """Return what one stranger can be told from another by: an IPv4 address, or the /64 of an IPv6 address."""
    text = client_address(request)
    if not text:
        return "unknown"
    address = ip_address(text)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(ip_network((int(address), _HOUSEHOLD_BITS), strict=False))
    return str(address)
