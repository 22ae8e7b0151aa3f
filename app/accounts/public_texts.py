"""What accounts show: handles and profiles, for whoever screens them again."""

from app.accounts import repository
from app.accounts.repository import ShownTexts
from app.db.unit_of_work import Transaction
from app.kernel.ids import AccountId, ForumId
from app.screening.domain import Field, PublicText, Subject, SubjectKind

_FIELDS = (Field.HANDLE, Field.DISPLAY_NAME, Field.BIO, Field.SIGNATURE)


class AccountTexts:
    """A `TextSource`. Closed accounts too: they are still named, and may come back."""

    def page(self, tx: Transaction, after: str, limit: int) -> list[PublicText]:
        """A step: all that so many accounts behind `after` show, the oldest account first."""
        return [text for row in repository.page_of_shown(tx.session, after, limit) for text in _texts_of(row)]

    def recent(self, tx: Transaction, limit: int) -> list[PublicText]:
        """A step: what the newest accounts show."""
        return [text for row in repository.newest_shown(tx.session, limit) for text in _texts_of(row)][:limit]


def _texts_of(row: ShownTexts) -> list[PublicText]:
    account_id, forum_id, *texts = row
    subject = Subject(SubjectKind.ACCOUNT, account_id, ForumId(forum_id), AccountId(account_id))
    shown = zip(_FIELDS, texts, strict=True)
    return [PublicText(account_id, field, text, ForumId(forum_id), subject) for field, text in shown if text]
