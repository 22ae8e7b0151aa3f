"""The pack of forged tokens: a sentence for each, and how it is made. Every one is refused wherever a token counts."""

import base64
import json
from collections.abc import Callable
from typing import Any

from tests.torture.forge import ORDER, WITHOUT, Forge, as_json, b64, der_of, unb64

Recipe = Callable[[Forge], str]
_SIGNATURE = 2
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_FULL_WIDTH = {
    ord(mark): ord(mark) + 0xFEE0 for mark in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
}


def _more(members: bytes, raw: bytes) -> bytes:
    """An object with something written behind its last member."""
    return members[:-1] + raw + b"}"


def _loose(part: str) -> str:
    """The same bytes for a decoder that overlooks the bits beyond the last one."""
    slack = {0: 0, 2: 15, 3: 3}[len(part) % 4]
    return part[:-1] + _ALPHABET[_ALPHABET.index(part[-1]) ^ 1] if slack else part + "A"


def _standard_alphabet(part: str) -> str:
    """`+` and `/` where base64url has `-` and `_`; a claim sees to it that there are some."""
    raw = json.dumps({**json.loads(unb64(part)), "x": "ÿ?>~~~???>>>ÿÿÿ"}, ensure_ascii=False).encode()
    spelled = base64.b64encode(raw).decode()
    assert set("+/") & set(spelled)
    return spelled.rstrip("=")


def _flattened(forge: Forge) -> str:
    header, claims, signature = forge.genuine.split(".")
    return json.dumps({"protected": header, "payload": claims, "signature": signature})


def _general(forge: Forge) -> str:
    header, claims, signature = forge.genuine.split(".")
    return json.dumps({"payload": claims, "signatures": [{"protected": header, "signature": signature}]})


def _parts_of(*wanted: tuple[str, int]) -> str:
    return ".".join(token.split(".")[place] for token, place in wanted)


def _own_jwk(forge: Forge) -> str:
    jwk = json.loads(forge.stranger.public("JWK"))
    return forge.with_header(forge.stranger, jwk=jwk, kid=WITHOUT)


def _header(**changes: object) -> Recipe:
    return lambda forge: forge.with_header(**changes)


def _claim(name: str, change: Callable[[Any], object]) -> Recipe:
    return lambda forge: forge.with_claims(**{name: change(forge.claims.get(name, forge.now))})


def _spelled(place: int, change: Callable[[str], str]) -> Recipe:
    """A part spelled in another way; of what is signed, that spelling is what our key signs."""
    return lambda forge: forge.part(place, change) if place == _SIGNATURE else forge.resigned_part(place, change)


