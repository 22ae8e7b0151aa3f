"""Tokens: the only module that imports `jose`, and stricter than it.

python-jose alone accepts a missing `exp` or `aud`, ignores unknown `crit`, takes HS256 over a public key and a second
spelling of the same base64. So it signs, and says whether an ES256 signature holds; all else is read and judged here.
"""

import base64
import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from jose import jws
from jose.backends.cryptography_backend import CryptographyECKey

from app.crypto.errors import TokenRefused
from app.crypto.key_watch import KeyWatch
from app.crypto.keyring import Key, KeyPurpose, Keyring
from app.kernel.errors import StartRefused

ALGORITHM = "ES256"
MAX_TOKEN_BYTES = 4096
_SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)
_STRINGS = ("iss", "sub", "aud", "jti", "scope")
_LATEST = int(datetime.max.replace(microsecond=0, tzinfo=UTC).timestamp())
_COORDINATE_BYTES = 32

Claims = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Pair:
    kid: str
    private: CryptographyECKey
    public: CryptographyECKey
    jwk: Mapping[str, str]
    retires_at: datetime | None
    """Boundary: exactly then it is no longer listed."""

    def serves(self, now: datetime) -> bool:
        return self.retires_at is None or now < self.retires_at


class _SigningKeys:
    """The signing keys as they were read last: one signs, all verify until they retire."""

    def __init__(self, keyring: Keyring, overlap: timedelta) -> None:
        self.current = _pair(keyring.current(KeyPurpose.SIGNING), overlap)
        others = [_pair(key, overlap) for key in keyring.of(KeyPurpose.SIGNING)]
        self._pairs = {pair.kid: pair for pair in (self.current, *others)}

    def listed(self, now: datetime) -> list[_Pair]:
        return [pair for pair in self._pairs.values() if pair.serves(now)]

    def public(self, kid: str, now: datetime) -> CryptographyECKey | None:
        pair = self._pairs.get(kid)
        return pair.public if pair is not None and pair.serves(now) else None


class TokenSigner:
    """Signs with the current key, verifies with any key that is listed.

    A replaced key is listed for `overlap` more: until the last token that it signed has expired. With a `watch` the
    keys are read again when their directory changes; while they cannot be read, those read last stay.
    """

    def __init__(
        self, keyring: Keyring, issuer: str, *, overlap: timedelta = timedelta(), watch: KeyWatch | None = None
    ) -> None:
        self._issuer = issuer
        self._overlap = overlap
        self._watch = watch
        self._read = _SigningKeys(keyring, overlap)

    def public_keys(self, now: datetime) -> list[Mapping[str, str]]:
        """The published keys: the current, the next, and previous ones until they retire.

        `kid` is the RFC 7638 thumbprint, so a new key never wears an old name.
        """
        return [pair.jwk for pair in self._keys().listed(now)]

    def _keys(self) -> _SigningKeys:
        if self._watch is not None and self._watch.due():
            with suppress(StartRefused, OSError):
                ring = self._watch.changed()
                self._read = _SigningKeys(ring, self._overlap) if ring else self._read
        return self._read

    def sign(self, claims: Claims, typ: str) -> str:
        """Adds `iss`; the caller gives `sub aud iat exp jti`, dates as whole seconds."""
        current = self._keys().current
        return jws.sign(
            {"iss": self._issuer, **claims},
            current.private,
            headers={"kid": current.kid, "typ": typ},
            algorithm=ALGORITHM,
        )

    def verify(self, token: str, typ: str, now: datetime) -> Claims:
        """The claims of a token that this service signed, of this `typ`, alive at `now`.

        The audience is left to the caller. Boundary: exactly at `exp` the token is dead.
        Raises `TokenRefused` with reason `token-invalid` or `token-expired`. Source: RFC 7515, RFC 8725.
        """
        keys = self._keys()
        claims = _object(payload_of(token, {"alg": ALGORITHM, "typ": typ}, lambda kid: keys.public(kid, now)))
        self._judge(claims, now)
        return claims

    def _judge(self, claims: Claims, now: datetime) -> None:
        texts = [claims.get(name) for name in _STRINGS]
        issued_at, expires_at = _seconds(claims.get("iat")), _seconds(claims.get("exp"))
        begins_at = _seconds(claims.get("nbf", issued_at))
        if not all(isinstance(text, str) and text.isprintable() for text in texts) or claims["iss"] != self._issuer:
            raise TokenRefused("token-invalid")
        if now.timestamp() < max(begins_at, issued_at) - 1:
            raise TokenRefused("token-invalid")
        if now.timestamp() >= expires_at:
            raise TokenRefused("token-expired")


