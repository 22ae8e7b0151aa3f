"""Forums, boards and background work at the console: what is shown once, what is counted, and what is only text."""

import re
from datetime import timedelta

import httpx2
import pytest
from sqlalchemy import select

from app.audit.details import place_of
from app.audit.models import DetailRow
from app.events.domain import Subscription
from app.kernel.actor import OPERATOR
from app.kernel.ids import ForumId
from app.staff.access import Role
from app.upkeep.domain import JobNote
from app.wiring import Services
from tests.support.at_once import at_once
from tests.support.clock import FakeClock
from tests.support.console import AtConsole
from tests.support.forum import ForumBackend, sandbox_number
from tests.support.staff import StaffLogin, make_staff

FORUMS, BOARDS, WORK = "/console/forums", "/console/boards", "/console/work"
SCRIPT = "<script>alert(1)</script>"
GRANT = {"grant_type": "client_credentials"}


@pytest.fixture
def admin(services: Services) -> StaffLogin:
    return make_staff(services, Role.ADMIN, Role.COMPLIANCE)


def told(page: str) -> tuple[str, str]:
    client_id, secret = re.findall(r'<code class="told" translate="no">([^<]*)</code>', page)
    return client_id, secret


def log_in(address: str, pair: tuple[str, str]) -> int:
    return httpx2.post(f"{address}/oauth/token", data=GRANT, auth=pair).status_code


def test_a_forum_is_connected_rotated_and_cut_off(
    services: Services, clock: FakeClock, address: str, admin: StaffLogin
) -> None:
    with AtConsole(address, admin) as at:
        at.get(f"{FORUMS}/new")
        wrong = at.send(FORUMS, name=SCRIPT, return_urls="ftp://forum.example/\nhttps://forum.example/")
        assert wrong.status_code == 422
        assert 'id="return_urls-error"' in wrong.text
        assert "ftp://forum.example/\nhttps://forum.example/</textarea>" in wrong.text
        first = told(at.send(FORUMS, name=SCRIPT, return_urls="https://forum.example/").text)
        assert log_in(address, first) == 200
        assert SCRIPT not in at.get(FORUMS).text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in at.page.text
        assert first[1] not in at.page.text
        forum = services.forums.list_all()[0].forum
        rotate, disable = f"{FORUMS}/{forum.id}/rotate", f"{FORUMS}/{forum.id}/disable"
        clock.advance(hours=1)
        admin_again = AtConsole(address, make_staff(services, Role.ADMIN))
    with admin_again as at:
        at.get(rotate)
        second = told(at.send(rotate, reason="once a year").text)
        assert (log_in(address, first), log_in(address, second)) == (200, 200)
        assert "opens until" in at.get(f"{FORUMS}/{forum.id}").text
        at.get(f"{FORUMS}/{forum.id}/confirm")
        assert "Confirmed for 1 hour" in at.send(f"{FORUMS}/{forum.id}/confirm", reason="they called").text
        assert "Moderators in office</dt><dd>0" in at.get(disable).text
        assert at.send(disable, name="another", reason="over").status_code == 422
        assert at.send(disable, name=SCRIPT).status_code == 422
        assert log_in(address, second) == 200
        assert "The forum is disabled" in at.send(disable, name=SCRIPT, reason="over").text
        assert log_in(address, second) == 401
        assert str(at.get(rotate).url).endswith(forum.id)
        assert at.get(f"{FORUMS}/frm_nobody").status_code == 404


def test_a_forum_takes_a_recent_second_factor_and_forgets_nothing_that_was_typed(
    services: Services, clock: FakeClock, address: str, admin: StaffLogin
) -> None:
    clock.advance(minutes=6)
    with AtConsole(address, admin) as at:
        at.get(f"{FORUMS}/new")
        without = at.send(FORUMS, name="=1+1", direct_verification="why")
        assert without.status_code == 403
        assert 'value="why"' in without.text
        assert services.forums.list_all() == []
        at.send(FORUMS, name="=1+1", code=admin.code())
        assert "'=1+1" in at.http.get(FORUMS, params={"csv": "1"}).text


