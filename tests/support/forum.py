"""A forum's backend as tests play it: it knows the contract and speaks HTTP, nothing else."""

import ssl
from typing import Any

import httpx2

from app.agreements.domain import AgreementKind
from app.forums.domain import Credentials
from app.kernel.ids import AccountId
from app.wiring import Services
from tests.support.joining import Joining

Json = dict[str, Any]
PERSON = "110199199003070017"
NAME = "测试甲"
ORGANISATION = "91110199MA00TEXT15"
NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Tests speak plain HTTP; reading the system's certificates would cost each client 30 ms."""
_AS_MANY_AS_ASK = httpx2.Limits(max_connections=None, max_keepalive_connections=None)


class ForumBackend:
    """One forum, logged in. `phone_code` reads the code where a person would: in the outbox.

    `within`: the services behind that address, where they run in this process. Who is only needed joins through them.
    """

    def __init__(
        self, address: str, credentials: Credentials, language: str = "en", within: Services | None = None
    ) -> None:
        self.address = address
        self.credentials = credentials
        self._joining = Joining(within, credentials) if within else None
        self.http = httpx2.Client(
            base_url=address,
            timeout=30,
            headers={"accept-language": language},
            verify=NO_CERTIFICATES,
            limits=_AS_MANY_AS_ASK,
        )
        self.staff_headers: dict[str, str] = {}
        """With which the same caller speaks as a member of the staff."""
        self.log_in()

    def log_in(self, scope: str | None = None) -> Json:
        form = {"grant_type": "client_credentials"} | ({"scope": scope} if scope else {})
        basic = (self.credentials.client_id, self.credentials.client_secret.reveal())
        answer: Json = self.http.post("/oauth/token", data=form, auth=basic).json()
        self.http.headers["authorization"] = f"Bearer {answer['access_token']}"
        return answer

    def post(self, path: str, body: object = None, **options: Any) -> httpx2.Response:
        return self.http.post(path, json=body, **options)

    def get(self, path: str, **options: Any) -> httpx2.Response:
        return self.http.get(path, **options)

    def register(self, handle: str, external_id: str | None = None) -> Json:
        body = {"handle": handle} | ({"external_id": external_id} if external_id else {})
        return _ok(self.post("/v1/accounts", body), 201)

    def account(self, account_id: str) -> Json:
        return _ok(self.get(f"/v1/accounts/{account_id}"), 200)

    def accept_agreement(self, account_id: str, kind: str = "user") -> Json:
        version = self.get(f"/v1/agreements/current?kind={kind}").json()["version"]
        path = f"/v1/accounts/{account_id}/agreements"
        return _ok(self.post(path, {"kind": kind, "version": version}), 201)

    def check_document(
        self, account_id: str, number: str = PERSON, name: str = NAME, kind: str = "resident_id"
    ) -> httpx2.Response:
        document = {"type": kind, "number": number, "name": name}
        return self.post("/v1/verifications", {"account_id": account_id, "method": "id2", "document": document})

    def mark_organisation(self, account_id: str, number: str = ORGANISATION, name: str = "测试公司") -> httpx2.Response:
        document = {"type": "uscc", "number": number, "name": name}
        return self.post(
            "/v1/verifications", {"account_id": account_id, "method": "organisation", "document": document}
        )

    def ask_code(self, account_id: str, phone: str) -> httpx2.Response:
        return self.post("/v1/verifications", {"account_id": account_id, "method": "phone_code", "phone": phone})

    def read_code(self, phone: str) -> str:
        """The newest code that was "sent" to this phone."""
        texts = [text for text in self.get("/dev/outbox.json").json() if text["to"] == phone and text["code"]]
        return str(texts[-1]["code"])

    def enter_code(self, verification_id: str, code: str) -> httpx2.Response:
        return self.post(f"/v1/verifications/{verification_id}/code", {"code": code})

    def phone_code(self, account_id: str, phone: str) -> Json:
        """Asks for a code, reads it, enters it; the verification as it ends."""
        asked = _ok(self.ask_code(account_id, phone), 201)
        return _ok(self.enter_code(asked["id"], self.read_code(phone)), 200)

    def token(self, account_id: str, scope: str = "post") -> httpx2.Response:
        return self.post("/v1/tokens", {"account_id": account_id, "scope": scope})

    def judge(self, token: str, **more: str) -> httpx2.Response:
        return self.post("/v1/tokens/verify", {"token": token, **more})

    def verify_token(self, token: str, **more: str) -> Json:
        return _ok(self.judge(token, **more), 200)

    def member(self, handle: str, number: str = PERSON) -> Json:
        """An account that may post: agreement accepted, document verified."""
        if self._joining:
            account_id = self._joining.register(handle)
            return self._joined(self._joining, account_id, number, (AgreementKind.USER,))
        account = self.register(handle)
        self.accept_agreement(account["id"])
        verified = _ok(self.check_document(account["id"], number), 201)
        assert verified["outcome"] == "verified", verified
        return self.account(account["id"])

    def moderator_to_be(
        self, handle: str, number: str = PERSON, phone: str | None = None, external_id: str | None = None
    ) -> Json:
        """A member who may be put on record: verified by document and bound by the moderator agreement."""
        if self._joining:
            account_id = self._joining.register(handle, external_id)
            if phone is not None:
                assert self.phone_code(account_id, phone)["outcome"] == "verified"
            return self._joined(self._joining, account_id, number, (AgreementKind.USER, AgreementKind.MODERATOR))
        account = self.register(handle, external_id)
        self.accept_agreement(account["id"])
        self.accept_agreement(account["id"], "moderator")
        if phone is not None:
            assert self.phone_code(account["id"], phone)["outcome"] == "verified"
        verified = _ok(self.check_document(account["id"], number), 201)
        assert verified["outcome"] == "verified", verified
        return self.account(account["id"])

    def _joined(self, joining: Joining, account_id: AccountId, number: str, kinds: tuple[AgreementKind, ...]) -> Json:
        joining.accept(account_id, kinds)
        joining.check(account_id, number, NAME)
        return self.account(account_id)

    def board(self, founder_id: str, slug: str = "tea", **more: object) -> Json:
        body = {"slug": slug, "name": "茶馆", "description": "喝茶聊天", "founder": {"account_id": founder_id}, **more}
        return _ok(self.post("/v1/boards", body), 201)

    def manager(self, account_id: str, board: str = "tea") -> Json:
        """Puts an account on record as a manager."""
        body = {"account_id": account_id, "role": "manager"}
        return _ok(self.post(f"/v1/boards/{board}/moderators", body), 201)

    def moderators(self, **query: str) -> list[Json]:
        page: Json = _ok(self.get("/v1/moderators", params=query), 200)
        return list(page["items"])

    def moderate(self, account_id: str, board: str = "tea") -> httpx2.Response:
        return self.post("/v1/tokens", {"account_id": account_id, "scope": "moderate", "board": board})


def reasons_of(refused: httpx2.Response) -> list[str]:
    """The codes of every reason for which a permit was refused."""
    assert refused.status_code == 403, refused.text
    assert refused.json()["code"] == "posting-denied"
    return [str(reason["code"]) for reason in refused.json()["reasons"]]


def _ok(response: httpx2.Response, status: int) -> Json:
    assert response.status_code == status, response.text
    answer: Json = response.json()
    return answer


_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def sandbox_number(sequence: int, birth: str = "19900307", address: str = "110199") -> str:
    """A checksum-correct sandbox number; `sequence` is 0-999."""
    body = f"{address}{birth}{sequence:03d}"
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, body, strict=True))
    return body + "10X98765432"[total % 11]


_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def organisation_code(authority: str = "91", organisation: str = "MA00TEXT1", address: str = "110199") -> str:
    """A checksum-correct sandbox code of an organisation."""
    body = f"{authority}{address}{organisation}"
    total = sum(3**place * _USCC_ALPHABET.index(mark) for place, mark in enumerate(body))
    return body + _USCC_ALPHABET[-total % 31]
