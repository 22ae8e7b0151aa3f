"""What a proved phone or a confirmed document does to the link between an account and a person.

A document that is on file already counts on another account only after a code to its person's phone, so that a stolen
pair of name and number opens nothing once its owner is here. Source: `docs/api.md` part 4.
"""

from datetime import datetime

from app.audit import service as audit
from app.audit.domain import Action, ObjectKind
from app.db.unit_of_work import Transaction
from app.kernel.ids import AccountId, PersonId
from app.vault.domain import DocumentRecord
from app.vault.service import Vault
from app.verification import repository
from app.verification.domain import IdentityLevel, Link, Method


class Links:
    """Steps; each joins the transaction of the verification that calls it, with the account's row held."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def possession_proved(self, tx: Transaction, link: Link, since: datetime) -> bool:
        """Whether this account entered, since then, a code sent to a phone on record for its person."""
        proved = repository.proved_phones(tx.session, link.account_id, since)
        return bool(proved & self._vault.phones_on_record(tx, link.person_id))

    def confirm_phone(
        self, tx: Transaction, account_id: AccountId, holder: str, phone_digest: bytes, *, sandbox: bool
    ) -> Link | None:
        """The link after a right code; None when the number is not one on record for this account's person."""
        link = repository.find_link(tx.session, account_id)
        if link is None:
            person_id = self._vault.new_person_of_held_phone(tx, holder)
            return self._save(tx, account_id, person_id, IdentityLevel.PHONE, Method.PHONE_CODE, sandbox=sandbox)
        self._vault.drop_held_phone(tx, holder)
        if phone_digest not in self._vault.phones_on_record(tx, link.person_id):
            return None
        if link.level is IdentityLevel.PHONE:
            return self._save(tx, account_id, link.person_id, link.level, link.method, sandbox=link.sandbox or sandbox)
        return link

    def confirm_document(
        self,
        tx: Transaction,
        account_id: AccountId,
        method: Method,
        document: DocumentRecord,
        proved_since: datetime,
        *,
        sandbox: bool,
    ) -> Link | None:
        """The link after a provider's match; None when the document does not count on this account."""
        link = repository.find_link(tx.session, account_id)
        person_id = self._person_of(tx, account_id, link, document, proved_since)
        if person_id is None:
            return None
        saved = self._save(tx, account_id, person_id, IdentityLevel.DOCUMENT, method, sandbox=sandbox)
        if link is not None and link.person_id != person_id and not repository.has_links(tx.session, link.person_id):
            self._vault.dissolve(tx, link.person_id)
        return saved

    def _person_of(
        self,
        tx: Transaction,
        account_id: AccountId,
        link: Link | None,
        document: DocumentRecord,
        proved_since: datetime,
    ) -> PersonId | None:
        holder = self._vault.person_with_document(tx, document.index)
        if link is not None and link.person_id == holder:
            self._vault.confirm_document_again(tx, document.index)
            return holder
        if link is not None and self._vault.has_document(tx, link.person_id):
            return None
        if holder is not None:
            proved = repository.proved_phones(tx.session, account_id, proved_since)
            return holder if proved & self._vault.current_phones(tx, holder) else None
        if link is None:
            return self._vault.new_person(tx, document)
        if not self.possession_proved(tx, link, proved_since):
            return None
        self._vault.add_document(tx, link.person_id, document)
        self._vault.settle_claimed_phones(tx, link.person_id)
        return link.person_id

    def _save(
        self,
        tx: Transaction,
        account_id: AccountId,
        person_id: PersonId,
        level: IdentityLevel,
        method: Method,
        *,
        sandbox: bool,
    ) -> Link:
        link = Link(account_id, person_id, level, method, tx.now, sandbox)
        repository.save_link(tx.session, link)
        audit.record(tx, Action.ACCOUNT_LINKED, ObjectKind.ACCOUNT, account_id, reason=level)
        return link
