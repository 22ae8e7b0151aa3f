"""What entries of the log say, in words: who, what was acted on, and why; each with where it is shown."""

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass

from app.audit.domain import LOG, Action, ObjectKind
from app.compliance.named import Pair, PublicName
from app.console.visits import Visit
from app.forums.domain import Registration
from app.kernel.actor import OPERATOR, SYSTEM, ActorKind
from app.staff.access import Permission
from app.staff.errors import MemberNotFound
from app.web.problems import title_of

NOTHING = "—"
_NAMELESS_IDS = frozenset({"", "none", "unknown", "None"})
_EVERYWHERE = "all"
_REASONS: tuple[Callable[[Visit, str], str], ...] = (
    lambda visit, code: visit.say(f"audit.reason.{code}"),
    lambda visit, code: visit.say(f"reviews.field.{code}"),
    lambda visit, code: visit.say(f"moderators.role.{code}"),
    lambda visit, code: visit.say(f"moderators.cause.{code}"),
    lambda visit, code: visit.say(f"disclosures.purpose.{code}"),
    lambda visit, code: visit.sentence(title_of(code)),
)
_SHOWN_OF_AN_ID = 6
_LEADS_TO: Mapping[ObjectKind, tuple[str, Permission]] = {
    ObjectKind.ACCOUNT: ("/console/accounts/{id}", Permission.ACCOUNTS),
    ObjectKind.FORUM: ("/console/forums/{id}", Permission.FORUMS),
    ObjectKind.CLIENT: ("/console/forums/{id}", Permission.FORUMS),
    ObjectKind.STAFF: ("/console/members/{id}", Permission.MEMBERS),
    ObjectKind.DRAFT: ("/console/agreements/drafts/{id}", Permission.AGREEMENTS),
    ObjectKind.ORDER: ("/console/moderators/orders/{id}", Permission.MODERATORS),
    ObjectKind.OFFICER: ("/console/organisation/officers/{id}", Permission.ORGANISATION_READ),
    ObjectKind.AUTHORITY: ("/console/organisation/authorities/{id}", Permission.ORGANISATION_READ),
    ObjectKind.COMPLAINT: ("/console/complaints/{id}", Permission.COMPLAINTS),
    ObjectKind.APPEAL: ("/console/complaints/{id}", Permission.COMPLAINTS),
    ObjectKind.VIOLATION: ("/console/violations/{id}", Permission.VIOLATIONS),
    ObjectKind.REPORT: ("/console/reports/{id}", Permission.REPORTS),
    ObjectKind.PAUSE: ("/console/switch#{id}", Permission.PAUSES),
}


@dataclass(frozen=True, slots=True)
class Words:
    """Those of one page: whatever its entries name is looked up once."""

    visit: Visit
    forums: Mapping[str, Registration]
    """By their own id and by their client's."""
    members: Mapping[str, str]
    names: Mapping[Pair, PublicName]

    def who(self, actor: Pair) -> str:
        """A member by their address, a forum by its name, and in a word whoever has neither."""
        kind, named = actor
        if kind == ActorKind.STAFF and named in self.members:
            return self.members[named]
        if kind == ActorKind.CLIENT and named in self.forums:
            return self.visit.say("audit.actor.forum", forum=self.forums[named].forum.name)
        return self.visit.say(f"console.actor.{kind}") if kind in set(ActorKind) else named or NOTHING

    def what(self, acted_on: Pair) -> str:
        kind, named = acted_on
        if kind not in set(ObjectKind) or named in _NAMELESS_IDS:
            return NOTHING
        said = self.visit.say(f"audit.object.{kind}")
        if named == _EVERYWHERE or (kind, named) == (ObjectKind.LOG, LOG):
            return said
        return self.visit.say("audit.object.named", kind=said, name=self._name(ObjectKind(kind), named))

    def _name(self, kind: ObjectKind, named: str) -> str:
        if kind is ObjectKind.STAFF and named in self.members:
            return self.members[named]
        if kind in {ObjectKind.FORUM, ObjectKind.CLIENT} and named in self.forums:
            return self.forums[named].forum.name
        public = self.names.get((kind.value, named))
        if public is not None:
            return " · ".join(one for one in (public.handle, public.board) if one)
        return named if "/" in named else f"…{named[-_SHOWN_OF_AN_ID:]}"

    def leads_to(self, acted_on: Pair) -> str | None:
        """The page about it, where there is one and it opens to whoever reads."""
        kind, named = acted_on
        if kind not in set(ObjectKind) or named in _NAMELESS_IDS or named == _EVERYWHERE:
            return None
        if kind == ObjectKind.DISCLOSURE:
            opens = any(self.visit.may(one) for one in (Permission.DISCLOSURE_REQUEST, Permission.DISCLOSURE_APPROVE))
            return f"/console/disclosures/{named}" if opens else None
        public = self.names.get(acted_on)
        if public is not None and public.account_id is not None:
            kind, named = ObjectKind.ACCOUNT, public.account_id
        elif kind in {ObjectKind.FORUM, ObjectKind.CLIENT} and named in self.forums:
            named = self.forums[named].forum.id
        place, permission = _LEADS_TO.get(ObjectKind(kind), ("", Permission.AUDIT))
        return place.format(id=named) if place and self.visit.may(permission) else None

    def act(self, action: str) -> str:
        """In words, where this version knows it."""
        return self.visit.say(f"console.act.{action}") if action in set(Action) else action

    def outcome(self, entry: Mapping[str, object]) -> str:
        outcome, reason = str(entry.get("outcome")), entry.get("reason")
        said = outcome
        with suppress(KeyError):
            said = self.visit.say(f"audit.outcome.{outcome}")
        return f"{said} · {said_reason(self.visit, str(reason))}" if reason else said


def said_reason(visit: Visit, code: str) -> str:
    """A code where there are no words for it."""
    for said in _REASONS:
        with suppress(KeyError):
            return said(visit, code)
    return code


def said_actor(visit: Visit, actor_id: str) -> str:
    """A member by their address; whoever acted on the host, or the service itself, in a word."""
    for actor in (OPERATOR, SYSTEM):
        if actor_id == actor.id:
            return visit.say(f"console.actor.{actor.kind}")
    return _addresses(visit, [actor_id]).get(actor_id, actor_id)


def words_for(visit: Visit, entries: Collection[Mapping[str, object]]) -> Words:
    """For these entries."""
    pairs = [pair(entry.get(side)) for entry in entries for side in ("actor", "object")]
    forums = visit.services.forums.list_all() if any(kind in _OF_FORUMS for kind, _ in pairs) else []
    by_id: dict[str, Registration] = {}
    for one in forums:
        by_id[one.forum.id] = by_id[one.client_id] = one
    staff_ids = {named for kind, named in pairs if kind == ObjectKind.STAFF and named not in _NAMELESS_IDS}
    return Words(visit, by_id, _addresses(visit, staff_ids), visit.services.compliance.public_names(set(pairs)))


_OF_FORUMS = frozenset({ActorKind.CLIENT.value, ObjectKind.FORUM.value, ObjectKind.CLIENT.value})


def _addresses(visit: Visit, staff_ids: Collection[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for staff_id in staff_ids:
        with suppress(MemberNotFound):
            found[staff_id] = visit.services.staff.members.get(staff_id).email
    return found


def pair(said: object) -> Pair:
    return (str(said.get("kind")), str(said.get("id"))) if isinstance(said, dict) else ("", "")
