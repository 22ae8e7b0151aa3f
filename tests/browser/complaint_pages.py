"""Walks through complaints and appeals: whoever makes them in the browser, the staff by their use cases."""

import re
from collections.abc import Callable, Iterator, Mapping

from playwright.sync_api import expect

from app.kernel.actor import Actor
from app.kernel.secret import Secret
from app.reporting.docket import CaseFilter
from app.reporting.domain import CaseState
from app.reporting.handling import Decision
from app.reporting.tracking import new_tracking_code
from tests.browser.acting import press
from tests.browser.pages import Walk, Walker
from tests.support.forum import sandbox_number
from tests.support.staff import make_staff

CODE = re.compile(r"([0-9A-Z]{4}-){4}[0-9A-Z]{4}")
_SAID = {
    "zh": {
        "story": "楼主让我先付款。",
        "asks": "哪一天付的？",
        "answers": "周一上午",
        "found": "没有查到付款。",
        "why": "请换人再看。",
    },
    "en": {
        "story": "I was asked to pay.",
        "asks": "On which day?",
        "answers": "Monday",
        "found": "No payment was found.",
        "why": "Look again.",
    },
}
Act = Callable[[Actor, str], object]


def said(walker: Walker, what: str) -> str:
    return _SAID[walker.language][what]


def by_staff(walker: Walker, *acts: Act, role: str = "reviewer") -> None:
    """A member does this with the one case that waits."""
    actor = make_staff(walker.services, role).member().as_actor()
    states = (CaseState.APPEALED, CaseState.IN_PROGRESS, CaseState.RECEIVED)
    handling = walker.services.complaints.handling
    waiting = [view.case.id for state in states for view in handling.list_all(actor, CaseFilter(state=state))]
    for act in acts:
        act(actor, waiting[0])


def decide(walker: Walker, outcome: str, reason: str, text: str | None = None) -> Act:
    handling = walker.services.complaints.handling

    def act(actor: Actor, case_id: str) -> None:
        version = handling.show(actor, case_id).view.case.version
        handling.decide(actor, case_id, Decision(version, outcome, reason, Secret(text) if text else None))

    return act


def follow(walker: Walker, code: str) -> None:
    walker.page.goto("/complaints/track")
    walker.send(code=code)


def to_code(walker: Walker, story: str, query: str = "") -> str:
    """From the forum's button to the code, with nothing but what must be said."""
    walker.page.goto(f"/complaints?forum={walker.forum.credentials.forum_id}{query}")
    walker.choose("fraud")
    if not query:
        walker.page.locator("[name=kind][value=content]").check()
        walker.page.locator("[name=ref]").fill("post-17")
    press(walker.page)
    walker.send(description=story)
    press(walker.page)
    press(walker.page)
    return shown_code(walker)


def shown_code(walker: Walker) -> str:
    code = walker.page.locator("#tracking-code").inner_text()
    assert CODE.fullmatch(code)
    return code


def complaining(walker: Walker) -> Iterator[str]:
    """From the choice of a forum to the outcome of the appeal, past everything that can be left out or typed wrong."""
    page, send = walker.page, walker.send
    page.goto("/complaints")
    yield "complaint-forum"
    press(page)
    yield "complaint-forum-missed"
    walker.choose(walker.forum.credentials.forum_id)
    yield "complaint-category"
    press(page)
    yield "complaint-category-missed"
    walker.choose("fraud")
    yield "complaint-target"
    press(page)
    yield "complaint-target-missed"
    page.locator("[name=kind][value=account]").check()
    send(ref="https://forum.example/t/17")
    yield "complaint-story"
    send(description="", evidence="\n".join("12345678901"))
    yield "complaint-story-missed"
    send(description=said(walker, "story"), evidence="https://forum.example/1\nhttps://forum.example/2")
    yield "complaint-contact"
    send(phone="-", email="-")
    yield "complaint-contact-missed"
    send(phone="", email="wo@example.org")
    yield "complaint-check"
    press(page, "[name=go][value=target] >> nth=0")
    expect(page.locator("[name=ref]")).to_have_value("https://forum.example/t/17")
    press(page)
    walker.sees("complaints.check.title")
    press(page)
    yield "complaint-code"
    code = shown_code(walker)
    page.reload()
    assert shown_code(walker) == code
    press(page)
    yield from _followed(walker, code)


