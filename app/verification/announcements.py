"""What a forum is told when a verification has ended: the same for everybody whose proof did not count."""

from dataclasses import replace

from app.accounts.announcements import announce as announce_account
from app.accounts.domain import Account
from app.accounts.service import get_account
from app.db.unit_of_work import Transaction
from app.events.catalogue import EventType, VerificationPayload
from app.events.service import publish
from app.kernel.actor import Actor, ActorKind
from app.kernel.ids import ForumId, VerificationId
from app.verification import repository
from app.verification.domain import Ending, Method, Outcome, Reason

_SOMEBODY = Actor(ActorKind.PERSON, "lost")


def announce(tx: Transaction, account: Account, verification_id: VerificationId, method: Method, end: Ending) -> None:
    """A step, after everything else of the verification.

    One at our own pages is told without its id, which holds the moment of its beginning.
    """
    at_our_pages = tx.actor.kind is ActorKind.PERSON
    payload = VerificationPayload(
        verification_id=None if at_our_pages else verification_id,
        account_id=account.id,
        external_id=account.external_id,
        handle=account.handle,
        method=method.value,
        outcome=end.outcome.value,
        level=end.level.value,
    )
    publish(tx, account.forum_id, EventType.VERIFICATION_COMPLETED, payload, subject=account.id)
    if end.outcome is Outcome.VERIFIED and method is not Method.ORGANISATION:
        verified = EventType.ACCOUNT_VERIFIED
        announce_account(tx, account, verified, closed_at=account.closed_at, person_behind=True)


def announce_lost(tx: Transaction, verification_id: VerificationId) -> None:
    """A step: nobody knows any more who asked, so that it is told as if it had been the person."""
    forum_id, account_id, method = repository.whose(tx.session, verification_id)
    account = get_account(tx, ForumId(forum_id), account_id)
    end = Ending(Outcome.PENDING, Reason.OUTCOME_UNKNOWN)
    announce(replace(tx, actor=_SOMEBODY), account, verification_id, method, end)
