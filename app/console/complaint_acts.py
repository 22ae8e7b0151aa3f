"""What staff do with a case: take it, write to whoever complained, hand it on, open the contact, decide, agree."""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends
from fastapi.responses import Response

from app.console.complaint_pages import HERE, asked_of, queue_page
from app.console.visits import Fields, FormOf, LongFormOf, Visit, act, console_router, visit_at
from app.kernel.secret import Secret
from app.reporting.domain import Measure
from app.reporting.errors import CaseDecided
from app.reporting.handling import Decision
from app.staff.access import Permission

router = console_router()
HandlerOf = Annotated[Visit, Depends(visit_at("complaints", Permission.COMPLAINTS))]
_LARGEST_VERSION = len("999999")
_ALSO, _MEASURE = "also-", "measure-"
Again = Callable[[Sequence[tuple[str, str]], int], Response]


def _again(visit: Visit, case_id: str, form: Fields, renamed: Mapping[str, str] | None = None) -> Again:
    """The page that the form came from; what the service calls one field may be another of the page."""

    def again(errors: Sequence[tuple[str, str]], status: int) -> Response:
        named = [((renamed or {}).get(name, name), said) for name, said in errors]
        return queue_page(visit, case_id, form, named, status)

    return again


def _wrong(again: Again, field: str, said: str) -> Response:
    return again([(field, said)], HTTPStatus.UNPROCESSABLE_ENTITY)


def _there(now: Visit, form: Fields, case_id: str | None, done: str) -> Response:
    there = asked_of(now, form) | ({"open": case_id} if case_id else {})
    return now.go(HERE, done, **there)


@router.post("/complaints/{case_id}/take")
def take(visit: HandlerOf, form: FormOf, case_id: str) -> Response:
    """Accepts it where nobody has, and has it oneself."""

    def work(now: Visit) -> Response:
        handling = now.services.complaints.handling
        if handling.show(now.actor, case_id).view.case.accepted_at is None:
            handling.accept(now.actor, case_id, take=True)
        else:
            handling.assign(now.actor, case_id)
        return _there(now, form, case_id, "complaint_taken")

    return act(visit, form, work, _again(visit, case_id, form))


@router.post("/complaints/{case_id}/hand")
def hand_on(visit: HandlerOf, form: FormOf, case_id: str) -> Response:
    """To a colleague; whoever handed it on sees the next one."""
    again = _again(visit, case_id, form, {"": "member"})
    if not form.get("member"):
        return _wrong(again, "member", visit.say("cases.error.member"))

    def work(now: Visit) -> Response:
        now.services.complaints.handling.assign(now.actor, case_id, form["member"])
        return _there(now, form, None, "complaint_handed")

    return act(visit, form, work, again)


@router.post("/complaints/{case_id}/account")
def name_account(visit: HandlerOf, form: FormOf, case_id: str) -> Response:
    """Whose it is that a complaint is about; a case that turns out to concern whoever says so is theirs no more."""
    again = _again(visit, case_id, form)
    named = form.get("account", "").strip()
    if not named:
        return _wrong(again, "account", visit.say("cases.error.account"))

    def work(now: Visit) -> Response:
        if now.services.complaints.handling.name_account(now.actor, case_id, named):
            return _there(now, form, case_id, "complaint_account_named")
        return _there(now, form, None, "complaint_concerns_you")

    return act(visit, form, work, again)


@router.post("/complaints/{case_id}/reply")
def reply(visit: HandlerOf, form: LongFormOf, case_id: str) -> Response:
    """Something to read, or a question, for which the clock stands still."""
    again = _again(visit, case_id, form, {"text": "message"})
    if form.get("asks") not in {"yes", "no"}:
        return _wrong(again, "asks", visit.say("cases.error.asks"))
    if not form.get("message", "").strip():
        return _wrong(again, "message", visit.say("cases.error.message"))

    def work(now: Visit) -> Response:
        asks = form["asks"] == "yes"
        now.services.complaints.handling.reply(now.actor, case_id, Secret(form["message"].strip()), asks=asks)
        return _there(now, form, case_id, "complaint_asked" if asks else "complaint_replied")

    return act(visit, form, work, again)


@router.post("/complaints/{case_id}/note")
def note(visit: HandlerOf, form: LongFormOf, case_id: str) -> Response:
    """For colleagues alone."""
    again = _again(visit, case_id, form, {"text": "note"})
    if not form.get("note", "").strip():
        return _wrong(again, "note", visit.say("cases.error.note"))

    def work(now: Visit) -> Response:
        now.services.complaints.handling.note(now.actor, case_id, Secret(form["note"].strip()))
        return _there(now, form, case_id, "complaint_noted")

    return act(visit, form, work, again)


@router.post("/complaints/{case_id}/contact")
def open_contact(visit: HandlerOf, form: FormOf, case_id: str) -> Response:
    """On the page that answers, and nowhere else; asked again it is opened and on record again."""
    again = _again(visit, case_id, form, {"reason": "why_contact"})
    why = form.get("why_contact", "").strip()
    if not why:
        return _wrong(again, "why_contact", visit.say("cases.error.why_contact"))

    def work(now: Visit) -> Response:
        contact = now.services.complaints.handling.read_contact(now.actor, case_id, Secret(why))
        return queue_page(now, case_id, form, contact=contact)

    return act(visit, form, work, again, each_time=True)


@router.post("/complaints/{case_id}/agree")
def agree(visit: HandlerOf, form: FormOf, case_id: str) -> Response:
    """A second member lets go out what a company asked for, as it was seen. Source: L9."""
    version = _version(form)

    def work(now: Visit) -> Response:
        now.services.complaints.handling.agree(now.actor, case_id, version)
        return _there(now, form, case_id, "complaint_agreed")

    return act(visit, form, work, _again(visit, case_id, form))


@router.post("/complaints/{case_id}/decide")
def decide(visit: HandlerOf, form: LongFormOf, case_id: str) -> Response:
    """Ends a case, or the appeal in it, as it was seen; then the next one that waits is shown."""
    again, version = _again(visit, case_id, form), _version(form)
    wrong = [
        (name, visit.say(f"cases.error.{name}")) for name in ("outcome", "reason") if not form.get(name, "").strip()
    ]
    if wrong or version is None:
        return again(wrong or [("", visit.sentence(CaseDecided().detail))], HTTPStatus.UNPROCESSABLE_ENTITY)
    decision = _decision(form, version)

    def work(now: Visit) -> Response:
        now.services.complaints.handling.decide(now.actor, case_id, decision)
        return _there(now, form, None, "complaint_decided")

    return act(visit, form, work, again)


def _version(form: Fields) -> int | None:
    written = form.get("version", "")
    return int(written) if written.isascii() and written.isdigit() and len(written) <= _LARGEST_VERSION else None


def _decision(form: Fields, version: int) -> Decision:
    text = form.get("text", "").strip()
    return Decision(
        version,
        form["outcome"].strip(),
        form["reason"].strip(),
        Secret(text) if text else None,
        tuple(one for one in Measure if f"{_MEASURE}{one}" in form),
        tuple(name.removeprefix(_ALSO) for name in form if name.startswith(_ALSO)),
    )
