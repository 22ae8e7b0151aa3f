"""The main job, step by step: refused, verified, permitted, suspended; and a moderator whose time runs out."""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from app.demo.backend import Backend, Call, Login
from app.demo.offline import Json, check_signature
from app.forums.domain import Credentials

_CHECK_CHARACTERS = "10X98765432"


class StepFailed(Exception):
    """A step did not answer as the contract says."""


@dataclass(frozen=True, slots=True)
class Somebody:
    """A user of the forum, and the person out of the sandbox who is behind them: another one in every run."""

    user: str
    phone: str
    document: Json


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
    _post(stage, _somebody())
    _moderate(stage, _somebody())
    stage.say("Done: a real person stood behind each handle, and the forum never learned who.")


def _post(stage: Stage, poster: Somebody) -> None:
    user = poster.user

    stage.step("A user chooses a handle; nobody stands behind it yet")
    handle = f"山间清风_{secrets.token_hex(2)}"
    account = stage.call("POST", "/v1/accounts", {"handle": handle, "external_id": user}, expect=201)
    path = f"/v1/accounts/{account['id']}"

    stage.step("They try to post: refused, with every reason and what to do")
    refusal = stage.call("POST", "/v1/tokens", {"external_id": user, "scope": "post"}, expect=403)
    _require({"identity-unverified", "agreement-not-accepted"} == {reason["code"] for reason in refusal["reasons"]})

    stage.step("They read and accept the agreement")
    _agree(stage, path, "user")
    _prove(stage, poster)
    stage.step("They verify with a document; the name and number are sealed, the forum learns a level")
    verified = _show_document(stage, poster)

    stage.step("They post: the forum gets a permit")
    permit = stage.call("POST", "/v1/tokens", {"external_id": user, "scope": "post reply"}, expect=201)

    stage.step("The forum checks the permit by itself, with the published key and no further call")
    keys = stage.call("GET", "/.well-known/jwks.json", expect=200)
    claims = check_signature(permit["token"], "posting+jwt", keys)
    stage.say(f"signature valid; claims {_line(claims)}")
    _require(not _identity_in(poster, [claims, account, permit, verified]))

    stage.step("The forum suspends the account: the same permit is dead at once")
    stage.call("POST", f"{path}/suspend", {"reason": "演示：刷屏"}, expect=200)
    verdict = stage.call("POST", "/v1/tokens/verify", {"token": permit["token"]}, expect=200)
    _require(verdict == {"active": False, "reason": "account-suspended"})


def _moderate(stage: Stage, founder: Somebody) -> None:
    stage.step("Another user is to have a board of their own: verified by document, bound by both agreements")
    handle = f"望山_{secrets.token_hex(2)}"
    account = stage.call("POST", "/v1/accounts", {"handle": handle, "external_id": founder.user}, expect=201)
    for kind in ("user", "moderator"):
        _agree(stage, f"/v1/accounts/{account['id']}", kind)
    _prove(stage, founder)
    stage.step("They verify with a document; nobody else's will do for them from now on")
    _show_document(stage, founder)

    stage.step("The board is made, and its founder put on record (备案) in the same act; no grace after a due date")
    board = f"tea-{secrets.token_hex(2)}"
    made = {"slug": board, "name": "茶馆", "description": "喝茶聊天", "founder": {"external_id": founder.user}}
    stage.call("POST", "/v1/boards", made | {"grace_days": 0}, expect=201)
    moderators = stage.call("GET", f"/v1/boards/{board}/moderators", expect=200)["items"]
    _require([one["state"] for one in moderators] == ["current"])

    stage.step("They moderate: the forum gets a permit for that board")
    asked = {"external_id": founder.user, "scope": "moderate", "board": board}
    permit = stage.call("POST", "/v1/tokens", asked, expect=201)

    stage.step("The forum has them verified again, at once: the powers are off, and the permit is dead")
    order = {"scope": {"moderator_id": moderators[0]["id"]}, "reason": "演示：定期核验", "due_in_days": 0}
    stage.call("POST", "/v1/reverifications", order, expect=201)
    refusal = stage.call("POST", "/v1/tokens", asked, expect=403)
    _require([reason["code"] for reason in refusal["reasons"]] == ["moderator-suspended"])
    verdict = stage.call("POST", "/v1/tokens/verify", {"token": permit["token"]}, expect=200)
    _require(verdict == {"active": False, "reason": "moderator-suspended"})

    stage.step("They re-verify with the same document, their phone proved a moment ago")
    _show_document(stage, founder)

    stage.step("They moderate again")
    permit = stage.call("POST", "/v1/tokens", asked, expect=201)
    _require(not _identity_in(founder, [account, moderators, permit]))


def _agree(stage: Stage, path: str, kind: str) -> None:
    agreement = stage.call("GET", f"/v1/agreements/current?kind={kind}", expect=200)
    stage.call("POST", f"{path}/agreements", {"kind": kind, "version": agreement["version"]}, expect=201)


def _prove(stage: Stage, somebody: Somebody) -> None:
    stage.step("They prove a phone: a code is sent (in development to /dev/outbox.json) and entered")
    asked = {"external_id": somebody.user, "method": "phone_code", "phone": somebody.phone}
    sent = stage.call("POST", "/v1/verifications", asked, expect=201)
    code = stage.backend.read_code(somebody.phone)
    verified = stage.call("POST", f"/v1/verifications/{sent['id']}/code", {"code": code}, expect=200)
    _require(verified["level"] == "phone")


def _show_document(stage: Stage, somebody: Somebody) -> Json:
    asked = {"external_id": somebody.user, "method": "id2", "document": somebody.document}
    verified = stage.call("POST", "/v1/verifications", asked, expect=201)
    _require((verified["outcome"], verified["level"]) == ("verified", "document"))
    return verified


def _somebody() -> Somebody:
    """Of age, with a number that the sandbox knows; as a document serves one person, the phone is theirs alone too."""
    born = date(1960, 1, 1) + timedelta(days=secrets.randbelow(365 * 30))
    body = f"110199{born:%Y%m%d}{secrets.randbelow(1000):03d}"
    check = sum(int(digit) * 2 ** (len(body) - place) for place, digit in enumerate(body))
    number = f"{body}{_CHECK_CHARACTERS[check % len(_CHECK_CHARACTERS)]}"
    phone = f"1400000{secrets.randbelow(8000) + 1000}"
    return Somebody(f"demo-{secrets.token_hex(4)}", phone, {"type": "resident_id", "number": number, "name": "测试甲"})


def _require(as_promised: object) -> None:
    if not as_promised:
        raise StepFailed("the answer above is not what the contract promises")


def _identity_in(somebody: Somebody, answers: list[object]) -> bool:
    said = json.dumps(answers, ensure_ascii=False)
    return any(value in said for value in (somebody.document["number"], somebody.document["name"], somebody.phone))


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
