"""Where a webhook may go: the rules of addresses on the web and on the network.

An address on the web is judged when it is given, and again by every address on the network that its name leads to.
Source: `docs/api.md` part 11; whatever is not plainly public is refused.
"""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address

_MAX_URL, _MAX_HOST = 2000, 253
_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)", re.ASCII)
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*", re.ASCII)
_INNER_NAMES = ("localhost", "local", "internal", "intranet", "lan", "home.arpa", "onion", "invalid", "test")
_HTTPS_PORT, _FIRST_FREE_PORT = 443, 1024
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_TRANSLATED = IPv6Network("64:ff9b::/96")
_RESERVED = (IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"))
"""Protocol assignments, some clouds' metadata among them, and relays: not every Python knows them as not public."""
_TUNNELS = (IPv6Network("2001::/32"), IPv6Network("2002::/16"))
_EXAMPLES = IPv6Network("3fff::/20")


def refuses(url: str, *, private: bool) -> str | None:
    """The reason for which this cannot be an endpoint's address, or None. `private` also allows what is not public."""
    if len(url) > _MAX_URL or not all("!" <= mark <= "~" and mark not in '"<>\\^`{|}' for mark in url):
        return "not-a-url"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "not-a-url"
    if parts.scheme != "https" and not (private and parts.scheme == "http"):
        return "not-https"
    if not host or "@" in parts.netloc or "#" in url:
        return "not-a-url" if not host else "credentials-or-fragment"
    if port is not None and (port == 0 or not (private or port == _HTTPS_PORT or port >= _FIRST_FREE_PORT)):
        return "port-not-allowed"
    return _refuses_host(parts.netloc, host, private=private)


def _refuses_host(netloc: str, host: str, *, private: bool) -> str | None:
    if netloc.startswith("["):
        address = _literal(host)
        return "not-a-url" if address is None else _refuses_address(address, private=private)
    labels = host.split(".")
    if len(host) > _MAX_HOST or not all(_LABEL.fullmatch(label) for label in labels):
        return "not-a-url"
    if _NUMBER.fullmatch(labels[-1]):  # a browser, and many a library, reads it as an address in whatever spelling
        address = _literal(host)
        return "not-a-url" if address is None else _refuses_address(address, private=private)
    inner = len(labels) == 1 or any(f".{host}".endswith(f".{name}") for name in _INNER_NAMES)
    return "not-public" if inner and not private else None


def _refuses_address(address: Address, *, private: bool) -> str | None:
    return None if private or is_public(address) else "not-public"


def _literal(host: str) -> Address | None:
    """Only the usual spelling, so that nobody reads another address in it."""
    try:
        return None if "%" in host else ip_address(host)
    except ValueError:
        return None


def is_public(address: Address) -> bool:
    """Whether this is one address of the public internet, also inside the forms that carry an older one."""
    if isinstance(address, IPv4Address):
        inner = address.is_multicast or address.is_reserved or any(address in network for network in _RESERVED)
        return address.is_global and not inner
    if address.ipv4_mapped is not None:
        return is_public(address.ipv4_mapped)
    if address in _TRANSLATED:
        return is_public(IPv4Address(int(address) & 0xFFFF_FFFF))
    unfit = any(address in network for network in (*_TUNNELS, _EXAMPLES))
    return address in _GLOBAL_UNICAST and address.is_global and not unfit and address.scope_id is None
