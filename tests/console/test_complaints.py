"""Complaints and appeals at the console: worked through from the queue, by whom it is not about and nobody twice."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx2
import pytest

from app.wiring import Services
from tests.reporting.complaining import Anybody
from tests.support.clock import FakeClock
from tests.support.console import AtConsole
from tests.support.forum import NO_CERTIFICATES, ForumBackend
from tests.support.staff import StaffLogin, make_staff

HERE = "/console/complaints"
_HOSTILE = '<script>alert(1)</script>=HYPERLINK("x")'


@dataclass(frozen=True)
class Desk:
    """Whoever complains, and what is open."""

    services: Services
    anybody: Anybody

    def only(self) -> str:
        """The id of the one case that is open to somebody whom none concerns."""
        who = make_staff(self.services, "reviewer")
        with who.http(str(self.anybody.http.base_url)) as http:
            (case,) = http.get("/v1/staff/complaints").json()["items"]
        return str(case["id"])


@pytest.fixture
def desk(services: Services, address: str, forum: ForumBackend) -> Iterator[Desk]:
    with httpx2.Client(base_url=address, timeout=30, verify=NO_CERTIFICATES) as http:
        yield Desk(services, Anybody(http, forum.credentials.forum_id))


def test_a_complaint_is_taken_asked_about_decided_and_its_appeal_heard_by_another(
    services: Services, address: str, desk: Desk
) -> None:
    code = desk.anybody.code(description=_HOSTILE, contact={"phone": "13900000000", "email": "a@example.com"})
    case = desk.only()
    one = f"{HERE}/{case}"
    bai, lin = (make_staff(services, "reviewer", email=f"{name}@staff.example") for name in ("bai", "lin"))
    with AtConsole(address, bai) as at:
        page = at.get(HERE).text
        assert "&lt;script&gt;alert(1)" in page
        assert "<script>alert" not in page
        assert "13900000000" not in page
        assert "left to accept" in page
        assert f'action="{one}/decide"' not in page
        assert "It is yours" in at.send(f"{one}/take").text
        assert 'id="message-error"' in at.send(f"{one}/reply", asks="yes", message=" ").text
        assert 'id="asks-error"' in at.send(f"{one}/reply", message="Since when?").text
        assert "Since when?</textarea>" in at.page.text
        at.send(f"{one}/reply", asks="yes", message="Since when?")
        assert "the clock stands still" in at.page.text
        assert 'id="note-error"' in at.send(f"{one}/note", note=" ").text
        assert "Same seller as last week." in at.send(f"{one}/note", note="Same seller as last week.").text
        assert "Same seller" not in desk.anybody.tracks(code).text
        desk.anybody.says(code, "Since Monday.")
        assert "Since Monday." in at.get(HERE, open=case).text
        assert 'id="why_contact-error"' in at.send(f"{one}/contact").text
        assert "13900000000" in at.send(f"{one}/contact", why_contact="to call back").text
        assert "13900000000" not in at.get(HERE, open=case).text
        unfit = at.send(f"{one}/decide", outcome="upheld", reason="no_violation", text="as I saw it")
        assert (unfit.status_code, 'id="reason-error"' in unfit.text) == (422, True)
        assert "as I saw it</textarea>" in unfit.text
        stale = {"form": at.held("form"), "once": "again", "version": "1", "outcome": "upheld", "reason": "other"}
        assert "Somebody has dealt with this one already" in at.post(f"{one}/decide", stale).text
        at.get(HERE, open=case)
        at.send(f"{one}/decide", outcome="not_upheld", reason="no_violation", text="we looked")
        assert "Nothing waits" in at.page.text or "Nothing waiting" in at.page.text
        assert "Not upheld" in at.get(HERE, open=case).text
        desk.anybody.appeals(code, "look again")
        assert "another member decides" in at.get(HERE, open=case).text
        assert f'action="{one}/decide"' not in at.page.text
        own = {**stale, "form": at.held("form"), "once": "own", "version": _version(address, lin, case)}
        assert at.post(f"{one}/decide", {**own, "outcome": "rejected"}).status_code == 403
    with AtConsole(address, lin) as at:
        assert "look again" in at.get(HERE, state="appealed").text
        assert "Same seller as last week." in at.page.text
        assert "we looked" in at.page.text
        at.send(f"{one}/decide", outcome="granted", reason="decision_wrong")
        assert "Granted" in at.get(HERE, open=case).text
    assert desk.anybody.status(code) == "decided"


def _version(address: str, who: StaffLogin, case: str) -> str:
    with AtConsole(address, who) as at:
        at.get(HERE, open=case)
        return at.held("version")


def test_what_a_company_asks_to_be_removed_waits_for_a_second_member(
    services: Services, address: str, desk: Desk
) -> None:
    desk.anybody.files(on_behalf="company")
    case = desk.only()
    one = f"{HERE}/{case}"
    first, second = make_staff(services, "reviewer"), make_staff(services, "reviewer")
    with AtConsole(address, first) as at:
        at.get(HERE)
        at.send(f"{one}/take")
        at.send(f"{one}/decide", outcome="upheld", reason="content_removed", **{"measure-delete": "yes"})
        assert "another member agrees" in at.get(HERE, agreement="1").text
        assert f'action="{one}/agree"' not in at.page.text
    with AtConsole(address, second) as at:
        at.get(HERE, agreement="1")
        assert "the measures may go out" in at.send(f"{one}/agree").text
        assert "No match" in at.get(HERE, agreement="1").text
    with AtConsole(address, make_staff(services, "auditor")) as at:
        assert case in at.get("/console/integrity").text
        assert "'" not in at.http.get("/console/integrity", params={"csv": "actors"}).text.replace("it's", "")


def test_staff_say_whose_content_it_is_and_whom_that_concerns_has_it_no_more(
    services: Services, address: str, forum: ForumBackend, desk: Desk
) -> None:
    mine, other = forum.register("静水")["id"], forum.register("别人", "静水")["id"]
    desk.anybody.files()
    case, other_case = desk.only(), f"{HERE}/{desk.only()}/account"
    mate, who = make_staff(services, "reviewer"), make_staff(services, "reviewer")
    services.complaints.recusals.declare(who.member().as_actor(), who.staff_id, mine)
    with AtConsole(address, who) as at:
        at.get(HERE)
        at.send(f"{HERE}/{case}/take")
    with AtConsole(address, mate) as at:
        at.get(HERE, open=case)
        assert 'id="account-error"' in at.send(other_case).text
        assert "This forum has no such account" in at.send(other_case, account="nobody").text
        assert "members whom this account concerns" in at.send(other_case, account="静水").text
        assert "静水" in at.get(HERE, open=case).text
        assert who.email not in at.page.text.split("<dl")[0]
    with AtConsole(address, who) as at:
        assert case not in at.get(HERE).text
        assert at.http.get(HERE, params={"open": case}).status_code == 404
    with AtConsole(address, mate) as at:
        at.get(HERE, open=case)
        at.send(other_case, account=other)
        services.complaints.recusals.declare(mate.member().as_actor(), mate.staff_id, mine)
        at.get(HERE, open=case)
        assert "another member handles it" in at.send(other_case, account=mine).text
        assert case not in at.get(HERE).text


def test_what_concerns_a_member_is_nowhere_for_them(
    services: Services, address: str, forum: ForumBackend, desk: Desk
) -> None:
    account = forum.register("山间清风")["id"]
    desk.anybody.files(target={"kind": "account", "ref": "山间清风", "account": account})
    case = desk.only()
    who = make_staff(services, "compliance")
    with AtConsole(address, who) as at:
        assert case in at.get(HERE).text
        assert "1 complaints and appeals are open" in at.get("/console").text
        at.get("/console/me/accounts")
        assert 'id="account-error"' in at.send("/console/me/accounts", account="nobody here").text
        assert "<strong>山间清风</strong>" in at.send("/console/me/accounts", account="山间清风").text
        assert case not in at.get(HERE).text
        assert '<span class="count">' not in at.page.text.split("data-queue")[0].split("chips")[1]
        assert at.http.get(HERE, params={"open": case}).status_code == 404
        assert "0 complaints and appeals are open" in at.get("/console").text
        assert case not in at.get(f"/console/accounts/{account}").text


def test_a_case_is_handed_on_and_shown_late_in_words(
    services: Services, clock: FakeClock, address: str, desk: Desk
) -> None:
    desk.anybody.files(category="minors")
    case = desk.only()
    clock.advance(hours=3)
    services.complaints.escalations.escalate_late()
    other = make_staff(services, "compliance", email="zhao@staff.example")
    with AtConsole(address, make_staff(services, "reviewer")) as at:
        assert "Acceptance is 60 minutes late" in at.get(HERE, queue="minors").text
        assert "Late; escalated" in at.page.text
        assert 'id="member-error"' in at.send(f"{HERE}/{case}/hand").text
        at.send(f"{HERE}/{case}/hand", member=other.staff_id)
        assert "With zhao@staff.example" in at.get(HERE, late="1").text
        assert "No match" in at.get(HERE, mine="1").text
