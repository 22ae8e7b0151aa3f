"""What a forger has: genuine tokens of both kinds, every public key, and the signing keys themselves."""

import base64
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from app.crypto.keyring import Key
from app.crypto.signing import kid_of

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
WITHOUT = object()
Json = dict[str, Any]


@dataclass(frozen=True)
class SigningKey:
    private: ec.EllipticCurvePrivateKey
    kid: str

    @classmethod
    def of(cls, key: Key) -> "SigningKey":
        private = load_pem_private_key(key.material.reveal(), password=None)
        assert isinstance(private, ec.EllipticCurvePrivateKey)
        return cls(private, kid_of(key))

    def public(self, form: str) -> bytes:
        public = self.private.public_key()
        numbers = public.public_numbers()
        point = {"kty": "EC", "crv": "P-256", "x": b64(numbers.x.to_bytes(32)), "y": b64(numbers.y.to_bytes(32))}
        return {
            "DER": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
            "PEM": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
            "JWK": json.dumps(point).encode(),
            "x": point["x"].encode(),
            "raw point": public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
        }[form]

    def sign(self, signed: str) -> bytes:
        """r and s in 32 bytes each."""
        return b"".join(number.to_bytes(32) for number in decode_dss_signature(self.sign_der(signed)))

    def sign_der(self, signed: str) -> bytes:
        return self.private.sign(signed.encode(), ec.ECDSA(SHA256()))


@dataclass(frozen=True)
class Forge:
    """Around one genuine token. What is made "with our key" shows that no rule leans on the signature alone."""

    genuine: str
    another: str
    """A genuine token of the same kind, for somebody else of the same forum."""
    other_kind: str
    revoked: str
    ours: SigningKey
    following: SigningKey
    """Published, and signs nothing yet."""
    retired: SigningKey
    stranger: SigningKey
    """Of another installation."""
    foreign_subject: str
    """An account, or a client, of another forum."""
    now: int

    @property
    def header(self) -> Json:
        found: Json = json.loads(unb64(self.genuine.split(".")[0]))
        return found

    @property
    def claims(self) -> Json:
        found: Json = json.loads(unb64(self.genuine.split(".")[1]))
        return found

    @property
    def signature(self) -> bytes:
        return unb64(self.genuine.split(".")[2])

    def with_header(self, key: SigningKey | None = None, /, **changes: object) -> str:
        return self.from_bytes(as_json(self.header, changes), as_json(self.claims), key)

    def with_claims(self, **changes: object) -> str:
        return self.from_bytes(as_json(self.header), as_json(self.claims, changes))

    def from_bytes(self, header: bytes, claims: bytes, key: SigningKey | None = None) -> str:
        return self.from_parts(b64(header), b64(claims), key)

    def from_parts(self, header: str, claims: str, key: SigningKey | None = None) -> str:
        signed = f"{header}.{claims}"
        return f"{signed}.{b64((key or self.ours).sign(signed))}"

    def keyed_with(self, form: str, alg: str = "HS256") -> str:
        signed = f"{b64(as_json(self.header, {'alg': alg}))}.{b64(as_json(self.claims))}"
        return f"{signed}.{b64(hmac.digest(self.ours.public(form), signed.encode(), sha256))}"

    def with_signature(self, signature: bytes) -> str:
        return f"{self.genuine.rpartition('.')[0]}.{b64(signature)}"

    def with_numbers(self, change: Callable[[int, int], tuple[int, int]]) -> str:
        r, s = change(int.from_bytes(self.signature[:32]), int.from_bytes(self.signature[32:]))
        return self.with_signature(r.to_bytes(32) + s.to_bytes(32))

    def part(self, place: int, change: Callable[[str], str]) -> str:
        """The genuine token, one part spelled in another way."""
        parts = self.genuine.split(".")
        parts[place] = change(parts[place])
        return ".".join(parts)

    def resigned_part(self, place: int, change: Callable[[str], str]) -> str:
        """The same, and that spelling signed with our key."""
        parts = self.genuine.split(".")
        parts[place] = change(parts[place])
        return self.from_parts(parts[0], parts[1])


def as_json(members: Mapping[str, object], changes: Mapping[str, object] | None = None) -> bytes:
    wanted = {**members, **(changes or {})}
    return json.dumps({name: value for name, value in wanted.items() if value is not WITHOUT}).encode()


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unb64(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def der_of(signature: bytes) -> bytes:
    return encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