UNSIGNED: dict[str, Recipe] = {
    "alg none and no signature": lambda f: f.with_header(alg="none").rpartition(".")[0] + ".",
    "alg none and the genuine signature": lambda f: (
        f"{b64(as_json(f.header, {'alg': 'none'}))}.{f.genuine.split('.', 1)[1]}"
    ),
    "alg None in another case, signed with our key": lambda f: f.with_header(alg="nOnE"),
    "the signature left out with its dot": lambda f: f.genuine.rpartition(".")[0],
    "the signature left out": lambda f: f.genuine.rpartition(".")[0] + ".",
    "alg HS256 keyed with the public key in DER": lambda f: f.keyed_with("DER"),
    "alg HS256 keyed with the public key in PEM": lambda f: f.keyed_with("PEM"),
    "alg HS256 keyed with the public key as JWK": lambda f: f.keyed_with("JWK"),
    "alg HS256 keyed with the x of the public key": lambda f: f.keyed_with("x"),
    "alg HS256 keyed with the public key as a raw point": lambda f: f.keyed_with("raw point"),
    "alg ES256 over an HMAC keyed with the public key": lambda f: f.keyed_with("PEM", "ES256"),
}
HEADERS: dict[str, Recipe] = {
    **{
        f"alg {alg}, signed with our key": _header(alg=alg)
        for alg in ("HS256", "RS256", "PS256", "ES384", "ES512", "ES256K", "EdDSA", "es256", "", "ES256 ")
    },
    "alg as a list": lambda f: f.with_header(alg=["ES256"]),
    "no alg": lambda f: f.with_header(alg=WITHOUT),
    "a kid that nobody has": lambda f: f.with_header(kid="A" * 43),
    "the kid of the next key over a signature of the current one": lambda f: f.with_header(kid=f.following.kid),
    "the kid of a retired key over a signature of the current one": lambda f: f.with_header(kid=f.retired.kid),
    "a key that has retired": lambda f: f.with_header(f.retired, kid=f.retired.kid),
    "our kid over a signature of another installation": lambda f: f.with_header(f.stranger),
    "another installation's kid and signature": lambda f: f.with_header(f.stranger, kid=f.stranger.kid),
    "a kid that is a path": lambda f: f.with_header(kid="../../../../dev/null"),
    "a kid that is an address": lambda f: f.with_header(kid="https://attacker.example/key"),
    "a kid that is SQL": lambda f: f.with_header(kid="' OR '1'='1"),
    "a kid that is a number": lambda f: f.with_header(kid=0),
    "a kid of 3,000 digits": lambda f: f.from_bytes(
        as_json(f.header).replace(as_json({"k": f.ours.kid})[6:-1], b"9" * 2500), b"{}"
    ),
    "a kid that is null": lambda f: f.with_header(kid=None),
    "a kid in a list": lambda f: f.with_header(kid=[f.ours.kid]),
    "a kid in an object": lambda f: f.with_header(kid={"kid": f.ours.kid}),
    "a kid with a NUL behind it": lambda f: f.with_header(kid=f.ours.kid + "\x00"),
    "no kid": lambda f: f.with_header(kid=WITHOUT),
    "a jwk that brings its own key": _own_jwk,
    "a jwk beside our kid": lambda f: f.with_header(jwk=json.loads(f.stranger.public("JWK"))),
    "jku": lambda f: f.with_header(jku="https://attacker.example/jwks.json"),
    "x5u": lambda f: f.with_header(x5u="https://attacker.example/chain.pem"),
    "x5c": lambda f: f.with_header(x5c=["AAAA"]),
    "crit with what everybody knows": lambda f: f.with_header(crit=["exp"]),
    "crit empty": lambda f: f.with_header(crit=[]),
    "b64 false": lambda f: f.with_header(crit=["b64"], b64=False),
    "zip": lambda f: f.with_header(zip="DEF"),
    "a member that nobody asked for": lambda f: f.with_header(hello=1),
    "no typ": lambda f: f.with_header(typ=WITHOUT),
    "typ JWT": lambda f: f.with_header(typ="JWT"),
    "typ in capitals": lambda f: f.with_header(typ=f.header["typ"].upper()),
    "typ with its prefix": lambda f: f.with_header(typ="application/" + f.header["typ"]),
    "typ in a list": lambda f: f.with_header(typ=[f.header["typ"]]),
    "typ of a status list": lambda f: f.with_header(typ="statuslist+jwt"),
    "alg twice": lambda f: f.from_bytes(_more(as_json(f.header), b', "alg": "ES256"'), as_json(f.claims)),
    "alg none first and ES256 behind": lambda f: f.from_bytes(
        b'{"alg": "none", ' + as_json(f.header)[1:], as_json(f.claims)
    ),
    "a header that is a list": lambda f: f.from_bytes(b'["ES256"]', as_json(f.claims)),
    "a header that is null": lambda f: f.from_bytes(b"null", as_json(f.claims)),
    "a header that is no JSON": lambda f: f.from_bytes(b"ES256", as_json(f.claims)),
    "a header in UTF-16": lambda f: f.from_bytes(as_json(f.header).decode().encode("utf-16"), as_json(f.claims)),
    "a header behind a byte order mark": lambda f: f.from_bytes(b"\xef\xbb\xbf" + as_json(f.header), as_json(f.claims)),
    "a header nested 1,000 deep": lambda f: f.from_bytes(
        _more(as_json(f.header), b', "x": ' + b"[" * 1000 + b"]" * 1000), b"{}"
    ),
}
DATES: dict[str, Recipe] = {
    **{
        f"{name} as {kind}": _claim(name, change)
        for name in ("iat", "nbf", "exp")
        for kind, change in {
            "a string": lambda date: str(date),  # noqa: PLW0108 -- one type for all
            "a float": lambda date: float(date),  # noqa: PLW0108 -- likewise
            "true": lambda _: True,
            "null": lambda _: None,
            "a list": lambda date: [date],
            "NaN": lambda _: float("nan"),
            "a number without end": lambda _: float("inf"),
            "a number of 300 digits": lambda _: 10**300,
            "a date that no calendar has": lambda _: 10**12,
        }.items()
    },
    "issued in the future": lambda f: f.with_claims(iat=f.now + 60),
    "not yet begun": lambda f: f.with_claims(nbf=f.now + 60),
    "no exp": lambda f: f.with_claims(exp=WITHOUT),
    "no iat": lambda f: f.with_claims(iat=WITHOUT),
}
EXPIRED: dict[str, Recipe] = {
    "exp exactly now": lambda f: f.with_claims(exp=f.now),
    "exp a second ago": lambda f: f.with_claims(exp=f.now - 1),
    "exp before there was time": lambda f: f.with_claims(exp=-(10**18)),
    "exp zero": lambda f: f.with_claims(exp=0),
}
CLAIMS: dict[str, Recipe] = {
    **{f"no {name}": _claim(name, lambda _: WITHOUT) for name in ("iss", "sub", "aud", "jti", "scope")},
    **{
        f"{name} as {kind}": _claim(name, change)
        for name in ("iss", "sub", "aud", "jti", "scope")
        for kind, change in {
            "a list": lambda text: [text],
            "a number": lambda _: 7,
            "null": lambda _: None,
            "text with a NUL": lambda text: text + "\x00",
            "text with half a character": lambda text: text + "\ud800",
        }.items()
    },
    "another issuer": lambda f: f.with_claims(iss="https://attacker.example"),
    "our issuer with a slash behind": lambda f: f.with_claims(iss=f.claims["iss"] + "/"),
    "our issuer in another case": lambda f: f.with_claims(iss=f.claims["iss"].upper()),
    "our issuer with its default port": lambda f: f.with_claims(iss="http://127.0.0.1"),
    "the subject twice": lambda f: f.from_bytes(as_json(f.header), _more(as_json(f.claims), b', "sub": "acc_2"')),
    "the subject twice, once with an escape": lambda f: f.from_bytes(
        as_json(f.header), _more(as_json(f.claims), b', "\\u0073ub": "acc_2"')
    ),
    "a name twice inside a claim": lambda f: f.from_bytes(
        as_json(f.header), _more(as_json(f.claims), b', "x": {"a": 1, "a": 2}')
    ),
    "claims nested 1,000 deep": lambda f: f.from_bytes(
        as_json(f.header), _more(as_json(f.claims), b', "x": ' + b"[" * 1000 + b"]" * 1000)
    ),
    "claims that are a list": lambda f: f.from_bytes(as_json(f.header), b"[1]"),
    "claims that are a number": lambda f: f.from_bytes(as_json(f.header), b"1"),
    "claims that are no JSON": lambda f: f.from_bytes(as_json(f.header), b"hello"),
    "claims with something behind": lambda f: f.from_bytes(as_json(f.header), as_json(f.claims) + b"{}"),
    "claims that are not UTF-8": lambda f: f.from_bytes(as_json(f.header), _more(as_json(f.claims), b', "x": "\xff"')),
    "claims in UTF-16": lambda f: f.from_bytes(as_json(f.header), as_json(f.claims).decode().encode("utf-16-le")),
    "claims behind a byte order mark": lambda f: f.from_bytes(as_json(f.header), b"\xef\xbb\xbf" + as_json(f.claims)),
    "a scope of 4 KiB": lambda f: f.with_claims(scope="post " * 900),
}
SPELLINGS: dict[str, Recipe] = {
    **{
        f"{part} with {kind}": _spelled(place, change)
        for place, part in enumerate(("header", "claims", "signature"))
        for kind, change in {
            "loose bits at its end": _loose,
            "padding": lambda text: text + "=" * (-len(text) % 4 or 4),
            "a line break inside": lambda text: text[:4] + "\n" + text[4:],
            "a blank before": lambda text: " " + text,
            "a mark that lenient decoders drop": lambda text: text[:4] + "!" + text[4:],
            "a NUL behind": lambda text: text + "\x00",
            "full-width letters": lambda text: text.translate(_FULL_WIDTH),
            "a percent escape": lambda text: f"%{ord(text[0]):02X}{text[1:]}",
            "one character more": lambda text: text + "A",
            "one character less": lambda text: text[:-1],
            "nothing in it": lambda _: "",
        }.items()
    },
    "claims in the standard alphabet of base64": lambda f: f.resigned_part(1, _standard_alphabet),
    "one part too many": lambda f: f.genuine + ".A",
    "one dot too many": lambda f: f.genuine + ".",
    "a dot before": lambda f: "." + f.genuine,
    "two tokens in one": lambda f: f"{f.genuine},{f.another}",
    "JWS in flattened JSON": _flattened,
    "JWS in general JSON": _general,
    "five parts as a JWE has": lambda f: (
        f"{b64(as_json({'alg': 'dir', 'enc': 'A256GCM', 'kid': f.ours.kid}))}..AAAA.AAAA.AAAA"
    ),
    "a JWE around the genuine token": lambda f: (
        f"{b64(as_json({'alg': 'ECDH-ES', 'enc': 'A256GCM', 'cty': 'JWT'}))}..AAAA.{b64(f.genuine.encode())}.AAAA"
    ),
    "a token inside a token": lambda f: f.from_bytes(as_json(f.header, {"cty": "JWT"}), f.genuine.encode()),
    "Bearer before it": lambda f: "Bearer " + f.genuine,
    "quotes around it": lambda f: f'"{f.genuine}"',
    "a blank that is no blank before it": lambda f: "\u00a0" + f.genuine,
    "a blank that is no blank behind it": lambda f: f.genuine + "\u0085",
    "a byte order mark before it": lambda f: "\ufeff" + f.genuine,
    "nothing": lambda _: "",
    "dots alone": lambda _: "..",
    "more than 4 KiB, signed with our key": lambda f: f.with_claims(pad="p" * 4000),
    "8 KiB of letters": lambda _: "A" * 8192,
}
SIGNATURES: dict[str, Recipe] = {
    "a signature of zeros": lambda f: f.with_signature(bytes(64)),
    "r zero": lambda f: f.with_numbers(lambda _r, s: (0, s)),
    "s zero": lambda f: f.with_numbers(lambda r, _s: (r, 0)),
    "r the order of the curve": lambda f: f.with_numbers(lambda _r, s: (ORDER, s)),
    "s the order of the curve": lambda f: f.with_numbers(lambda r, _s: (r, ORDER)),
    "s beyond the order": lambda f: f.with_numbers(
        lambda r, s: (r, s + ORDER if s + ORDER < 1 << 256 else (1 << 256) - 1)
    ),
    "r and s one": lambda f: f.with_numbers(lambda _r, _s: (1, 1)),
    "r and s changed places": lambda f: f.with_numbers(lambda r, s: (s, r)),
    "r turned to its negative": lambda f: f.with_numbers(lambda r, s: (ORDER - r, s)),
    "all bits set": lambda f: f.with_signature(b"\xff" * 64),
    "the signature in DER": lambda f: f.with_signature(der_of(f.signature)),
    "s with a zero before it": lambda f: f.with_signature(f.signature[:32] + b"\x00" + f.signature[32:]),
    "r with a zero before it": lambda f: f.with_signature(b"\x00" + f.signature),
    "a zero behind the signature": lambda f: f.with_signature(f.signature + b"\x00"),
    "the signature less a byte": lambda f: f.with_signature(f.signature[:-1]),
    "half of the signature": lambda f: f.with_signature(f.signature[:32]),
    "the signature twice": lambda f: f.with_signature(f.signature * 2),
    "the signature of another token": lambda f: _parts_of((f.genuine, 0), (f.genuine, 1), (f.another, 2)),
    "the claims of another token": lambda f: _parts_of((f.genuine, 0), (f.another, 1), (f.genuine, 2)),
    "the header of the other kind": lambda f: _parts_of((f.other_kind, 0), (f.genuine, 1), (f.genuine, 2)),
    "the claims of the other kind": lambda f: _parts_of((f.genuine, 0), (f.other_kind, 1), (f.other_kind, 2)),
    "the claims changed under the genuine signature": lambda f: f.part(
        1, lambda text: b64(as_json(json.loads(unb64(text)), {"exp": 4_000_000_000}))
    ),
}
FORGERIES: dict[str, Recipe] = {**UNSIGNED, **HEADERS, **DATES, **CLAIMS, **SPELLINGS, **SIGNATURES}
"""Refused as `token-invalid`, in process and over HTTP, whichever kind of token they were made of."""
MISUSES: dict[str, tuple[Recipe, str]] = {
    "an access token where a permit is asked for": (lambda f: f.other_kind, "token-invalid"),
    "the claims of an access token under the typ of a permit": (
        lambda f: f.from_bytes(as_json(f.header), unb64(f.other_kind.split(".")[1])),
        "token-invalid",
    ),
    "the account of another forum": (lambda f: f.with_claims(sub=f.foreign_subject), "token-invalid"),
    "an account that nobody has": (lambda f: f.with_claims(sub="acc_" + "0" * 32), "token-invalid"),
    "a scope that this version does not know": (lambda f: f.with_claims(scope="post fly"), "token-invalid"),
    "a scope that is a blank": (lambda f: f.with_claims(scope=" "), "token-invalid"),
    "an audience that is another forum": (lambda f: f.with_claims(aud="frm_" + "0" * 32), "wrong-audience"),
    "an audience in another case": (lambda f: f.with_claims(aud=f.claims["aud"].upper()), "wrong-audience"),
    "a permit that was taken back": (lambda f: f.revoked, "token-revoked"),
    "a taken-back jti under another expiry": (
        lambda f: f.from_bytes(
            as_json(f.header), as_json(json.loads(unb64(f.revoked.split(".")[1])), {"exp": f.now + 60})
        ),
        "token-revoked",
    ),
}
"""Well made, with our key even, and refused for what they say; `verify` names this reason. Made of a permit."""
ACCESS_MISUSES: dict[str, Recipe] = {
    "a permit where an access token is asked for": lambda f: f.other_kind,
    "the claims of a permit under the typ of an access token": lambda f: f.from_bytes(
        as_json(f.header), unb64(f.other_kind.split(".")[1])
    ),
    "an audience that is a forum": lambda f: f.with_claims(aud="frm_" + "0" * 32),
    "an audience that is our issuer with a slash": lambda f: f.with_claims(aud=f.claims["aud"] + "/"),
    "a client that nobody has": lambda f: f.with_claims(sub="cli_" + "0" * 32),
    "an account in the place of a client": lambda f: f.with_claims(sub="acc_" + "0" * 32),
    "an access token that was taken back": lambda f: f.revoked,
}
"""The same for access tokens; over HTTP each is `invalid-token`."""
