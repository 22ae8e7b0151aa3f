"""The screening queue at the console: a reason fits its decision, and what was decided is listed."""

from app.screening.docket import ReviewFilter
from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.console import AtConsole
from tests.support.forum import ForumBackend
from tests.support.lexicons import REVIEWED, publish_terms
from tests.support.staff import make_staff

HERE = "/console/reviews"
DECIDED = f"{HERE}/decided"


def test_a_reason_fits_its_decision_and_what_was_decided_is_listed(
    services: Services, clock: FakeClock, address: str, forum: ForumBackend
) -> None:
    publish_terms(services)
    account = forum.member("山间清风")["id"]
    items = [{"field": "post", "text": f"{n} {REVIEWED}", "account_id": account, "ref": str(n)} for n in range(3)]
    forum.post("/v1/screenings", {"items": items}).raise_for_status()
    first, second, _ = services.reviews.list_open(ReviewFilter())
    one = f"{HERE}/{first.id}/decide"
    with AtConsole(address, make_staff(services, "reviewer", email="bai@staff.example")) as at:
        at.get(HERE)
        against = at.send(one, ruling="pass", why="fraud")
        assert (against.status_code, 'id="why-error"' in against.text) == (422, True)
        assert "do not go together" in against.text
        assert 'value="fraud" data-key="4" checked' in against.text
        assert at.send(one, ruling="block", why="harmless").status_code == 422
        assert "Choose a reason" in at.send(one, ruling="block").text
        assert 'id="ruling-error"' in at.send(one, why="fraud").text
        assert at.http.get(one).headers["location"] == f"{HERE}/{first.id}"  # reloaded
        assert str(at.get(one).url).endswith(f"{HERE}?open={first.id}")
        a_text_is_claimed_noted_and_handed_on(services, clock, at, first.id)
        clock.advance(minutes=1)
        at.get(HERE, open=first.id)
        assert "Blocked" in at.send(one, ruling="block", why="fraud", reason="=fake shop").text
        assert at.page.text.count("data-item") == 2
        at.get(HERE, open=second.id)
        at.send(f"{HERE}/{second.id}/decide", ruling="pass", reason="a quotation")
        listed = at.get(DECIDED).text
        assert listed.count("bai@staff.example (you)") == 2
        assert listed.index(f"open={second.id}") < listed.index(f"open={first.id}")
        assert "Fraud: =fake shop" in at.get(DECIDED, ruling="block").text
        assert "a quotation" not in at.page.text
        table = at.http.get(DECIDED, params={"csv": "1", "by": "me"}).text
        assert ("a quotation" in table, REVIEWED in table) == (True, False)
    with AtConsole(address, make_staff(services, "reviewer")) as at:
        assert "No match" in at.get(DECIDED, by="me").text
        assert "Fraud: =fake shop" in at.get(HERE, open=first.id).text
        assert "bai@staff.example" in at.page.text


def a_text_is_claimed_noted_and_handed_on(services: Services, clock: FakeClock, at: AtConsole, review_id: str) -> None:
    """By one reviewer, beside another: each sees who is at it, and the one who handed it on is shown the next."""
    one = f"{HERE}/{review_id}"
    at.get(HERE)
    at.send(f"{one}/claim")
    assert "bai@staff.example (you) is at it" in at.page.text
    with AtConsole(str(at.http.base_url), make_staff(services, "reviewer")) as other:
        assert f'"{HERE}?open={review_id}" aria-current' not in other.get(HERE).text  # it begins with one that is free
        assert "bai@staff.example is at it" in other.get(HERE, open=review_id).text
        assert f'action="{one}/claim"' not in other.page.text
        form = {"form": other.held("form")}
        assert "just claimed this one" in other.post(f"{one}/claim", form).text
        clock.advance(minutes=10)
        other.get(HERE, open=review_id)
        assert "(you) is at it" in other.send(f"{one}/claim").text
        other.send(f"{one}/release")
    at.get(HERE, open=review_id)
    assert at.send(f"{one}/note", note=" ").status_code == 422
    assert "&lt;b&gt;seen before" in at.send(f"{one}/note", note="<b>seen before").text
    assert 'id="why_escalated-error"' in at.send(f"{one}/escalate").text
    at.send(f"{one}/escalate", why_escalated="I know the author")
    assert f'"{HERE}?open={review_id}" aria-current' not in at.page.text
    assert "handed on by bai@staff.example (you)" in at.page.text