def test_a_form_that_is_sent_twice_takes_effect_once_and_leads_where_the_first_one_led(
    services: Services, clock: FakeClock, address: str, admin: StaffLogin
) -> None:
    clock.advance(minutes=6)
    with AtConsole(address, admin) as at:
        at.get(f"{FORUMS}/new")
        form = {"form": at.held("form"), "once": at.held("once"), "name": "论坛", "code": admin.code()}
        twice = at_once([lambda: at.http.post(FORUMS, data=form)] * 2)  # no script: both presses are sent
        assert [one.forum.name for one in services.forums.list_all()] == ["论坛"]
        secret = next(told(one.text)[1] for one in twice if one.status_code == 200)
        again = at.post(FORUMS, form)
        assert str(again.url).endswith(f"{FORUMS}?done=already")
        assert "This was done a moment ago" in again.text
        assert secret not in again.text
        assert at.post(FORUMS, {**form, "once": "another"}).status_code == 403
        assert len(services.forums.list_all()) == 1
        rotate = f"{FORUMS}/{services.forums.list_all()[0].forum.id}/rotate"
        at.get(rotate)
        held = {"form": at.held("form"), "once": at.held("once")}
        assert at.post(rotate, {**held, "reason": ""}).status_code == 422
        assert at.post(rotate, {**held, "reason": "yearly"}).status_code == 200
        assert str(at.post(rotate, {**held, "reason": "yearly"}).url).endswith("done=already")


def test_an_address_that_only_takes_forms_shows_the_page_above_when_it_is_reloaded(
    address: str, admin: StaffLogin
) -> None:
    with AtConsole(address, admin) as at:
        for path, above in (
            ("/console/switch/pau_1/lift", "/console/switch"),
            ("/console/sign-out", "/console"),
            ("/console/lexicons/lex_1/publish", "/console/lexicons/lex_1"),
        ):
            answer = at.http.get(path)
            assert (answer.status_code, answer.headers["location"]) == (303, above)


def test_the_reason_of_what_is_done_to_a_forum_is_sealed_beside_its_entry(
    services: Services, address: str, admin: StaffLogin
) -> None:
    forum_id = services.forums.add(OPERATOR, "论坛").forum_id
    with AtConsole(address, admin) as at:
        path = f"{FORUMS}/{forum_id}/confirm"
        at.get(path)
        assert at.send(path, reason="长" * 401).status_code == 422
        at.send(path, reason="they called")
    with services.unit_of_work.read() as tx:
        (detail,) = tx.session.scalars(select(DetailRow))
        assert services.forums._records.unseal(detail.sealed, place_of(detail.entry_id)).reveal() == "they called"


def test_boards_of_all_forums_count_their_moderators_and_lead_on(
    services: Services, clock: FakeClock, address: str, forum: ForumBackend, admin: StaffLogin
) -> None:
    founder = forum.moderator_to_be("山间清风", sandbox_number(190))
    board = forum.board(founder["id"], "tea", name="=茶馆")
    services.forums.add(OPERATOR, "另一个论坛")
    with AtConsole(address, admin) as at:
        page = at.get(BOARDS).text
        assert f"/console/moderators?board={board['id']}" in page
        assert f"/console/switch?place={board['id']}" in page
        assert f"/console/accounts/{founder['id']}" in page
        assert "No match" in at.get(BOARDS, state="frozen").text
        assert "另一个论坛" in at.page.text
        assert "=茶馆" in at.get(BOARDS, forum=forum.credentials.forum_id, state="active").text
        pauses_are_shown_and_lifted(services, at, board["id"])
        until = re.search(r"Attended until\"><time datetime=\"([^\"]+)", at.get(BOARDS).text)
        powers = re.search(r"Powers until\"><time datetime=\"([^\"]+)", at.get("/console/moderators").text)
        assert until
        assert powers
        assert until[1] == powers[1]
        for page in (BOARDS, "/console/moderators"):
            assert powers[1] in at.http.get(page, params={"csv": "1"}).text
    clock.advance(days=400)
    with AtConsole(address, make_staff(services, Role.COMPLIANCE)) as at:
        late = rf'Overdue or without powers" class="number"><a href="[^"]*state=late&amp;board={board["id"]}">1<'
        assert re.search(late, at.get(BOARDS).text)
        assert "Unattended" in at.page.text
        assert "'=茶馆" in at.http.get(BOARDS, params={"csv": "1"}).text
    with AtConsole(address, make_staff(services, Role.REVIEWER)) as at:
        assert at.get(BOARDS).status_code == 403


