"""The people that a disclosure takes, and the steps it goes through, over HTTP."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta

import httpx2
from sqlalchemy import select

from app.audit.search import Question
from app.disclosure.models import DisclosureExecutionRow, DisclosureRow
from app.kernel.actor import OPERATOR
from app.staff.domain import Face
from app.wiring import Services
from tests.support.forum import Json
from tests.support.staff import StaffLogin, make_staff, open_session

PATH = "/v1/staff/disclosures"
MADE_UP = "made-up"
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
        """The id of a request that two have approved: written at once, without waiting for the audit log."""
        disclosure_id, docket = self.ask(account_id, **other), self.services.disclosures.requests._docket
        for one in self.approvers[:2]:
            with self.services.unit_of_work.begin(one.member().as_actor()) as tx:
                docket.approve(tx, docket.seen(tx, disclosure_id).disclosure.request, one.staff_id)
        return disclosure_id

    def opened_before(self, count: int, **ago: float) -> None:
        """So many identities that the asker has opened so long ago, of nobody in particular."""
        with self.services.unit_of_work.begin(OPERATOR) as tx:
            template = tx.session.scalars(select(DisclosureRow)).first()
            assert template is not None
            columns = {column.key: getattr(template, column.key) for column in DisclosureRow.__table__.columns}
            made = [DisclosureRow(**{**columns, "id": f"dsc_{number:032x}"}) for number in range(count)]
            tx.session.add_all(made)
            tx.session.flush()
            at = tx.now - timedelta(**ago)
            tx.session.add_all(
                DisclosureExecutionRow(
                    disclosure_id=one.id, reader_id=self.asker.staff_id, entry_id=MADE_UP, started_at=at, seal=b""
                )
                for one in made
            )

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
