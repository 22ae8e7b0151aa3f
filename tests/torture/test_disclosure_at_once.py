"""Whoever asked sends the same execution many times at once: it is one. Source: L5h."""

from functools import partial
from time import monotonic, sleep

import httpx2
import pytest

from app.wiring import Services
from tests.support.at_once import at_once
from tests.support.disclosing import Office, open_office
from tests.support.forum import NAME, PERSON, ForumBackend
from tests.support.staff import StaffLogin
from tests.torture.form import Form

_PER_READER = 5
_SECONDS = 120


@pytest.fixture
def account(forum: ForumBackend) -> str:
    return str(forum.member("山间清风")["id"])


def test_an_approved_disclosure_is_executed_once_however_many_requests_come_at_once(
    services: Services, address: str, account: str, form: Form
) -> None:
    at_a_time, rounds = form.size(short=50, long=200), form.size(short=1, long=50)
    offices = [open_office(services, address, 2) for _ in range(-(-rounds // _PER_READER))]
    busy = sum(_executed_at_once(offices[turn // _PER_READER], account, at_a_time) for turn in range(rounds))
    read = [one["case"] for one in offices[0].on_record("identity.read")]
    done = [one["object"]["id"] for one in offices[0].on_record("disclosure.executed") if one["outcome"] == "done"]
    assert len(read) == rounds
    assert sorted(read) == sorted(done)
    form.tell(
        f"executions at once, {services.engine.dialect.name}",
        f"{rounds} disclosures, {at_a_time} requests at once for each: {rounds} executions, {busy} x 503",
    )


class _Patient(Office):
    """Asks again for as long as the service is crowded."""

    def post(
        self, who: StaffLogin, path: str, body: object | None = None, headers: dict[str, str] | None = None
    ) -> httpx2.Response:
        deadline = monotonic() + _SECONDS
        while (answer := super().post(who, path, body, headers)).status_code == httpx2.codes.SERVICE_UNAVAILABLE:
            assert monotonic() < deadline, answer.text
            sleep(int(answer.headers["retry-after"]))
        return answer


def _executed_at_once(office: Office, account: str, at_a_time: int) -> int:
    """How many heard that the service is crowded; everybody else saw the same, and so does who asks afterwards."""
    patient = _Patient(office.address, office.services, office.asker, office.approvers)
    disclosure_id = patient.approved(account)
    answers = at_once([partial(office.execute, disclosure_id) for _ in range(at_a_time)])
    assert {one.status_code for one in answers} <= {200, 503}
    shown = [one.json() for one in answers if one.status_code == httpx2.codes.OK]
    busy = at_a_time - len(shown)
    shown.append(patient.execute(disclosure_id).json())
    assert all(one["fields"] == {"name": NAME, "document_number": PERSON} for one in shown)
    assert len({one["receipt"]["entry"] for one in shown}) == 1
    return busy