def pauses_are_shown_and_lifted(services: Services, at: AtConsole, board_id: str) -> None:
    """By two members: who paused is warned while nobody else could lift, and is shown no way to lift it."""
    switch = "/console/switch"
    assert "Nobody could lift it" in at.get(switch, place=board_id).text
    another = make_staff(services, Role.COMPLIANCE, email="bai@staff.example")
    assert "Nobody could lift it" not in at.get(switch, place=board_id).text
    at.send(switch, place=board_id, reason="flood")
    (pause,) = services.emergency.pauses.list_in_force()
    lift = f"{switch}/{pause.id}/lift"
    assert ("Open · paused (this board)" in at.get(BOARDS).text, lift in at.page.text) == (True, False)
    assert f"{switch}#{pause.id}" in at.page.text
    assert f'action="{lift}"' not in at.get(lift).text
    with AtConsole(str(at.http.base_url), another) as other:
        assert f'href="{lift}"' in other.get(BOARDS).text  # the banner
        assert "Posting opens at once" in other.get(lift).text
        other.send(lift)
        assert other.page.text.count("bai@staff.example (you)") == 1
        other.get(switch)
        other.send(switch, place="all", reason="breach")
        assert other.get(lift).url.path == switch
    assert "paused (all forums)" in at.get(BOARDS).text


def test_work_shows_what_fails_first_and_what_waits(
    services: Services, clock: FakeClock, address: str, forum: ForumBackend, admin: StaffLogin
) -> None:
    now = clock.now()
    services.job_runs.note(JobNote("a-well-one", 5.0, now, now, now, 0, None, 7))
    services.job_runs.note(JobNote("z-failing", 5.0, now, now, None, 3, "Timeout", 0))
    forum_id = ForumId(forum.credentials.forum_id)
    hooks = services.webhooks
    endpoint = hooks.add(OPERATOR, forum_id, "https://hooks.example/in", Subscription(None)).endpoint
    hooks.test(OPERATOR, forum_id, endpoint.id)
    clock.advance(minutes=3)
    with AtConsole(address, admin) as at:
        page = at.get(WORK).text
        assert page.index("z-failing") < page.index("a-well-one")
        assert "▲ Failing" in page
        assert "Timeout" in page
        assert re.search(r'Waiting" class="number">1<', page)
        assert "3 minutes" in page
        told_it = at.get(f"{WORK}/{forum_id}/{endpoint.id}").text
        assert "webhook.test" in told_it
        assert "whsec_" not in told_it
        assert at.get(f"{WORK}/{forum_id}/whk_nobody").status_code == 404
    assert hooks.backlogs([endpoint.id])[endpoint.id].oldest == now
    assert clock.now() - now == timedelta(minutes=3)


def test_an_order_is_previewed_with_what_stands_and_then_tells_who_has_done_it(
    services: Services, clock: FakeClock, address: str, forum: ForumBackend
) -> None:
    phone, order = "14000000051", "/console/moderators/order"
    founder = forum.moderator_to_be("山间清风", phone=phone)
    board = forum.board(founder["id"])
    forum.board(founder["id"], "coffee")
    forum.manager(forum.moderator_to_be("海上明月", sandbox_number(180))["id"])
    with AtConsole(address, make_staff(services, Role.COMPLIANCE)) as at:
        clock.advance(minutes=1)
        assert "Nobody is ticked" in at.get(order, board=board["id"]).text
        assert f'href="/console/moderators?board={board["id"]}"' in at.page.text
        assert at.get("/console/moderators", picked="all").text.count(" checked>") == 3
        assert 'href="/console/moderators?picked' not in at.page.text
        assert "3 appointments of 2 people" in at.get(order, scope="all").text
        assert "not done yet" not in at.page.text
        at.send(order, due_in_days="14", reason="once a year")
        placed = at.page.url.path
        assert "3 of them have an order that is not done yet" in at.get(order, scope="all").text
        clock.advance(minutes=10)
        assert forum.phone_code(founder["id"], phone)["outcome"] == "verified"
        assert forum.check_document(founder["id"]).json()["outcome"] == "verified"
        assert "1 of them has an order" in at.get(order, scope="all").text
        page = at.get(placed).text
        rows = re.search(r"<tbody>.*?</tbody>", page, re.DOTALL)[0]  # type: ignore[index]
        assert rows.index("海上明月") < rows.index("山间清风")
        assert rows.count(">Done</td>") == 2
        assert rows.count("<time datetime") == 1 + 2
        assert "山间清风" not in at.get(placed, state="left").text
        written = at.http.get(placed, params={"csv": "1", "state": "done"}).text
        assert written.count("山间清风") == 2
        assert "海上明月" not in written
        assert f'href="{placed}"' in at.get(f"/console/accounts/{founder['id']}").text
