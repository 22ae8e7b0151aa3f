"""Disclosures: asked for, seen by those who approve exactly as they stand, and ended. Opening is another page's."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import Response

from app import policies
from app.accounts.domain import AccountName
from app.audit.domain import Action
from app.console.audit_words import said_reason
from app.console.lists import PAGE, Cell, Column, Listing, address
from app.console.moments import period, said_moment
from app.console.visits import Again, Fields, FormOf, Visit, act, console_router, visit_at, visit_of
from app.disclosure.domain import FIELDS, PURPOSES, Approver, DisclosureState, DisclosureView, Wanted
from app.disclosure.refusals import ground_of, record_refusal
from app.kernel.clock import SHANGHAI
from app.staff.access import Permission
from app.staff.errors import RoleNotSufficient, SecondFactorNeeded

router = console_router()
HERE = "/console/disclosures"
_LONGEST = {"authority": 200, "instrument_no": 100, "legal_basis": 1000}
_OPEN = frozenset({DisclosureState.REQUESTED, DisclosureState.APPROVED, DisclosureState.EXECUTING})
_MAY_OPEN = frozenset({DisclosureState.APPROVED, DisclosureState.EXECUTING, DisclosureState.EXECUTED})
_BADGES = {
    DisclosureState.APPROVED: "ok",
    DisclosureState.EXECUTED: "ok",
    DisclosureState.EXECUTING: "warn",
    DisclosureState.REFUSED: "bad",
    DisclosureState.ALTERED: "bad",
}
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_ASK, _APPROVE = Permission.DISCLOSURE_REQUEST, Permission.DISCLOSURE_APPROVE


def tries(permission: Permission, action: Action) -> Callable[[Request], Visit]:
    """The dependency that admits whose roles open this; whoever else tries is on record. Raises `RoleNotSufficient`."""
    admit = visit_at("disclosures", permission)

    def visit(request: Request) -> Visit:
        try:
            return admit(request)
        except RoleNotSufficient as refusal:
            found, disclosure_id = visit_of(request), request.path_params.get("disclosure_id", "")
            record_refusal(found.services.unit_of_work, found.actor, action, disclosure_id, ground_of(refusal))
            raise

    return visit


VisitOf = Annotated[Visit, Depends(visit_at("disclosures"))]
RequesterOf = Annotated[Visit, Depends(tries(_ASK, Action.DISCLOSURE_REQUESTED))]
ApproverOf = Annotated[Visit, Depends(tries(_APPROVE, Action.DISCLOSURE_APPROVED))]
RefuserOf = Annotated[Visit, Depends(tries(_APPROVE, Action.DISCLOSURE_REFUSED))]
WithdrawerOf = Annotated[Visit, Depends(tries(_ASK, Action.DISCLOSURE_WITHDRAWN))]


@router.get("/disclosures")
def disclosures(visit: VisitOf) -> Response:
    """All of them for who may approve, their own for who may ask; nothing of any identity."""
    before = visit.query.get("cursor") or None
    found = visit.services.disclosures.requests.list_all(visit.actor, before, PAGE + 1)
    shown = found[:PAGE]
    addresses = _addresses(visit)
    names = ("requested_at", "state", "purpose", "approvals", "left", "requester")
    listing = Listing(
        visit.say("disclosures.list.caption"),
        [Column(visit.say(f"disclosures.list.{name}")) for name in names],
        [_cells(visit, seen, addresses) for seen in shown],
        visit.say("disclosures.list.empty"),
        first=HERE if before else None,
        next=address(visit.request, cursor=shown[-1].disclosure.id) if len(found) > PAGE else None,
    )
    return visit.show("disclosures", listing=listing, readiness=visit.services.disclosures.tellings.figures().readiness)


def _addresses(visit: Visit) -> dict[str, str]:
    """Of every member, by their id."""
    return {one.id: one.email for one in visit.services.staff.members.list_all()}


def _cells(visit: Visit, seen: DisclosureView, addresses: Mapping[str, str]) -> list[Cell]:
    request, counting = seen.disclosure.request, sum(one.counts for one in seen.approvals)
    purpose = "–" if seen.disclosure.altered else visit.say(f"disclosures.purpose.{request.wanted.purpose}")
    mine = request.requester_id == visit.staff.id
    return [
        Cell(said_moment(visit, request.requested_at), f"{HERE}/{request.id}"),
        Cell(visit.say(f"disclosures.state.{seen.state}")),
        Cell(purpose),
        Cell(visit.say("disclosures.list.counting", n=counting, needed=seen.needed)),
        Cell(period(visit, request.expires_at - visit.now) if seen.state in _OPEN else "–"),
        Cell(visit.say("disclosures.list.mine") if mine else addresses.get(request.requester_id, request.requester_id)),
    ]


@router.get("/disclosures/new")
def new_disclosure(visit: VisitOf) -> Response:
    """The form; it names one account, and no box is ticked."""
    return _form(visit, {"account_id": visit.query.get("account", "")})


def _form(visit: Visit, typed: Fields, errors: Sequence[tuple[str, str]] = (), status: int = HTTPStatus.OK) -> Response:
    account_id = typed.get("account_id", "").strip()
    return visit.show(
        "disclosure_new",
        errors=errors,
        status=status,
        typed=typed,
        fields=FIELDS,
        purposes=[(one.value, visit.say(f"disclosures.purpose.{one}"), None) for one in PURPOSES],
        longest=_LONGEST,
        about=account_in_words(visit, account_id),
        **_asked_for_approval(visit),
    )


def _asked_for_approval(visit: Visit) -> dict[str, object]:
    """How many approvals it takes, how many people are lacking for them, and who can be asked or will be able to."""
    beside = visit.services.disclosures.requests.approvers_beside(visit.actor)
    able = [one.email for one in beside if one.refusal is None]
    later = [(one.email, said_moment(visit, one.able_from)) for one in beside if one.able_from is not None]
    needed, of_minors = policies.DISCLOSURE_APPROVALS.value, policies.DISCLOSURE_APPROVALS_MINOR.value
    return {
        "needed": needed,
        "of_minors": of_minors,
        "lacking": max(needed - len(able), 0),
        "able": able,
        "later": later,
    }


def account_in_words(visit: Visit, account_id: str) -> str:
    """Its nickname and its forum, which everybody reads there; never who is behind it."""
    found = visit.services.posting.find_anywhere(AccountName(account_id=account_id)) if account_id else []
    if not found:
        return ""
    forum = visit.services.forums.find(found[0].standing.account.forum_id)
    name = forum.name if forum else "–"
    return visit.say("disclosures.new.about", handle=found[0].standing.account.handle, forum=name)


@router.post("/disclosures/new")
def request_disclosure(visit: RequesterOf, form: FormOf) -> Response:
    """Asks; good for 24 hours."""
    wrong = list(_unusable(visit, form))
    try:
        until = _until(form.get("notify_after", ""))
    except ValueError:
        wrong.append(("notify_after", visit.say("disclosures.error.day")))
    if wrong:
        return _form(visit, form, wrong, HTTPStatus.UNPROCESSABLE_ENTITY)
    fields = [one for one in FIELDS if form.get(f"field-{one}")]
    texts = (form["authority"].strip(), form["instrument_no"].strip(), form["legal_basis"].strip())
    wanted = Wanted.of(form["account_id"].strip(), fields, texts, form["purpose"], until)

    def work(now: Visit) -> Response:
        made = now.services.disclosures.requests.request(now.actor, wanted)
        return now.go(f"{HERE}/{made.disclosure.id}", "disclosure_requested")

    return act(visit, form, work, lambda errors, status: _form(visit, form, errors, status))


def _unusable(visit: Visit, form: Fields) -> Iterator[tuple[str, str]]:
    if not form.get("account_id", "").strip():
        yield "account_id", visit.say("disclosures.error.account_id")
    if not any(form.get(f"field-{one}") for one in FIELDS):
        yield "fields", visit.say("disclosures.error.fields")
    if form.get("purpose") not in set(PURPOSES):
        yield "purpose", visit.say("disclosures.error.purpose")
    for name, longest in _LONGEST.items():
        if not 0 < len(form.get(name, "").strip()) <= longest:
            yield name, visit.say(f"disclosures.error.{name}", n=longest)


def _until(written: str) -> datetime | None:
    """The beginning of that day in Shanghai. Raises `ValueError`."""
    return datetime.strptime(written.strip(), "%Y-%m-%d").replace(tzinfo=SHANGHAI) if written.strip() else None


@router.get("/disclosures/{disclosure_id}")
def disclosure(visit: VisitOf, disclosure_id: str) -> Response:
    """Exactly what is asked for, its digest, and who may do what."""
    return show(visit, disclosure_id)


def show(
    visit: Visit, disclosure_id: str, errors: Sequence[tuple[str, str]] = (), status: int = HTTPStatus.OK
) -> Response:
    """Raises `NoSuchDisclosure`."""
    requests = visit.services.disclosures.requests
    seen = requests.get(visit.actor, disclosure_id)
    mine, is_open = seen.disclosure.request.requester_id == visit.staff.id, seen.state in _OPEN
    approvers, history = requests.approvers(visit.actor, disclosure_id), requests.history(visit.actor, disclosure_id)
    able = is_open and any(one.id == visit.staff.id and one.refusal is None for one in approvers)
    return visit.show(
        "disclosure",
        errors=errors,
        status=status,
        seen=seen,
        request=seen.disclosure.request,
        badge=_BADGES.get(seen.state, ""),
        about=account_in_words(visit, seen.disclosure.request.wanted.account_id),
        handle_then=_handle_then(visit, seen),
        left=period(visit, seen.disclosure.request.expires_at - visit.now) if is_open else None,
        counting=sum(one.counts for one in seen.approvals),
        approvers=_approvers(visit, seen, approvers, is_open=is_open),
        history=history,
        addresses=_addresses(visit),
        said_reason=partial(said_reason, visit),
        files=[one for one in history if one.action == Action.DISCLOSURE_SEALED],
        may_approve=able,
        may_refuse=is_open and not mine and visit.may(_APPROVE),
        may_withdraw=is_open and mine,
        may_open=may_open(visit, seen),
        mine=mine,
    )


def _handle_then(visit: Visit, seen: DisclosureView) -> str:
    """By which handle the account was asked for, where it is another one now."""
    request = seen.disclosure.request
    found = visit.services.posting.find_anywhere(AccountName(account_id=request.wanted.account_id))
    if seen.disclosure.altered or (found and found[0].standing.account.handle == request.handle):
        return ""
    return visit.say("disclosures.one.handle_then", handle=request.handle)


def may_open(visit: Visit, seen: DisclosureView) -> bool:
    request = seen.disclosure.request
    return request.requester_id == visit.staff.id and seen.state in _MAY_OPEN and visit.now < request.expires_at


def _approvers(visit: Visit, seen: DisclosureView, approvers: Sequence[Approver], *, is_open: bool) -> Listing:
    """Who has approved; while it is open also who may, and who may not and why."""
    given, rows = {one.approval.approver_id: one for one in seen.approvals}, list[list[Cell]]()
    for one in approvers:
        approval = given.pop(one.id, None)
        if approval is not None:
            key = "approved" if approval.counts else "counts_not"
            said = visit.say(f"disclosures.approver.{key}", time=said_moment(visit, approval.approval.approved_at))
        elif is_open:
            said = _said(visit, one)
        else:
            continue
        rows.append([Cell(one.email), Cell(said)])
    lost = visit.say("disclosures.approver.role_lost")
    rows += [[Cell(approver_id), Cell(lost)] for approver_id in given]
    columns = [Column(visit.say(f"disclosures.approver.{name}")) for name in ("member", "may")]
    return Listing(visit.say("disclosures.approver.caption"), columns, rows, visit.say("disclosures.approver.nobody"))


def _said(visit: Visit, approver: Approver) -> str:
    if approver.refusal is None:
        return visit.say("disclosures.approver.may_yet")
    why = visit.sentence(approver.refusal.detail)
    if approver.able_from is None:
        return visit.say("disclosures.approver.may_not", why=why)
    return visit.say("disclosures.approver.later", why=why, time=said_moment(visit, approver.able_from))


def again_at(visit: Visit, disclosure_id: str, action: Action, page: Again) -> Again:
    """The page once more; that somebody tried without their second factor is on record like any other refusal."""

    def again(errors: Sequence[tuple[str, str]], status: int) -> Response:
        if any(name == "code" for name, _ in errors):
            ground = ground_of(SecondFactorNeeded())
            record_refusal(visit.services.unit_of_work, visit.actor, action, disclosure_id, ground)
        return page(errors, status)

    return again


@router.post("/disclosures/{disclosure_id}/approve")
def approve(visit: ApproverOf, form: FormOf, disclosure_id: str) -> Response:
    """Approves exactly what the page showed, by its digest."""
    digest = form.get("digest", "")
    saw = bytes.fromhex(digest) if _DIGEST.fullmatch(digest) else b""

    def work(now: Visit) -> Response:
        now.services.disclosures.requests.approve(now.actor, now.session, disclosure_id, saw)
        return now.go(f"{HERE}/{disclosure_id}", "disclosure_approved")

    page = again_at(
        visit,
        disclosure_id,
        Action.DISCLOSURE_APPROVED,
        lambda errors, status: show(visit, disclosure_id, errors, status),
    )
    return act(visit, form, work, page, fresh=True)


@router.post("/disclosures/{disclosure_id}/refuse")
def refuse(visit: RefuserOf, form: FormOf, disclosure_id: str) -> Response:
    """Ends it for good."""

    def work(now: Visit) -> Response:
        now.services.disclosures.requests.refuse(now.actor, disclosure_id)
        return now.go(f"{HERE}/{disclosure_id}", "disclosure_refused")

    return act(visit, form, work, lambda errors, status: show(visit, disclosure_id, errors, status))


@router.post("/disclosures/{disclosure_id}/withdraw")
def withdraw(visit: WithdrawerOf, form: FormOf, disclosure_id: str) -> Response:
    """Takes one's own back."""

    def work(now: Visit) -> Response:
        now.services.disclosures.requests.withdraw(now.actor, disclosure_id)
        return now.go(f"{HERE}/{disclosure_id}", "disclosure_withdrawn")

    return act(visit, form, work, lambda errors, status: show(visit, disclosure_id, errors, status))
