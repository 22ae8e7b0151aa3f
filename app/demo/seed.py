"""The first users and posts of the demo forum, made through the public API with identities of the sandbox.

It plays both sides: the forum's calls, and the people who prove their phones. Nothing of them is kept.
"""

import secrets
from dataclasses import dataclass

from app.demo.backend import Backend
from app.demo.offline import Json
from app.kernel.sentence import Sentence

_DOCUMENT = {"type": "hmt_residence_permit", "number": "830000190001010011", "name": "测试丙"}
_ITS_PHONE = "14000009001"
_OK, _CREATED, _CONFLICT = 200, 201, 409


@dataclass(frozen=True, slots=True)
class Seed:
    id: str
    handle: str
    agrees: bool = True
    has_phone: bool = True
    has_document: bool = False
    suspended: Sentence | None = None


SEEDS = (
    Seed("u-1", "山间清风", has_document=True),
    Seed("u-2", "溪边小筑"),
    Seed("u-3", "初来乍到", agrees=False, has_phone=False),
    Seed("u-4", "旧友", agrees=False),
    Seed("u-5", "夜话", suspended=Sentence("反复发广告", "Advertising, again and again")),
)
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
        _, agreement = backend.call("GET", "/v1/agreements/current?kind=user", expect=(_OK,))
        body = {"kind": "user", "version": agreement["version"]}
        backend.call("POST", f"{path}/agreements", body, expect=(_CREATED,))
    if seed.has_phone and account["identity"]["level"] == "none":
        _prove_phone(backend, seed)
    if seed.has_document and account["identity"]["level"] != "document":
        body = {"external_id": seed.id, "method": "id2", "document": _DOCUMENT}
        backend.call("POST", "/v1/verifications", body, expect=(_CREATED,))
    if seed.suspended and account["status"] != "suspended":
        backend.call("POST", f"{path}/suspend", {"reason": seed.suspended.zh}, expect=(_OK,))
    return backend.call("GET", path, expect=(_OK,))[1]


def _account(backend: Backend, seed: Seed) -> Json:
    body = {"handle": seed.handle, "external_id": seed.id}
    status, answer = backend.call("POST", "/v1/accounts", body, expect=(_CREATED, _CONFLICT))
    if status == _CREATED:
        return answer
    account: Json = backend.call("GET", f"/v1/accounts?external_id={seed.id}", expect=(_OK,))[1]["items"][0]
    return account


def _prove_phone(backend: Backend, seed: Seed) -> None:
    """The document's person keeps one phone, so that the same document serves again in a forum made anew."""
    phone = _ITS_PHONE if seed.has_document else f"1400000{secrets.randbelow(800) + 9100}"
    body = {"external_id": seed.id, "method": "phone_code", "phone": phone}
    _, sent = backend.call("POST", "/v1/verifications", body, expect=(_CREATED,))
    code = {"code": backend.read_code(phone)}
    backend.call("POST", f"/v1/verifications/{sent['id']}/code", code, expect=(_OK,))
