"""Use case: a text without a code to the person behind an account; nobody reads where it goes."""

from datetime import timedelta

from app import policies
from app.db.unit_of_work import ConstraintViolated, Transaction, UnitOfWork
from app.kernel.actor import SYSTEM
from app.kernel.ids import AccountId
from app.kernel.secret import Secret
from app.vault.service import Vault
from app.verification import repository, text_rows
from app.verification.sms.contract import SmsError, SmsOutcomeUnknown
from app.verification.texts import Texts, counts

_KEPT = timedelta(days=policies.NOTICE_TEXT_KEPT.value)


class Notices:
    def __init__(self, unit_of_work: UnitOfWork, vault: Vault, texts: Texts) -> None:
        self._unit_of_work = unit_of_work
        self._vault = vault
        self._texts = texts

    def text(self, account_id: AccountId, words: str, message_id: str) -> bool:
        """Sends words to the phone on record, outside any transaction; whether the text was accepted, now or before.

        It uses up none of the codes that the phone may get. False where there is no phone on record, where what is left
        of the day's money is kept for codes, and where the sender did not accept it, or perhaps did not. One message id
        goes out once.
        """
        try:
            with self._unit_of_work.begin(SYSTEM) as tx:
                text_rows.drop_old_notices(tx.session, tx.now - _KEPT)
                phone = self._phone_of(tx, account_id)
                if phone is None or self._texts.sender.refuses(phone) or not self._texts.may_spend_on_notice(tx):
                    return False
                text_rows.add_notice(tx.session, message_id, tx.now)
        except ConstraintViolated:
            return True
        try:
            self._texts.sender.send_notice(phone, Secret(words), message_id=message_id)
        except SmsOutcomeUnknown:
            return False  # it may have arrived, so it counts, and is not sent again
        except SmsError as error:
            if not counts(error):
                with self._unit_of_work.begin(SYSTEM) as tx:
                    text_rows.drop_notice(tx.session, message_id)
            return False
        return True

    def _phone_of(self, tx: Transaction, account_id: AccountId) -> Secret[str] | None:
        link = repository.find_link(tx.session, account_id)
        return self._vault.phone_to_write_to(tx, link.person_id) if link else None
