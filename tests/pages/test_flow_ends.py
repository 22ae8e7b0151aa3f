"""How a flow ends, whatever happens beside it: nobody who is verified is lost, and nobody's names are."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx2
from sqlalchemy import text

from app.kernel.actor import OPERATOR
from app.registration.domain import with_query
from app.wiring import Services
from tests.pages.test_flow import PHONE, at_code, register, status, through
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend, Json
from tests.support.person import Person


def _only(forum: ForumBackend) -> Json:
    accounts: list[Json] = forum.get("/v1/accounts").json()["items"]
    assert len(accounts) == 1
    return accounts[0]


def _at_agreement(forum: ForumBackend, person: Person, **more: str) -> Json:
    begun = register(forum, **more)
    person.open(begun["url"])
    person.act("start")
    person.act("handle", handle="山间清风")
    return begun


def test_documents_are_checked_on_our_pages_where_forums_may_not_send_them(
    forum: ForumBackend, services: Services, person: Person
) -> None:
    services.verifications._direct_by_default = False
    account = forum.register("老用户")
    assert forum.check_document(account["id"]).json()["code"] == "direct-verification-off"
    through(forum, person, "resident_id")
    person.act("document", name="测试甲", number="110199199003070017")
    assert person.heading() == "验证完成"


def test_a_code_that_is_right_while_its_person_leaves_leaves_no_half_account(
    forum: ForumBackend, new_person: Callable[[], Person], clock: FakeClock
) -> None:
    for n in range(5):
        phone, leaving = f"1400000{5000 + n}", new_person()
        begun = at_code(forum, leaving, phone=phone, external_id=f"user-{n}")
        forms = [leaving.hidden("leave"), leaving.hidden("code") | {"code": forum.read_code(phone)}]
        with ThreadPoolExecutor(2) as crowd:
            list(crowd.map(leaving.send, forms))
        clock.advance(seconds=1)
        account = next(
            one for one in forum.get("/v1/accounts").json()["items"] if one["handle"].endswith(begun["id"][-6:])
        )
        seen = (account["identity"]["level"], account["status"], account["external_id"], status(forum, begun))
        assert seen in {("none", "closed", None, "abandoned"), ("phone", "active", f"user-{n}", "completed")}


def test_leaving_takes_nothing_from_who_was_verified_or_banned_meanwhile(
    forum: ForumBackend, new_person: Callable[[], Person]
) -> None:
    begun = _at_agreement(forum, verified := new_person(), external_id="42")
    forum.phone_code(_only(forum)["id"], PHONE)
    verified.act("leave")
    account = _only(forum)
    assert (account["status"], account["external_id"], status(forum, begun)) == ("active", "42", "abandoned")
    begun = register(forum, external_id="43")
    banned = new_person()
    banned.open(begun["url"])
    banned.act("start")
    banned.act("handle", handle="捣乱的人")
    found = forum.get("/v1/accounts?external_id=43").json()["items"][0]
    forum.post(f"/v1/accounts/{found['id']}/ban", {"reason": "刷屏"})
    banned.act("leave")
    assert forum.get("/v1/accounts?external_id=43").json()["items"][0]["status"] == "banned"


def test_who_waits_for_a_person_of_the_staff_may_close_the_page(
    forum: ForumBackend, services: Services, person: Person, clock: FakeClock
) -> None:
    begun = _at_agreement(forum, person, external_id="42")
    person.act("agreement", accept="yes")
    for _ in range(3):
        person.open(f"{person.link}?step=way")
        person.link = person.link.partition("?")[0]
        person.act("way", way="other_document")
        person.act("no-phone")
        person.act("by-hand")
        assert person.heading() == "已转人工"
    clock.advance(minutes=31)
    assert services.registrations.end_expired() == 1
    account = _only(forum)
    assert (account["status"], account["external_id"], status(forum, begun)) == ("unverified", "42", "expired")
    with services.unit_of_work.read() as tx:
        assert tx.session.execute(text("SELECT count(*) FROM verifications WHERE method = 'manual'")).scalar() == 1


def test_a_flow_whose_person_is_verified_completes_when_its_time_runs_out(
    forum: ForumBackend, services: Services, person: Person, clock: FakeClock
) -> None:
    begun = through(forum, person, "resident_id")
    clock.advance(minutes=30)
    assert status(forum, begun) == "completed"
    person.open(begun["url"])
    assert person.heading() == "验证完成"
    assert services.registrations.end_expired() == 1
    assert status(forum, begun) == "completed"


def test_a_handle_that_was_tried_is_free_again_and_one_that_was_verified_is_not_changed_here(
    forum: ForumBackend, new_person: Callable[[], Person]
) -> None:
    begun = _at_agreement(forum, person := new_person(), external_id="42")
    forum.register("已有的人")
    path = person.link
    for handle in ("第二个名字", "第三个名字"):
        person.open(f"{path}?step=handle")
        person.link = path
        person.act("handle", handle=handle)
    person.open(f"{path}?step=handle")
    person.link = path
    assert "太相似" in person.act("handle", handle="已有的人").text
    for handle in ("山间清风", "第二个名字"):
        forum.register(handle)
    person.open(path)
    person.act("agreement", accept="yes")
    person.act("way", way="resident_id")
    person.act("phone", phone=PHONE)
    person.act("code", code=forum.read_code(PHONE))
    form = person.hidden("document")
    assert person.send(form | {"act": "handle", "handle": "换一个名"}).status_code == 303
    assert forum.get("/v1/accounts?external_id=42").json()["items"][0]["handle"] == "第三个名字"
    assert begun["status"] == "open"


def test_a_form_sent_twice_at_once_has_one_effect_and_both_answers_lead_on(forum: ForumBackend, person: Person) -> None:
    _at_agreement(forum, person)

    def twice(act: str, **fields: str) -> None:
        form = person.hidden(act) | fields
        with ThreadPoolExecutor(2) as crowd:
            answers = list(crowd.map(lambda _: person.send(form), "12"))
        assert [answer.status_code for answer in answers] == [303, 303], [answer.text for answer in answers]
        person.open(person.link)

    twice("agreement", accept="yes")
    twice("way", way="resident_id")
    twice("phone", phone=PHONE)
    twice("code", code=forum.read_code(PHONE))
    twice("document", name="测试甲", number="110199199003070017")
    assert person.heading() == "验证完成"


def test_a_start_sent_twice_at_once_leaves_the_person_inside(
    forum: ForumBackend, new_person: Callable[[], Person]
) -> None:
    for _ in range(3):
        person = new_person()
        person.open(register(forum)["url"])
        form = person.hidden("start")
        with ThreadPoolExecutor(2) as crowd:
            answers = list(crowd.map(lambda _, who=person, sent=form: who.send(sent), "12"))
        assert {answer.status_code for answer in answers} == {303}
        person.open(person.link)
        if person.heading() == "在这台设备上继续":  # the answer that came last was not the last one given
            person.act("start")
        assert person.heading() == "取一个昵称"


def test_a_finished_link_sends_no_texts_and_a_disabled_forums_links_are_dead(
    forum: ForumBackend, services: Services, new_person: Callable[[], Person]
) -> None:
    begun = through(forum, new_person())
    stranger = new_person()
    stranger.open(begun["url"])
    before = len(services.sandbox_sender.outbox()) if services.sandbox_sender else -1
    stranger.http.cookies.set(f"flow-{stranger.link.rpartition('/')[2][:12]}", "0" * 32)
    assert stranger.send({"act": "find", "phone": "14000009999"}).status_code == 410
    assert services.sandbox_sender is not None
    assert len(services.sandbox_sender.outbox()) == before
    other = register(forum)
    services.forums.disable(OPERATOR, forum.credentials.forum_id)
    assert stranger.open(other["url"]).status_code == 410


def test_no_refusal_begins_flows_without_end(forum: ForumBackend, person: Person) -> None:
    account = forum.register("想发帖的")
    reasons = {one["code"]: one["remedy"]["url"] for one in forum.token(account["id"]).json()["reasons"]}
    person.open(reasons["identity-unverified"])
    answers = [person.send({"act": "start"}).status_code for _ in range(21)]
    assert (set(answers[:20]), answers[20]) == ({303}, 429)


def test_odd_addresses_and_origins_are_no_500(forum: ForumBackend, services: Services, person: Person) -> None:
    person.open(register(forum)["url"])
    for origin in ("http://[", "https://", "//"):
        assert person.send(person.hidden("start"), headers={"origin": origin}).status_code == 400
    assert person.send(person.hidden("start"), headers={"origin": services.issuer}).status_code == 303
    odd = services.forums.add(OPERATOR, "奇怪的地址", ["http://my_forum.test/back"])
    backend = ForumBackend(forum.address, odd)
    url = backend.post("/v1/registrations", {"return_url": "http://my_forum.test/back"}).json()["url"]
    backend.http.close()
    person.open(url)
    assert person.act("start").status_code == 200
    gbk = with_query("http://f.test/b?q=%C4%E3&state=x", {"state": "a"})
    assert httpx2.URL(gbk).query == b"q=%C4%E3&state=a"
