"""Steps about an account that was refused: what counted against it counts no more, or a person is to look at it."""

from dataclasses import dataclass
from datetime import datetime

from app.audit import service as audit
from app.audit.domain import Action, ObjectKind
from app.db.unit_of_work import Transaction
from app.kernel.ids import AccountId, ForumId, VerificationId, new_id
from app.verification import forgiving_rows, repository
from app.verification.domain import Ending, Method, Outcome, Reason

_BY_HAND = "staff"


@dataclass(frozen=True, slots=True)
class Refused:
    id: VerificationId
    at: datetime


def refused_verification(tx: Transaction, account_id: AccountId, ref: str | None) -> Refused | None:
    """A step: the rejected verification of this account that is named, or else the last one."""
    found = forgiving_rows.newest_rejected(tx.session, account_id, ref)
    return Refused(*found) if found else None


def forgive_attempts(tx: Transaction, account_id: AccountId, case: str | None = None) -> None:
    """A step: the account, held by the caller, has all its tries again.

    Verdicts stay what they are: nobody is verified by this, and the person goes on where they were refused.
    """
    forgiving_rows.forgive(tx.session, account_id, tx.now)
    audit.record(tx, Action.ATTEMPTS_FORGIVEN, ObjectKind.ACCOUNT, account_id, case=case)


def begin_by_hand(tx: Transaction, forum_id: ForumId, account_id: AccountId) -> VerificationId:
    """A step: a person is to look at what no record can confirm; the check that waits already, where one does."""
    asked_before = repository.pending_by_hand(tx.session, account_id)
    if asked_before is not None:
        return asked_before
    verification_id = VerificationId(new_id("vrf", tx.now))
    asked = repository.Attempt(verification_id, forum_id, account_id, Method.MANUAL, _BY_HAND, sandbox=False)
    repository.add_attempt(tx.session, asked, tx.now)
    audit.record(tx, Action.VERIFICATION_STARTED, ObjectKind.VERIFICATION, verification_id, reason=Method.MANUAL)
    repository.settle(tx.session, verification_id, Ending(Outcome.PENDING, Reason.REVIEW), tx.now)
    return verification_id
