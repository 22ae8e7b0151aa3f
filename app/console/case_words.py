"""A complaint or an appeal in words: what it is about, how it stands to its clock, and all that happened to it."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from app.accounts.domain import AccountName
from app.boards.errors import NoSuchBoard
from app.console.moments import period, said_moment
from app.console.naming import name_of
from app.console.visits import Visit
from app.reporting.domain import Author, Case, CaseState, Decided, Standing
from app.reporting.handling import CaseView, WholeCase
from app.reporting.outcomes import OUTCOMES, REASONS
from app.staff.access import Permission


@dataclass(frozen=True, slots=True)
class Said:
    """One line of what happened; `text` is what somebody wrote, `asks` marks a question that waits."""

    at: datetime
    who: str
    what: str
    text: str | None = None


def said_case(visit: Visit, case: Case) -> str:
    if case.against is not None:
        return visit.say(f"cases.against.{case.against.kind}")
    category = visit.say(f"cases.category.{case.category}")
    return visit.say("cases.item.said", category=category, target=visit.say(f"cases.target.{case.target_kind}"))


def said_due(visit: Visit, view: CaseView) -> str:
    """What must happen next, by when, and how long that is."""
    case = view.case
    if view.standing is Standing.ENDED:
        return visit.say("cases.due.ended")
    next_step = "accept" if case.state is CaseState.RECEIVED else "decide"
    left = case.next_by - visit.now
    key = "late" if view.standing is Standing.LATE else "left"
    return visit.say(f"cases.due.{key}_{next_step}", period=period(visit, abs(left)))


def said_place(visit: Visit, case: Case) -> list[tuple[str, str, str | None]]:
    """Whose it is and where, as far as was found: term, words, and where that is shown."""
    account_id = case.target_account_id or (case.against.account_id if case.against else None)
    said: list[tuple[str, str, str | None]] = []
    if account_id is not None:
        leads = f"/console/accounts/{account_id}" if visit.may(Permission.ACCOUNTS) else None
        said.append((visit.say("cases.item.account"), handle_of(visit, account_id), leads))
    if case.target_board_id is not None:
        name: str = case.target_board_id
        with suppress(NoSuchBoard):
            name = visit.services.boards.get(case.forum_id, case.target_board_id).board.name
        leads = f"/console/moderators?board={case.target_board_id}" if visit.may(Permission.MODERATORS) else None
        said.append((visit.say("cases.item.board"), name, leads))
    return said


def handle_of(visit: Visit, account_id: str) -> str:
    """The id, where the account is there no more."""
    found = visit.services.posting.find_anywhere(AccountName(account_id=account_id))
    return found[0].standing.account.handle if found else account_id


def said_against(visit: Visit, case: Case) -> list[tuple[str, str]]:
    """Of an appeal: the decision that it is against, as it stands; and whether it is the account's own."""
    if case.against is None:
        return []
    against, first = case.against, visit.services.complaints.appeals.first_decision(case)
    said = [(visit.say("cases.first.proven"), visit.say(f"cases.first.{'own' if against.proven else 'unproven'}"))]
    if first is None:
        return [*said, (visit.say("cases.first.decision"), visit.say("cases.first.gone"))]
    if first.since is not None:
        said.append((visit.say("cases.first.since"), said_moment(visit, first.since)))
    if first.until is not None:
        said.append((visit.say("cases.first.until"), said_moment(visit, first.until)))
    if first.reason:
        said.append((visit.say("console.field.reason"), first.reason))
    if first.ground:
        said.append((visit.say("cases.first.ground"), first.ground))
    if against.decided_by is not None:
        said.append((visit.say("cases.first.by"), name_of(visit, against.decided_by)))
    return said


def said_decided(visit: Visit, decided: Decided) -> str:
    return visit.say(
        "cases.ended.by",
        name=name_of(visit, decided.by),
        time=said_moment(visit, decided.at),
        outcome=visit.sentence(OUTCOMES[decided.outcome]),
        reason=visit.sentence(REASONS[decided.reason].sentence),
    )


def said_steps(visit: Visit, whole: WholeCase) -> list[Said]:
    """The newest last, as a conversation is read."""
    return sorted(_steps(visit, whole), key=lambda one: one.at)


def _steps(visit: Visit, whole: WholeCase) -> Iterator[Said]:
    case, person = whole.view.case, visit.say("cases.who.person")
    yield Said(case.received_at, person, visit.say("cases.step.received"))
    for name, at, by in (
        ("accepted", case.accepted_at, case.accepted_by),
        ("assigned", case.assigned_at, case.assigned_to),
        ("agreed", case.agreed_at, case.agreed_by),
    ):
        if at is not None and by is not None:
            yield Said(at, name_of(visit, by), visit.say(f"cases.step.{name}"))
    for at in (case.escalated_at, case.appeal_escalated_at):
        if at is not None:
            yield Said(at, visit.say("console.actor.system"), visit.say("cases.step.escalated"))
    for message in whole.messages:
        who = name_of(visit, message.staff_id) if message.staff_id else person
        kind = "question" if message.asks else "reply" if message.author is Author.STAFF else "message"
        yield Said(message.at, who, visit.say(f"cases.step.{kind}"), message.text.reveal())
    for note in whole.notes:
        yield Said(note.at, name_of(visit, note.by), visit.say("cases.step.note"), note.text.reveal())
    if case.appealed_at is not None:
        grounds = whole.texts.appeal_grounds
        yield Said(case.appealed_at, person, visit.say("cases.step.appealed"), grounds.reveal() if grounds else None)
    for decided in (case.decided, case.appeal_decided):
        if decided is not None:
            outcome = visit.sentence(OUTCOMES[decided.outcome])
            what = visit.say("cases.step.decided", outcome=outcome)
            yield Said(decided.at, name_of(visit, decided.by), what, decided.text.reveal() if decided.text else None)
