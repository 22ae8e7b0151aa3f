"""Headers that every answer carries: nothing from elsewhere is loaded, nothing is kept, nobody frames us."""

import re
from urllib.parse import urlsplit

_HOST = re.compile(r"[A-Za-z0-9._:\[\]-]+", re.ASCII)


def policy(returns_to: str = "") -> str:
    """The content security policy; `returns_to` adds the origin of this address to where a form may lead.

    Browsers hold redirects after a form to it too. Raises `ValueError` for an address that is no web address.
    """
    target = f" {_origin(returns_to)}" if returns_to else ""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none';"
        f" form-action 'self'{target}; frame-ancestors 'none'"
    )


def _origin(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not _HOST.fullmatch(parts.netloc):
        raise ValueError("no web address")
    return f"{parts.scheme}://{parts.netloc}"


SAFE_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": policy(),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "same-origin",
    "strict-transport-security": "max-age=31536000",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
