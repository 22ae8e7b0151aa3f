"""Steps that find what an appeal is against: the first decision, why it was taken, on what ground and by whom."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.accounts.domain import SanctionKind
from app.accounts.restoring import find_sanction, newest_sanction
from app.accounts.service import sanction_in_force
from app.boards.moderators import measures_on
from app.db.unit_of_work import Transaction
from app.kernel.actor import ActorKind
from app.kernel.ids import AccountId, ForumId
from app.reporting.domain import AgainstKind
from app.screening.overturning import Overturning
from app.verification.forgiving import refused_verification
from app.verification.links import has_person

SANCTIONS = {AgainstKind.SUSPENSION: SanctionKind.SUSPENSION, AgainstKind.BAN: SanctionKind.BAN}


@dataclass(frozen=True, slots=True)
class FirstDecision:
    """What was decided against an account. `staff_id` is None where no member of the staff decided it."""

    ref: str
    reason: str | None = None
    ground: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    staff_id: str | None = None


class FirstDecisions:
    def __init__(self, overturning: Overturning) -> None:
        self._overturning = overturning

    def against(
        self, tx: Transaction, forum_id: ForumId, account_id: AccountId, kind: AgainstKind, ref: str | None
    ) -> FirstDecision | None:
        """A step: the decision that is named, or the newest of its kind; None where there is none."""
        if kind in SANCTIONS:
            return _sanction(tx, account_id, SANCTIONS[kind], ref)
        if kind is AgainstKind.SCREENING_DECISION:
            found = self._overturning.find(tx, forum_id, account_id, ref)
            return FirstDecision(found.ref, found.reason, staff_id=_staff(found.decided_by)) if found else None
        if kind is AgainstKind.REFUSED_VERIFICATION:
            refused = refused_verification(tx, account_id, ref)
            return FirstDecision(refused.id, since=refused.at) if refused else None
        return _measure(tx, account_id, ref) if kind is AgainstKind.MODERATOR_SANCTION else None

    def all_against(
        self, tx: Transaction, forum_id: ForumId, account_id: AccountId
    ) -> Mapping[AgainstKind, FirstDecision]:
        """A step: the newest of each kind that still stands in the person's way."""
        found = {kind: self.against(tx, forum_id, account_id, kind, None) for kind in AgainstKind}
        standing = sanction_in_force(tx, account_id)
        over = {kind for kind, of in SANCTIONS.items() if standing is None or standing.kind is not of}
        if has_person(tx, account_id):
            over.add(AgainstKind.REFUSED_VERIFICATION)
        return {kind: decision for kind, decision in found.items() if decision is not None and kind not in over}


def _sanction(tx: Transaction, account_id: AccountId, kind: SanctionKind, ref: str | None) -> FirstDecision | None:
    """One that stands, or was replaced by another that stands, and not one that was taken back already."""
    found = newest_sanction(tx, account_id, kind) if ref is None else find_sanction(tx, account_id, ref)
    if found is None or found.sanction.kind is not kind or found.overturned_at is not None:
        return None
    if found.lifted_at is not None and not found.was_replaced:
        return None
    sanction, by = found.sanction, _staff(found.imposed_by)
    return FirstDecision(found.id, sanction.reason, sanction.ground, found.imposed_at, sanction.until, by)


def _measure(tx: Transaction, account_id: AccountId, ref: str | None) -> FirstDecision | None:
    for one in measures_on(tx, account_id):
        if ref in {None, one.id}:
            by = _staff(one.imposed_by)
            return FirstDecision(one.id, one.reason, one.basis, one.imposed_at, staff_id=by)
    return None


def _staff(by: tuple[str, str] | None) -> str | None:
    return by[1] if by is not None and by[0] == ActorKind.STAFF else None
