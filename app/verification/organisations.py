"""The organisation behind an account: a mark, not a level."""

from app.audit import service as audit
from app.audit.domain import Action, ObjectKind
from app.db.unit_of_work import Transaction
from app.kernel.ids import AccountId
from app.vault.service import Vault
from app.verification import repository
from app.verification.documents import Document


class Organisations:
    """Steps; the account's row is held by the verification that calls them."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def mark(self, tx: Transaction, account_id: AccountId, document: Document, *, sandbox: bool) -> None:
        """Seals who the organisation is and marks the account; an earlier mark and what was sealed for it go."""
        organisation_id = self._vault.seal_organisation(tx, document.number, document.name)
        before = repository.mark_organisation(tx.session, account_id, organisation_id, tx.now, sandbox=sandbox)
        if before is not None:
            self._vault.drop_organisation(tx, before)
        audit.record(tx, Action.ORGANISATION_MARKED, ObjectKind.ACCOUNT, account_id)
