"""The main job, step by step: refused, verified, permitted, checked offline, suspended."""

import json
import secrets
from collections.abc import Callable

from app.demo.backend import Backend, Call, Login
from app.demo.offline import Json, check_signature
from app.forums.domain import Credentials

_PERSON = {"type": "resident_id", "number": "110199199003070017", "name": "测试甲"}
_PHONE = f"1400000{secrets.randbelow(8000) + 1000}"


class StepFailed(Exception):
    """A step did not answer as the contract says."""


class Stage:
    """Makes real requests, prints them with their answers, and stops at the first surprise."""

    def __init__(self, address: str, credentials: Credentials, say: Callable[[str], None]) -> None:
        self.backend = Backend(address, Login(credentials), "en", self._print)
        self._say = say
        self._number = 0

    def step(self, what: str) -> None:
        self._number += 1
        self._say(f"— {self._number}. {what}")

    def say(self, line: str) -> None:
        self._say(f"  {line}\n")

    def call(self, method: str, path: str, body: Json | None = None, *, expect: int) -> Json:
        """Raises `ServiceFailed`."""
        return self.backend.call(method, path, body, expect=(expect,))[1]

    def _print(self, call: Call) -> None:
        self._say(f"$ {call.method} {call.path}" + (f"\n  {_line(call.sent)}" if call.sent else ""))
        self.say(f"{call.status} {_line(call.received)}")


def play(stage: Stage) -> None:
    """Plays the whole main job. Raises `StepFailed`, `ServiceFailed`, `TokenRefused`."""
    stage.step("The forum's backend logs in")
    stage.backend.log_in()
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
    code = stage.backend.read_code(_PHONE)
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
    claims = check_signature(permit["token"], "posting+jwt", keys)
    stage.say(f"signature valid; claims {_line(claims)}")
    _require(not _person_in(json.dumps([claims, account, permit, verified], ensure_ascii=False)))

    stage.step("The forum suspends the account: the same permit is dead at once")
    stage.call("POST", f"/v1/accounts/{account['id']}/suspend", {"reason": "演示：刷屏"}, expect=200)
    verdict = stage.call("POST", "/v1/tokens/verify", {"token": permit["token"]}, expect=200)
    _require(verdict == {"active": False, "reason": "account-suspended"})
    stage.say("Done: a real person stood behind the handle, and the forum never learned who.")


def _require(as_promised: object) -> None:
    if not as_promised:
        raise StepFailed("the answer above is not what the contract promises")


def _person_in(text: str) -> bool:
    return any(value in text for value in (_PERSON["number"], _PERSON["name"], _PHONE))


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
