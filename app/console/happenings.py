"""What happened to an account, in words: the act, who, why, and on which board; never a code, and no id of our own."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from app.audit.domain import ObjectKind
from app.boards.domain import ModeratorView
from app.compliance.domain import Event
from app.console.moments import said_last_day, said_moment
from app.console.visits import Visit
from app.kernel.actor import ActorKind
from app.staff.access import Permission
from app.staff.errors import MemberNotFound

_ORDERED = "moderator.ordered"


@dataclass(frozen=True, slots=True)
class Said:
    """One line of a timeline; `order` and `proof` are addresses, empty where there is none."""

    when: str
    what: str
    who: str
    board: str
    why: str
    due: str
    order: str
    proof: str


def said_events(visit: Visit, events: Sequence[Event], offices: Sequence[ModeratorView], forum: str) -> list[Said]:
    """`offices` are all that the account has or had; `forum` is the name of its own."""
    boards: dict[str, str] = {office.standing.appointment.id: office.board.name for office in offices}
    members = {event.actor_id or "" for event in events if event.actor_kind == ActorKind.STAFF}
    emails = {staff_id: email_of(visit, staff_id) for staff_id in members}
    return [
        Said(
            when=said_moment(visit, event.at),
            what=visit.say(f"console.act.{event.what}"),
            who=_who(visit, event, emails, forum),
            board=boards.get(event.object_id, "") if event.object_kind == ObjectKind.MODERATOR else "",
            why=event.reason or _why(visit, event),
            due=said_last_day(visit, event.due_at) if event.due_at else "",
            order=f"/console/moderators/orders/{event.code}"
            if event.what == _ORDERED and event.code and visit.may(Permission.MODERATORS)
            else "",
            proof=f"/console/audit/{event.entry_id}" if event.entry_id and visit.may(Permission.AUDIT) else "",
        )
        for event in events
    ]


def email_of(visit: Visit, staff_id: str) -> str:
    """Whoever is not known is a member of the staff, and no more is said."""
    with suppress(MemberNotFound):
        return visit.services.staff.members.get(staff_id).email
    return visit.say("console.actor.staff")


def _who(visit: Visit, event: Event, emails: Mapping[str, str], forum: str) -> str:
    if event.actor_kind is None:
        return ""
    if event.actor_kind == ActorKind.STAFF:
        return emails[event.actor_id or ""]
    if event.actor_kind == ActorKind.CLIENT and forum:
        return visit.say("accounts.timeline.forum", forum=forum)
    return visit.say(f"console.actor.{event.actor_kind}")


def _why(visit: Visit, event: Event) -> str:
    """How it ended and why, in words; what has none is left out, and the proof tells it."""
    codes = [event.outcome or "", *(event.code or "").split()]
    kind, _, version = (event.code or "").partition("/")
    said = [_coded(visit, code) for code in codes if code and "/" not in code]
    if version:
        said.append(_word(visit, f"accounts.code.agreement_{kind}", version=version))
    return visit.say("accounts.code.between").join(word for word in said if word)


def _coded(visit: Visit, code: str) -> str:
    return _word(visit, f"accounts.code.{code}") or _word(visit, f"reviews.step.{code}")


def _word(visit: Visit, key: str, **values: str) -> str:
    with suppress(KeyError):
        return visit.say(key, **values)
    return ""
