"""What is done with agreements: written, changed, given up, and published with the days from when they bind."""

import re
from collections.abc import Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends
from fastapi.responses import Response

from app import policies
from app.agreements.domain import AgreementKind, BindingDates, Draft, DraftChange, DraftStatus
from app.agreements.errors import NoAgreementInForce, NoSuchDraft
from app.console.agreement_pages import HERE, draft_page, nothing_there
from app.console.typed import day_begins, read_day, text_of, today, wrong_texts
from app.console.visits import Fields, FormOf, LongFormOf, Visit, act, console_router, visit_at

router = console_router()
VisitOf = Annotated[Visit, Depends(visit_at("agreements"))]
Errors = Sequence[tuple[str, str]]
_WRONG = HTTPStatus.UNPROCESSABLE_ENTITY
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.-]{0,31}", re.ASCII)
_DAY = timedelta(days=1)
_SHORTEST, _LONGEST = policies.AGREEMENT_ACCEPTANCE.value, policies.AGREEMENT_LONGEST_ACCEPTANCE.value


@router.get("/agreements/new")
def new_draft(visit: VisitOf) -> Response:
    """Begins with the text in force of its kind, where there is one."""
    asked = visit.query.get("kind", "")
    kind = AgreementKind(asked) if asked in set(AgreementKind) else AgreementKind.USER
    typed = {"kind": kind.value, "draft": "", "revision": "0"}
    try:
        current = visit.services.agreements.current(kind)
    except NoAgreementInForce:
        return _writing_page(visit, typed)
    texts = {"title": current.title, "text-zh": current.text_zh, "text-en": current.text_en}
    return _writing_page(visit, {**typed, **texts})


@router.get("/agreements/drafts/{draft_id}/edit")
def edit_draft(visit: VisitOf, draft_id: str) -> Response:
    """The revision that is changed is the one that was read."""
    try:
        found = visit.services.agreement_drafts.get(draft_id).written
    except NoSuchDraft:
        return nothing_there(visit)
    if found.status is not DraftStatus.DRAFT:
        return visit.go(f"{HERE}/drafts/{draft_id}")
    typed = {
        "kind": found.draft.kind.value,
        "draft": found.id,
        "revision": str(found.revision),
        "version": found.draft.version,
        "title": found.title,
        "text-zh": found.draft.zh,
        "text-en": found.draft.en,
    }
    return _writing_page(visit, typed)


def _writing_page(visit: Visit, typed: Fields, errors: Errors = (), status: int = HTTPStatus.OK) -> Response:
    most = policies.AGREEMENT_LONGEST_TEXT.value
    return visit.show("agreement_write", errors=errors, status=status, typed=typed, most=most)


@router.post("/agreements/write")
def write(visit: VisitOf, form: LongFormOf) -> Response:
    """A new draft, or one more revision of one; it binds nobody."""
    kind, draft_id = form.get("kind", ""), form.get("draft", "")
    if kind not in set(AgreementKind):
        return visit.go(HERE)
    wrong = wrong_texts(visit, form, {"title": 120})
    if not _VERSION.fullmatch(text_of(form, "version")):
        wrong.append(("version", visit.say("agreements.error.version")))
    if wrong:
        return _writing_page(visit, form, wrong, _WRONG)
    named, zh, en = text_of(form, "version"), form.get("text-zh", ""), form.get("text-en", "")

    def work(now: Visit) -> Response:
        drafts, title = now.services.agreement_drafts, text_of(form, "title")
        if draft_id:
            change = DraftChange(named, title, zh, en)
            found = drafts.change(now.actor, draft_id, _revision(form), change)
        else:
            found = drafts.write(now.actor, title, Draft(AgreementKind(kind), named, zh, en))
        return now.go(f"{HERE}/drafts/{found.written.id}", "draft_saved")

    return act(visit, form, work, lambda errors, status: _writing_page(visit, form, errors, status))


def _revision(form: Fields) -> int:
    written = form.get("revision", "")
    return int(written) if written.isascii() and written.isdigit() and len(written) < len("1000000") else 0


@router.post("/agreements/drafts/{draft_id}/withdraw")
def withdraw(visit: VisitOf, form: FormOf, draft_id: str) -> Response:
    """It stays to be read."""

    def work(now: Visit) -> Response:
        now.services.agreement_drafts.withdraw(now.actor, draft_id, _revision(form))
        return now.go(f"{HERE}/drafts/{draft_id}", "draft_withdrawn")

    return act(visit, form, work, lambda errors, status: draft_page(visit, draft_id, {}, errors, status))


@router.get("/agreements/drafts/{draft_id}/publish")
def publishing(visit: VisitOf, draft_id: str) -> Response:
    """From when it would bind, whom, and until when an earlier acceptance counts."""
    day = visit.now + _DAY * (_SHORTEST + 1)
    last = (day + _DAY * _SHORTEST).date().isoformat()
    return _publish_page(visit, draft_id, {"effective_at": day.date().isoformat(), "accept_by": last})


def _publish_page(
    visit: Visit, draft_id: str, typed: Fields, errors: Errors = (), status: int = HTTPStatus.OK
) -> Response:
    try:
        found = visit.services.agreement_drafts.get(draft_id)
    except NoSuchDraft:
        return nothing_there(visit)
    if found.written.status is not DraftStatus.DRAFT or found.missing:
        return draft_page(visit, draft_id, {}, errors, status)
    return visit.show(
        "agreement_publish",
        errors=[(name, _said(visit, name, said)) for name, said in errors],
        status=status,
        typed={"revision": str(found.written.revision), **typed},
        one=found.written,
        against=found.against,
        shortest=_SHORTEST,
    )


def _said(visit: Visit, name: str, said: str) -> str:
    """Of dates in the words of this page: what a program is told names its own fields."""
    return visit.say(f"agreements.error.{name}", least=_SHORTEST, most=_LONGEST) if name in _DATES else said


_DATES = frozenset({"effective_at", "accept_by"})


@router.post("/agreements/drafts/{draft_id}/publish")
def publish(visit: VisitOf, form: FormOf, draft_id: str) -> Response:
    """Exactly the revision that was read; it is on record before it binds anybody."""

    def again(errors: Errors, status: int) -> Response:
        return _publish_page(visit, draft_id, form, errors, status)

    begins, last = read_day(form.get("effective_at", "")), read_day(form.get("accept_by", ""))
    wrong = [(name, "") for name, day in (("effective_at", begins), ("accept_by", last)) if day is None]
    if wrong or begins is None or last is None:
        return again(wrong, _WRONG)
    effective_at = None if begins.isoformat() == today(visit) else day_begins(begins)
    accept_by = day_begins(last + _DAY)

    def work(now: Visit) -> Response:
        drafts, dates = now.services.agreement_drafts, BindingDates(effective_at or now.now, accept_by)
        receipt = drafts.announce(now.actor, draft_id, _revision(form), dates)
        drafts.publish(now.actor, draft_id, _revision(form), dates, receipt)
        return now.go(HERE, "agreement_published")

    return act(visit, form, work, again, fresh=True)
