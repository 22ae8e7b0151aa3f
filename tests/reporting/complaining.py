"""Whoever complains, without an account; and what staff do with it."""

from dataclasses import dataclass

import httpx2

from tests.support.forum import Json

CASES = "/v1/staff/complaints"


def ok(answer: httpx2.Response, status: int = 200) -> Json:
    assert answer.status_code == status, answer.text
    found: Json = answer.json()
    return found


def refusal(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@dataclass(frozen=True)
class Anybody:
    http: httpx2.Client
    forum_id: str

    def files(self, **changes: object) -> httpx2.Response:
        body: Json = {
            "forum_id": self.forum_id,
            "category": "fraud",
            "target": {"kind": "content", "ref": "post-17"},
            "description": "楼主让我先付款。",
            **changes,
        }
        return self.http.post("/v1/complaints", json=body)

    def code(self, **changes: object) -> str:
        code: str = ok(self.files(**changes), 201)["tracking_code"]
        return code

    def tracks(self, code: str) -> httpx2.Response:
        return self.http.post("/v1/complaints/track", json={"tracking_code": code})

    def status(self, code: str) -> str:
        said: str = ok(self.tracks(code))["status"]
        return said

    def says(self, code: str, text: str) -> httpx2.Response:
        return self.http.post("/v1/complaints/message", json={"tracking_code": code, "text": text})

    def appeals(self, code: str, grounds: str = "请换人再看。") -> httpx2.Response:
        return self.http.post("/v1/complaints/appeal", json={"tracking_code": code, "grounds": grounds})


def waiting(staff: httpx2.Client, **query: str) -> list[Json]:
    return list(ok(staff.get(CASES, params=query))["items"])


def act(staff: httpx2.Client, case_id: str, what: str, **body: object) -> httpx2.Response:
    return staff.post(f"{CASES}/{case_id}/{what}", json=body)


def decide(staff: httpx2.Client, case_id: str, outcome: str, reason: str = "other", **more: object) -> httpx2.Response:
    version = ok(staff.get(f"{CASES}/{case_id}"))["version"]
    return act(staff, case_id, "decide", **{"version": version, "outcome": outcome, "reason": reason, **more})
