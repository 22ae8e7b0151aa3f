"""The people that a disclosure takes, and the steps it goes through, over HTTP."""

from collections import Counter
from dataclasses import dataclass, replace

import httpx2

from app.audit.search import Question
from app.kernel.actor import OPERATOR
from app.staff.domain import Face
from app.wiring import Services
from tests.support.forum import Json
from tests.support.staff import StaffLogin, make_staff, open_session

PATH = "/v1/staff/disclosures"
WANTED: Json = {
    "fields": ["name", "document_number"],
    "authority": "沙箱市公安局网安支队",
    "instrument_no": "沙公（网）调证字〔2026〕1号",
    "legal_basis": "《网络安全法》第二十八条",
    "purpose": "lawful_request",
}


@dataclass(frozen=True)
class Office:
    """Whoever asks, and those who approve; all signed in at the API."""

    address: str
    services: Services
    asker: StaffLogin
    approvers: tuple[StaffLogin, ...]

    def post(
        self, who: StaffLogin, path: str, body: object | None = None, headers: dict[str, str] | None = None
    ) -> httpx2.Response:
        with who.http(self.address) as http:
            return http.post(f"{PATH}{path}", json=body, headers=headers or {})

    def get(self, who: StaffLogin, path: str = "", **params: str) -> httpx2.Response:
        with who.http(self.address) as http:
            return http.get(f"{PATH}{path}", params=params)

    def ask(self, account_id: str, **other: object) -> str:
        """The id of a new request."""
        made = self.post(self.asker, "", {**WANTED, "account_id": account_id, **other})
        assert made.status_code == 201, made.text
        return str(made.json()["id"])

    def again(self) -> "Office":
        """The same people, signed in anew: a session is over after a quarter of an hour."""
        return replace(self, asker=self.anew(self.asker), approvers=tuple(map(self.anew, self.approvers)))

    def anew(self, who: StaffLogin) -> StaffLogin:
        with self.services.unit_of_work.begin(OPERATOR) as tx:
            return replace(who, token=open_session(self.services, tx, who.staff_id, Face.API))

    def approve(self, disclosure_id: str, by: int = 0) -> httpx2.Response:
        return self.post(self.approvers[by], f"/{disclosure_id}/approve")

    def approved(self, account_id: str, **other: object) -> str:
        """The id of a request that two have approved."""
        disclosure_id = self.ask(account_id, **other)
        for by in range(2):
            done = self.approve(disclosure_id, by)
            assert done.status_code == 200, done.text
        return disclosure_id

    def execute(self, disclosure_id: str, who: StaffLogin | None = None) -> httpx2.Response:
        return self.post(who or self.asker, f"/{disclosure_id}/execute")

    def on_record(self, action: str | None = None) -> list[Json]:
        """Entries of disclosures and readings, in no order where the clock stands still."""
        self.services.audit.sequencer.catch_up()
        found = [one.entry for one in self.services.audit.search.find(Question(), 10_000) if one.entry]
        mine = [one for one in found if str(one["action"]).partition(".")[0] in {"disclosure", "identity"}]
        return [one for one in mine if action in {None, one["action"]}]

    def refusals(self) -> Counter[tuple[str, str]]:
        """How often what was refused, by act and ground."""
        return Counter((one["action"], one["reason"]) for one in self.on_record() if one["outcome"] == "refused")


def open_office(services: Services, address: str, approvers: int = 3) -> Office:
    asker = make_staff(services, "compliance")
    return Office(address, services, asker, tuple(make_staff(services, "privacy") for _ in range(approvers)))
