"""What accounts show: handles and profiles, for whoever screens them again."""

from app.accounts import repository
from app.accounts.domain import Account
from app.db.unit_of_work import Transaction
from app.screening.domain import Field, PublicText, Subject, SubjectKind


class AccountTexts:
    """A `TextSource`. Closed accounts too: they are still named, and may come back."""

    def page(self, tx: Transaction, after: str, limit: int) -> list[PublicText]:
        """A step: all that so many accounts behind `after` show, the oldest account first."""
        return [text for account in repository.page_of_named(tx.session, after, limit) for text in _texts_of(account)]

    def recent(self, tx: Transaction, limit: int) -> list[PublicText]:
        """A step: what the newest accounts show."""
        newest = repository.newest_named(tx.session, limit)
        return [text for account in newest for text in _texts_of(account)][:limit]


def _texts_of(account: Account) -> list[PublicText]:
    subject, profile = Subject(SubjectKind.ACCOUNT, account.id, account.forum_id, account.id), account.profile
    shown = (
        (Field.HANDLE, account.handle),
        (Field.DISPLAY_NAME, profile.display_name),
        (Field.BIO, profile.bio),
        (Field.SIGNATURE, profile.signature),
    )
    return [PublicText(account.id, field, text, account.forum_id, subject) for field, text in shown if text]