def _followed(walker: Walker, code: str) -> Iterator[str]:
    page, send, handling = walker.page, walker.send, walker.services.complaints.handling
    walker.sees("complaints.what.received")
    yield "case-received"
    page.goto("/complaints/track")
    yield "track"
    press(page)
    yield "track-empty"
    send(code=code[:-1] + ("A" if code[-1] != "A" else "B"))
    walker.sees("complaints.error.mistyped")
    send(code=new_tracking_code().reveal())
    walker.sees("complaints.error.no_such_code")
    yield "track-unknown"
    by_staff(
        walker,
        handling.accept,
        handling.assign,
        lambda actor, case_id: handling.reply(actor, case_id, Secret(said(walker, "asks")), asks=True),
    )
    send(code=code.lower().replace("-", " "))
    yield "case-question"
    press(page)
    yield "case-question-missed"
    send(text=said(walker, "answers"))
    walker.sees("complaints.case.done_answer")
    page.reload()
    expect(page.get_by_text(said(walker, "answers"))).to_have_count(1)
    yield "case-answered"
    by_staff(walker, decide(walker, "not_upheld", "no_violation", said(walker, "found")), role="compliance")
    follow(walker, code)
    yield "case-decided"
    page.locator("[name=grounds]").fill(said(walker, "why"))
    press(page, "form[action$=appeal] button")
    walker.sees("complaints.case.done_appeal")
    yield "case-appealed"
    by_staff(walker, decide(walker, "granted", "decision_wrong"))
    follow(walker, code)
    yield "case-ended"


def appealing(walker: Walker) -> Iterator[str]:
    """With the link of a refusal, then without one."""
    page, send = walker.page, walker.send
    account = walker.forum.register(walker.handle)
    walker.forum.post(f"/v1/accounts/{account['id']}/ban", {"reason": "test"}).raise_for_status()
    link = appeal_link(walker, account["id"])
    page.goto(link)
    yield "appeal"
    press(page)
    yield "appeal-missed"
    send(grounds=said(walker, "why"))
    yield "appeal-code"
    page.goto(link)
    yield "appeal-heard"
    page.goto("/appeals")
    yield "appeals-forum"
    walker.choose(walker.forum.credentials.forum_id)
    yield "appeals"
    press(page)
    yield "appeals-missed"
    page.locator("[value=ban]").check()
    send(account=walker.handle, grounds=said(walker, "why"))
    press(page)
    yield "appeal-received"


def proving(walker: Walker) -> Iterator[str]:
    """Whose identity is used proves who they are, by the code of their complaint."""
    page, send, phone, number = walker.page, walker.send, "14000000178", sandbox_number(178)
    page.goto(f"/complaints?forum={walker.forum.credentials.forum_id}&kind=identity_misuse")
    yield "misuse"
    send(ref=walker.handle)
    send(description=said(walker, "story"))
    for _ in ("contact", "check", "code"):
        press(page)
    yield "misuse-case"
    press(page, "form[action$=proof] button")
    yield "proof-phone"
    send(phone="123")
    yield "proof-phone-format"
    send(phone=phone)
    yield "proof-document"
    send(sms="000000", name="测试", number=number)
    walker.sees("complaints.proof.code-wrong")
    send(sms=walker.read_code(phone), name="", number=number[:-1])
    yield "proof-missed"
    send(sms=walker.read_code(phone), name="测试", number=number[:-1])
    yield "proof-length"
    send(sms=walker.read_code(phone), name="测试", number=number)
    yield "proof-done"


def appeal_link(walker: Walker, account_id: str) -> str:
    reasons = walker.forum.token(account_id).json()["reasons"]
    return next(str(one["remedy"]["url"]) for one in reasons if one["code"] in {"account-banned", "account-suspended"})


COMPLAINT_WALKS: Mapping[str, Walk] = {walk.__name__: walk for walk in (complaining, appealing, proving)}
