"""What is told once, taken out of its wrapper for the one page that shows it: credentials, and their QR code."""

from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

import segno
from markupsafe import Markup

from app.forums import domain as forums
from app.staff.domain import Authenticator, Credentials

_GROUP = 4
Told = Mapping[str, object]


def told_to_forum(made: forums.Credentials) -> Told:
    return {"forum_id": made.forum_id, "client_id": made.client_id, "client_secret": made.client_secret.reveal()}


def told_to_member(given: Credentials) -> Told:
    return {"password": given.password.reveal(), **told_of_authenticator(given.authenticator)}


def told_of_authenticator(given: Authenticator) -> Told:
    """`setup_key`: what is typed into an authenticator that cannot read the QR code, in groups of four."""
    uri = given.totp_uri.reveal()
    seed = parse_qs(urlsplit(uri).query)["secret"][0]
    return {
        "qr": _qr_of(uri),
        "setup_key": " ".join(seed[start : start + _GROUP] for start in range(0, len(seed), _GROUP)),
        "recovery_codes": [code.reveal() for code in given.recovery_codes],
    }


def _qr_of(address: str) -> Markup:
    """An SVG that another device can read; unlike those of links, never kept."""
    return Markup(segno.make(address, error="m").svg_inline(omitsize=True, border=0))  # noqa: S704 -- made here
