"""Use case: what a person asked for as their names, and is not shown."""

from collections.abc import Mapping
from dataclasses import asdict

from app.accounts.domain import Account
from app.accounts.naming import is_placeholder
from app.crypto.envelope import Records
from app.db.unit_of_work import UnitOfWork
from app.screening.domain import Field
from app.screening.own_texts import OwnText, own_texts


class OwnNames:
    def __init__(self, unit_of_work: UnitOfWork, records: Records) -> None:
        self._unit_of_work = unit_of_work
        self._records = records

    def of(self, account: Account) -> Mapping[Field, OwnText]:
        """Those in whose place a placeholder or nothing is shown: for the person behind the account, and nobody else.

        Source: L8f, L8g.
        """
        hidden = {Field.HANDLE: is_placeholder(account.id, account.handle)}
        hidden |= {Field(name): text is None for name, text in asdict(account.profile).items()}
        with self._unit_of_work.read() as tx:
            found = own_texts(tx, self._records, account.id)
        return {field: one for field, one in found.items() if hidden.get(field, False)}
