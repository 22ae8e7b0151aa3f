"""What a forum checks by itself: the signature by the published key, then every claim of a permit."""

import base64
import json
import re
import zlib
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256

Json = dict[str, Any]
_TOKEN = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
_BITS = 2
_ASK = 3


class TokenRefused(Exception):
    """A token that is not what its issuer should have signed for this use."""


def claims_of(token: str) -> Json | None:
    """What a token says, believed by nobody; None for what is no token."""
    return _read(token.split(".")[1]) if _TOKEN.fullmatch(token) else None


def check_signature(token: str, kind: str, keys: Json) -> Json:
    """The claims of a token of this `typ`, signed (ES256) by one of these public keys. Raises `TokenRefused`."""
    header, claims, signature = token.split(".")
    named = _read(header) or {}
    key = next((key for key in keys["keys"] if key["kid"] == named.get("kid")), None)
    if key is None or named.get("typ") != kind:
        raise TokenRefused("another key or another kind of token")
    x, y = (int.from_bytes(_decode(key[name])) for name in ("x", "y"))
    raw = _decode(signature)
    der = utils.encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    try:
        public.verify(der, f"{header}.{claims}".encode(), ec.ECDSA(SHA256()))
    except InvalidSignature:
        raise TokenRefused("the signature is not valid") from None
    return _read(claims) or {}


def check_permit(token: str, keys: Json, *, issuer: str, audience: str, scope: str, board: str, now: datetime) -> Json:
    """The claims of a posting token that is good for this forum, board (its id), use and moment.

    Raises `TokenRefused`.
    """
    claims = check_signature(token, "posting+jwt", keys)
    named = (claims.get("iss"), claims.get("aud"), claims.get("board")) == (issuer, audience, board)
    if not named or scope not in claims["scope"].split() or not claims["nbf"] <= now.timestamp() < claims["exp"]:
        raise TokenRefused("another issuer, forum, board, use or time")
    return claims


def listed_state(token: str, keys: Json, place: Json) -> int:
    """An account's two bits in the signed status list: 0 is good, 3 says "ask". Raises `TokenRefused`."""
    claims = check_signature(token, "statuslist+jwt", keys)
    if claims.get("sub") != place["uri"]:
        raise TokenRefused("another forum's list")
    states = zlib.decompress(_decode(claims["status_list"]["lst"]))
    byte, shift = divmod(int(place["idx"]) * _BITS, 8)
    return states[byte] >> shift & _ASK if byte < len(states) else _ASK


def _decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _read(part: str) -> Json | None:
    try:
        found = json.loads(_decode(part))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
