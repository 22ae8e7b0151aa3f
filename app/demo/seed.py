"""The first users and posts of the demo forum, made through the public API with identities of the sandbox.

It plays both sides: the forum's calls, and the people who prove their phones. Nothing of them is kept.
"""

import secrets
from dataclasses import dataclass

from app.demo.backend import Backend
from app.demo.offline import Json
from app.kernel.sentence import Sentence

_OK, _CREATED, _NOT_FOUND, _CONFLICT = 200, 201, 404, 409


@dataclass(frozen=True, slots=True)
class Person:
    """Who stands behind a user, out of the sandbox: one document and one phone, so that both serve again."""

    type: str
    number: str
    name: str
    phone: str


@dataclass(frozen=True, slots=True)
class Seed:
    id: str
    handle: str
    agrees: bool = True
    has_phone: bool = True
    person: Person | None = None
    suspended: Sentence | None = None


@dataclass(frozen=True, slots=True)
class SeededBoard:
    """`lapsed` manages it, and has been told to re-verify at once: without a grace period the powers are off."""

    slug: str
    name: str
    description: str
    founder: str
    grace_days: int | None = None
    lapsed: str | None = None


SEEDS = (
    Seed("u-1", "山间清风", person=Person("hmt_residence_permit", "830000190001010011", "测试丙", "14000009001")),
    Seed("u-2", "溪边小筑"),
    Seed("u-3", "初来乍到", agrees=False, has_phone=False),
    Seed("u-4", "旧友", agrees=False),
    Seed("u-5", "夜话", suspended=Sentence("反复发广告", "Advertising, again and again")),
    Seed("u-6", "望山", person=Person("resident_id", "11019919850612406X", "测试乙", "14000009002")),
)
PEOPLE = {seed.id: seed.person for seed in SEEDS if seed.person}
SEEDED_BOARDS = (
    SeededBoard("square", "广场", "什么都可以聊。", "u-1"),
    SeededBoard("market", "二手", "转让和求购。", "u-1", grace_days=0, lapsed="u-6"),
)
_REASON = "演示：定期核验"
SEEDED_POSTS = (
    (
        "u-2",
        "square",
        Sentence("周末去哪儿走走？", "Where to walk this weekend?"),
        Sentence("想找一条两三个小时、能带孩子的路。", "Two or three hours, good for children."),
    ),
    (
        "u-1",
        "square",
        Sentence("河边的栈道修好了", "The path along the river is open again"),
        Sentence("从南门进，走到头再原路返回，正好两个小时。", "From the south gate to its end and back: two hours."),
    ),
    (
        "u-1",
        "market",
        Sentence("送一张书桌", "A desk to give away"),
        Sentence("搬家，自取，桌面有一道划痕。", "We are moving. Come and fetch it; there is a scratch on the top."),
    ),
)


def make(backend: Backend, seed: Seed) -> Json:
    """The account in its state: whatever is there already is left, what is missing is made. Raises `ServiceFailed`."""
    account = _account(backend, seed)
    path = f"/v1/accounts/{account['id']}"
    if seed.agrees and account["agreement"]["accepted_version"] is None:
        _agree(backend, account["id"], "user")
    if seed.has_phone and account["identity"]["level"] == "none":
        _prove_phone(backend, seed)
    if seed.person and account["identity"]["level"] != "document":
        document = {"type": seed.person.type, "number": seed.person.number, "name": seed.person.name}
        body = {"external_id": seed.id, "method": "id2", "document": document}
        backend.call("POST", "/v1/verifications", body, expect=(_CREATED,))
    if seed.suspended and account["status"] != "suspended":
        backend.call("POST", f"{path}/suspend", {"reason": seed.suspended.zh}, expect=(_OK,))
    return backend.call("GET", path, expect=(_OK,))[1]


def make_board(backend: Backend, wanted: SeededBoard) -> Json:
    """The board with its moderators, after its users: what is there already is left. Raises `ServiceFailed`."""
    status, board = backend.call("GET", f"/v1/boards/{wanted.slug}", expect=(_OK, _NOT_FOUND))
    if status == _NOT_FOUND:
        _agree(backend, _find(backend, wanted.founder)["id"], "moderator")
        body: Json = {"slug": wanted.slug, "name": wanted.name, "description": wanted.description}
        body |= {"founder": {"external_id": wanted.founder}, "grace_days": wanted.grace_days}
        board = backend.call("POST", "/v1/boards", body, expect=(_CREATED,))[1]
    if wanted.lapsed:
        _lapse(backend, wanted.slug, wanted.lapsed)
    return board


def order(moderator_id: str) -> Json:
    """To prove themselves again at once."""
    return {"scope": {"moderator_id": moderator_id}, "reason": _REASON, "due_in_days": 0}


def _lapse(backend: Backend, board: str, user: str) -> None:
    """Puts a manager on record and has them re-verify at once; who was told so before is told nothing more."""
    moderators = backend.call("GET", f"/v1/boards/{board}/moderators", expect=(_OK,))[1]["items"]
    office = next((one for one in moderators if one["external_id"] == user), None)
    if office is None:
        _agree(backend, _find(backend, user)["id"], "moderator")
        filing = {"external_id": user, "role": "manager"}
        office = backend.call("POST", f"/v1/boards/{board}/moderators", filing, expect=(_CREATED,))[1]
    path = f"/v1/moderators/{office['id']}/history"
    if "ordered" not in {entry["what"] for entry in backend.call("GET", path, expect=(_OK,))[1]["items"]}:
        backend.call("POST", "/v1/reverifications", order(office["id"]), expect=(_CREATED,))


def _agree(backend: Backend, account_id: str, kind: str) -> None:
    _, agreement = backend.call("GET", f"/v1/agreements/current?kind={kind}", expect=(_OK,))
    body = {"kind": kind, "version": agreement["version"]}
    backend.call("POST", f"/v1/accounts/{account_id}/agreements", body, expect=(_CREATED,))


def _account(backend: Backend, seed: Seed) -> Json:
    body = {"handle": seed.handle, "external_id": seed.id}
    status, answer = backend.call("POST", "/v1/accounts", body, expect=(_CREATED, _CONFLICT))
    return answer if status == _CREATED else _find(backend, seed.id)


def _find(backend: Backend, user: str) -> Json:
    account: Json = backend.call("GET", f"/v1/accounts?external_id={user}", expect=(_OK,))[1]["items"][0]
    return account


def _prove_phone(backend: Backend, seed: Seed) -> None:
    phone = seed.person.phone if seed.person else f"1400000{secrets.randbelow(800) + 9100}"
    body = {"external_id": seed.id, "method": "phone_code", "phone": phone}
    _, sent = backend.call("POST", "/v1/verifications", body, expect=(_CREATED,))
    code = {"code": backend.read_code(phone)}
    backend.call("POST", f"/v1/verifications/{sent['id']}/code", code, expect=(_OK,))
