"""What a forum is told about one of its accounts: a step that joins the change, and computes the status after it."""

from dataclasses import replace
from datetime import datetime

from app.accounts import repository
from app.accounts.domain import Account, AccountStatus, status_of
from app.db.unit_of_work import Transaction
from app.events.catalogue import AccountPayload, EventType
from app.events.service import publish


def announce(
    tx: Transaction, account: Account, kind: EventType, *, closed_at: datetime | None, person_behind: bool
) -> None:
    """A step, after the change, for the account as it was held before it; `closed_at` is how it is now."""
    sanction = repository.find_sanction(tx.session, account.id, tx.now)
    status = status_of(replace(account, closed_at=closed_at), sanction, tx.now, person_behind=person_behind)
    until = sanction.until if sanction is not None and status is AccountStatus.SUSPENDED else None
    payload = AccountPayload(account.id, account.external_id, account.handle, status.value, until)
    publish(tx, account.forum_id, kind, payload, subject=account.id)