def payload_of(token: str, header: Mapping[str, str], public_key: Callable[[str], CryptographyECKey | None]) -> bytes:
    """What was signed in a compact JWS whose header is exactly this one and the `kid` of a key that signed it.

    Raises `TokenRefused`. Source: RFC 7515 part 5.2.
    """
    if len(token) > MAX_TOKEN_BYTES or not _SHAPE.fullmatch(token):
        raise TokenRefused("token-invalid")
    signed, _, signature_part = token.rpartition(".")
    header_part, _, payload_part = signed.partition(".")
    found = _object(_decode(header_part))
    kid = found.pop("kid", None)
    public = public_key(kid) if isinstance(kid, str) and found == header else None
    payload, signature = _decode(payload_part), _decode(signature_part)
    if public is None or not is_signed(public, signed.encode(), signature):
        raise TokenRefused("token-invalid")
    return payload


def is_signed(public: CryptographyECKey, signed: bytes, signature: bytes) -> bool:
    """Whether an ES256 signature, r and s in 32 bytes each, holds.

    As RFC 7515 has it: with (r, s) also (r, n - s) holds, so a token's text is no name for it; its `jti` is.
    """
    return bool(public.verify(signed, signature))  # type: ignore[no-untyped-call] # its stubs leave it out


def kid_of(key: Key) -> str:
    """The name under which a signing key is published. Raises `StartRefused` for what is no P-256 key."""
    return _pair(key, timedelta()).kid


def retires_at(key: Key, overlap: timedelta) -> datetime | None:
    """When a replaced signing key is no longer listed nor accepted; None while it is not replaced."""
    return key.superseded_at + overlap if key.superseded_at else None


def _pair(key: Key, overlap: timedelta) -> _Pair:
    pem = key.material.reveal()
    try:
        loaded = load_pem_private_key(pem, password=None)
    except ValueError:
        loaded = None
    if not isinstance(loaded, ec.EllipticCurvePrivateKey) or not isinstance(loaded.curve, ec.SECP256R1):
        raise StartRefused(f"Signing key {key.id} is not a P-256 key. Restore it from its backup.")
    public_pem = loaded.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    private, public = CryptographyECKey(pem, ALGORITHM), CryptographyECKey(public_pem, ALGORITHM)
    numbers = loaded.public_key().public_numbers()
    point = {"kty": "EC", "crv": "P-256", "x": _coordinate(numbers.x), "y": _coordinate(numbers.y)}
    kid = _thumbprint(point)
    jwk = {**point, "kid": kid, "use": "sig", "alg": ALGORITHM}
    return _Pair(kid, private, public, jwk, retires_at(key, overlap))


def _coordinate(number: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes(_COORDINATE_BYTES)).rstrip(b"=").decode()


def _thumbprint(point: Mapping[str, str]) -> str:
    """Source: RFC 7638 part 3."""
    canonical = json.dumps(dict(sorted(point.items())), separators=(",", ":"))
    return base64.urlsafe_b64encode(sha256(canonical.encode()).digest()).rstrip(b"=").decode()


def _decode(part: str) -> bytes:
    """Refuses a second spelling of the same bytes."""
    try:
        raw = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        raise TokenRefused("token-invalid") from None
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != part:
        raise TokenRefused("token-invalid")
    return raw


def _object(raw: bytes) -> dict[str, object]:
    try:
        value = json.loads(raw.decode(), object_pairs_hook=_without_duplicates)
        json.dumps(value, ensure_ascii=False).encode()  # a lone surrogate is no text
    except (ValueError, RecursionError):
        raise TokenRefused("token-invalid") from None
    if not isinstance(value, dict):
        raise TokenRefused("token-invalid")
    return value


def _seconds(date: object) -> int:
    """Raises `TokenRefused` for what is no whole number of seconds that a calendar has."""
    if not isinstance(date, int) or isinstance(date, bool) or date > _LATEST:
        raise TokenRefused("token-invalid")
    return date


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("duplicate key")
    return value
