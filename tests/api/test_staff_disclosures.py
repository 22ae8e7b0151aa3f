"""Disclosures over HTTP: asked for, approved by two others, opened once, with a receipt."""

import pytest

from app.wiring import Services
from tests.support.disclosing import WANTED, Office, open_office
from tests.support.forum import NAME, PERSON, ForumBackend


@pytest.fixture
def office(services: Services, address: str) -> Office:
    return open_office(services, address)


def test_an_identity_is_opened_by_whoever_asked_once_two_others_have_approved(
    office: Office, forum: ForumBackend
) -> None:
    account = forum.member("山间清风")
    disclosure_id = office.ask(account["id"])
    seen = office.get(office.approvers[0], f"/{disclosure_id}").json()
    assert (seen["state"], seen["approvals_needed"], seen["authority"]) == ("requested", 2, WANTED["authority"])
    first = office.approve(disclosure_id)
    assert (first.status_code, first.json()["state"]) == (200, "requested"), first.text
    assert office.approve(disclosure_id, by=1).json()["state"] == "approved"
    opened = office.execute(disclosure_id)
    assert opened.status_code == 200, opened.text
    assert opened.json()["fields"] == {"name": NAME, "document_number": PERSON}
    assert opened.headers["cache-control"] == "no-store"
    after = office.get(office.asker, f"/{disclosure_id}").json()
    assert after["state"] == "executed"
    assert [one["counts"] for one in after["approvals"]] == [True, True]
    assert PERSON not in str(after)
