"""The main job, step by step: refused, verified, permitted, checked offline, suspended."""

import base64
import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any

import httpx2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256

from app.forums.domain import Credentials

_PERSON = {"type": "resident_id", "number": "110199199003070017", "name": "测试甲"}
_PHONE = f"1400000{secrets.randbelow(8000) + 1000}"
_HIDDEN = ("access_token", "client_secret", "token")
_SHOWN_TOKEN = 24
_SHOWN_TEXT = 60
Json = dict[str, Any]


class StepFailed(Exception):
    """A step did not answer as the contract says."""


class Stage:
    """Makes real requests, prints them with their answers, and stops at the first surprise."""

    def __init__(self, address: str, say: Callable[[str], None]) -> None:
        self._http = httpx2.Client(base_url=address, timeout=20, headers={"accept-language": "en"})
        self._say = say
        self._number = 0

    def step(self, what: str) -> None:
        self._number += 1
        self._say(f"— {self._number}. {what}")

    def say(self, line: str) -> None:
        self._say(f"  {line}\n")

    def call(self, method: str, path: str, body: Json | None = None, *, expect: int) -> Json:
        self._say(f"$ {method} {path}" + (f"\n  {_shown(body)}" if body else ""))
        return self._answer(self._http.request(method, path, json=body), expect)

    def _answer(self, response: httpx2.Response, expect: int) -> Json:
        answer: Json = response.json()
        self._say(f"  {response.status_code} {_shown(answer)}\n")
        if response.status_code != expect:
            raise StepFailed(f"{response.request.url.path} answered {response.status_code}, not {expect}")
        return answer

    def log_in(self, credentials: Credentials) -> None:
        form = {"grant_type": "client_credentials"}
        self._say("$ POST /oauth/token (HTTP Basic: client id and secret)\n  grant_type=client_credentials")
        basic = (credentials.client_id, credentials.client_secret.reveal())
        answer = self._answer(self._http.post("/oauth/token", data=form, auth=basic), httpx2.codes.OK)
        self._http.headers["authorization"] = f"Bearer {answer['access_token']}"

    def read_phone(self) -> str:
        """The newest code that was "sent" to the demonstration's phone; not printed, it is the person's."""
        response = self._http.get("/dev/outbox.json")
        texts = [text for text in response.json() if text["to"] == _PHONE] if response.is_success else []
        if not texts:
            raise StepFailed("the demonstration needs a service in development, whose texts it can read")
        return str(texts[-1]["code"])


def play(stage: Stage, credentials: Credentials) -> None:
    """Plays the whole main job. Raises `StepFailed`."""
    stage.step("The forum's backend logs in")
    stage.log_in(credentials)
    user = f"demo-{secrets.token_hex(4)}"

    stage.step("A user chooses a handle; nobody stands behind it yet")
    handle = f"山间清风_{secrets.token_hex(2)}"
    account = stage.call("POST", "/v1/accounts", {"handle": handle, "external_id": user}, expect=201)
    path = f"/v1/accounts/{account['id']}"

    stage.step("They try to post: refused, with every reason and what to do")
    refusal = stage.call("POST", "/v1/tokens", {"external_id": user, "scope": "post"}, expect=403)
    _require({"identity-unverified", "agreement-not-accepted"} == {reason["code"] for reason in refusal["reasons"]})

    stage.step("They read and accept the agreement")
    agreement = stage.call("GET", "/v1/agreements/current?kind=user", expect=200)
    accepted = {"kind": "user", "version": agreement["version"]}
    stage.call("POST", f"{path}/agreements", accepted, expect=201)

    stage.step("They prove a phone: a code is sent (in development to /dev/outbox.json) and entered")
    sent = stage.call(
        "POST", "/v1/verifications", {"external_id": user, "method": "phone_code", "phone": _PHONE}, expect=201
    )
    code = stage.read_phone()
    verified = stage.call("POST", f"/v1/verifications/{sent['id']}/code", {"code": code}, expect=200)
    _require(verified["level"] == "phone")

    stage.step("They verify with a document; the name and number are sealed, the forum learns a level")
    asked = {"external_id": user, "method": "id2", "document": _PERSON}
    verified = stage.call("POST", "/v1/verifications", asked, expect=201)
    _require(verified["level"] == "document")

    _post(stage, user, account, verified)


def _post(stage: Stage, user: str, account: Json, verified: Json) -> None:
    stage.step("They post: the forum gets a permit")
    permit = stage.call("POST", "/v1/tokens", {"external_id": user, "scope": "post reply"}, expect=201)

    stage.step("The forum checks the permit by itself, with the published key and no further call")
    keys = stage.call("GET", "/.well-known/jwks.json", expect=200)
    claims = _check_offline(permit["token"], keys)
    stage.say(f"signature valid; claims {_shown(claims)}")
    _require(not _person_in(json.dumps([claims, account, permit, verified], ensure_ascii=False)))

    stage.step("The forum suspends the account: the same permit is dead at once")
    stage.call("POST", f"/v1/accounts/{account['id']}/suspend", {"reason": "演示：刷屏"}, expect=200)
    verdict = stage.call("POST", "/v1/tokens/verify", {"token": permit["token"]}, expect=200)
    _require(verdict == {"active": False, "reason": "account-suspended"})
    stage.say("Done: a real person stood behind the handle, and the forum never learned who.")


def _check_offline(token: str, keys: Json) -> Json:
    """What a forum does: the public key by `kid`, one ES256 signature."""
    header, claims, signature = token.split(".")
    kid = json.loads(_decode(header))["kid"]
    key = next(key for key in keys["keys"] if key["kid"] == kid)
    x, y = (int.from_bytes(_decode(key[name])) for name in ("x", "y"))
    raw = _decode(signature)
    der = utils.encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    try:
        public.verify(der, f"{header}.{claims}".encode(), ec.ECDSA(SHA256()))
    except InvalidSignature:
        raise StepFailed("the signature is not valid") from None
    found: Json = json.loads(_decode(claims))
    return found


def _decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _require(as_promised: object) -> None:
    if not as_promised:
        raise StepFailed("the answer above is not what the contract promises")


def _person_in(text: str) -> bool:
    return any(value in text for value in (_PERSON["number"], _PERSON["name"], _PHONE))


def _shown(value: object) -> str:
    return json.dumps(_shortened(value), ensure_ascii=False)


def _shortened(value: object) -> object:
    if isinstance(value, Mapping):
        return {
            name: _cut(str(member), _SHOWN_TOKEN) if name in _HIDDEN else _shortened(member)
            for name, member in value.items()
        }
    if isinstance(value, list):
        return [_shortened(member) for member in value]
    return _cut(value, _SHOWN_TEXT * 2) if isinstance(value, str) else value


def _cut(text: str, length: int) -> str:
    text = text.replace("\n", " ")
    return text if len(text) <= length else f"{text[:length]}…"
