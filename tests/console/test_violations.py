"""Violations and reports at the console: opened for a reason, approved by another, printed without an identity."""

from datetime import datetime, timedelta

from app.kernel.actor import OPERATOR
from app.organisation.domain import AuthorityEntry, AuthorityKind
from app.wiring import Services
from tests.support.clock import TODAY, FakeClock
from tests.support.console import AtConsole
from tests.support.forum import ForumBackend
from tests.support.staff import make_staff

HERE = "/console/violations"
_HOSTILE = '=HYPERLINK("http://x")<script>alert(1)</script>'


def _written(when: datetime) -> str:
    return when.isoformat().replace("+00:00", "Z")


def _recorded(forum: ForumBackend, clock: FakeClock, account: str, text: str = _HOSTILE) -> str:
    published, found = clock.now() - timedelta(hours=2), clock.now() - timedelta(hours=1)
    content = {"ref": "=1+1", "text": text, "published_at": _written(published)}
    body = {"account_id": account, "category": "gambling", "source": "patrol", "content": content}
    answer = forum.post("/v1/violations", {**body, "discovered_at": _written(found)})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_a_violation_is_measured_opened_held_and_reported_by_two(
    services: Services, address: str, forum: ForumBackend, clock: FakeClock
) -> None:
    one = f"{HERE}/{_recorded(forum, clock, forum.member('山间清风')['id'])}"
    entry = AuthorityEntry("Police of the lake", AuthorityKind.PS_LOCAL, "Lake", "https://ps.example/", TODAY.date())
    police = services.organisation.add_authority(OPERATOR, entry).id
    first, second = (make_staff(services, "compliance", email=f"{name}@staff.example") for name in ("lin", "zhao"))
    with AtConsole(address, first) as at:
        assert "23 hours left" in at.get(HERE, state="unreported").text
        assert "'=1+1" in at.http.get(HERE, params={"csv": "1"}).text
        assert "HYPERLINK" not in at.get(one).text
        assert 'id="why_open-error"' in at.send(f"{one}/evidence").text
        shown = at.send(f"{one}/evidence", why_open="to decide").text
        assert "&lt;script&gt;alert(1)" in shown
        assert ("<script>alert" in shown, "it is what was recorded" in shown) == (False, True)
        at.get(one)
        assert 'id="measure-error"' in at.send(f"{one}/measures", why_measure="now").text
        assert 'value="now"' in at.page.text
        assert "Waits for the forum" in at.send(f"{one}/measures", measure="delete", why_measure="now").text
        assert "court" in at.send(f"{one}/hold", why_hold="court").text
        at.send(f"{one}/hold")
        assert 'id="authority-error"' in at.send(f"{one}/reports").text
        report = at.send(f"{one}/reports", authority=police, note="please help").url.path
        assert "another member approves it" in at.page.text
        assert f'action="{report}/approve"' not in at.page.text
    with AtConsole(address, second) as at:
        at.get(report)
        assert "send it by its channel" in at.send(f"{report}/approve").text
        assert 'id="sent_at-error"' in at.send(f"{report}/sent", sent_at="yesterday").text
        assert "no receipt yet" in at.send(f"{report}/sent").text
        assert "LAKE-7" in at.send(f"{report}/sent", receipt_no="LAKE-7").text
        sheet = at.get(f"{report}/print").text
        assert ("&lt;script&gt;" in sheet, "<nav" in sheet, "please help" in sheet) == (True, False, True)
        assert "张" not in sheet
        told = at.http.get(f"{report}/json")
        assert told.json()["content"]["text"] == _HOSTILE
        assert "attachment" in told.headers["content-disposition"]
        assert "Received" in at.get("/console/reports", state="received").text
        assert "To be reported" in at.get("/console").text
    with AtConsole(address, make_staff(services, "reviewer")) as at:
        assert at.http.get(report).status_code == 403
        assert at.get(one).status_code == 200


def test_staff_record_one_from_a_complaint_and_what_is_missing_is_said(
    services: Services, address: str, forum: ForumBackend, clock: FakeClock
) -> None:
    account = forum.register("渔樵")["id"]
    with AtConsole(address, make_staff(services, "reviewer")) as at:
        at.get(f"{HERE}/new")
        wrong = at.send(f"{HERE}/new", account="渔樵", **{"content-text": "as it was"})
        assert (wrong.status_code, "as it was</textarea>" in wrong.text) == (422, True)
        assert [f'id="{name}-error"' in wrong.text for name in ("forum", "published_at", "account")] == [
            True,
            True,
            False,
        ]
        minute = (clock.now() + timedelta(hours=7)).strftime("%Y-%m-%dT%H:%M")  # an hour ago, in Beijing
        typed = {"forum": forum.credentials.forum_id, "category": "spam", "source": "staff", "content-ref": "p/1"}
        at.send(
            f"{HERE}/new", **typed, account="渔樵", discovered_at=minute, published_at=minute, **{"content-text": "x"}
        )
        assert "the evidence is sealed" in at.page.text
        assert "Spam" in at.get(f"/console/accounts/{account}").text
