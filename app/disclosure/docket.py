"""Steps: a request as it stands at this moment, with the people who asked for it and approved it."""

from collections.abc import Callable, Iterable

from app.crypto.envelope import Records
from app.db.unit_of_work import Transaction
from app.disclosure import repository, rules
from app.disclosure.domain import LIFETIME, Approval, Closing, Disclosure, DisclosureRequest, DisclosureView, Execution
from app.disclosure.errors import NoSuchDisclosure
from app.disclosure.seals import Seals
from app.kernel.ids import AccountId, DisclosureId, PersonId, StaffId
from app.staff.access import Permission
from app.staff.domain import Staff
from app.staff.errors import RoleNotSufficient
from app.staff.seals import Seals as MemberSeals
from app.staff.standings import all_members, find_member

IsAdult = Callable[[Transaction, AccountId], bool]
"""Whether the person behind an account is known to be grown up."""


class Docket:
    """Reads and writes requests; what was changed in the database shows, and counts for nothing."""

    def __init__(self, records: Records, seals: Seals, member_seals: MemberSeals, is_adult: IsAdult) -> None:
        self._keys = repository.Keys(records, seals)
        self._member_seals = member_seals
        self._is_adult = is_adult

    def add(self, tx: Transaction, request: DisclosureRequest) -> DisclosureView:
        repository.add(tx.session, self._keys, request)
        added = Disclosure(request, request.digest(), (), None, None, None, None, altered=False)
        return rules.view(added, {}, self.needed(tx, request.wanted.account_id), tx.now)

    def approve(self, tx: Transaction, request: DisclosureRequest, approver_id: StaffId) -> None:
        approval = Approval(approver_id, request.digest(), tx.now, genuine=True)
        repository.add_approval(tx.session, self._keys, request, approval)

    def begin(self, tx: Transaction, request: DisclosureRequest, reader_id: StaffId, entry_id: str) -> None:
        repository.add_execution(tx.session, self._keys, request.id, reader_id, Execution(entry_id, tx.now, None))

    def finish(self, tx: Transaction, request: DisclosureRequest) -> None:
        repository.finish_execution(tx.session, self._keys, request.id, tx.now)

    def close(self, tx: Transaction, request: DisclosureRequest, closing: Closing, by: StaffId) -> None:
        repository.close(tx.session, self._keys, request.id, closing, by, tx.now)

    def person_digest(self, disclosure_id: DisclosureId, person_id: PersonId) -> bytes:
        """By which a request knows who it is about, and nobody else who else it is."""
        return self._keys.seals.person(disclosure_id, person_id)

    def needed(self, tx: Transaction, account_id: AccountId) -> int:
        """How many approvals it takes to open who stands behind this account."""
        return rules.approvals_needed(adult=self._is_adult(tx, account_id))

    def seen(self, tx: Transaction, disclosure_id: str, *, lock: bool = False) -> DisclosureView:
        """For whoever may see it: who asked, and those who may approve. Raises `NoSuchDisclosure`."""
        found = repository.find(tx.session, self._keys, disclosure_id, lock=lock)
        reader = self._member(tx, tx.actor.id)
        if found is None or reader is None or not _may_see(found, reader, tx):
            raise NoSuchDisclosure
        return self._viewed(tx, [found])[0]

    def list_seen(self, tx: Transaction, reader: Staff, before: str | None, limit: int) -> list[DisclosureView]:
        """Newest first: all for whoever may approve, their own for whoever may ask."""
        everything = reader.may(Permission.DISCLOSURE_APPROVE, tx.now)
        found = repository.newest(tx.session, self._keys, None if everything else reader.id, before, limit)
        return self._viewed(tx, found)

    def open_ones(self, tx: Transaction) -> list[DisclosureView]:
        """Those that have not run out, oldest first."""
        since = tx.now - LIFETIME
        return self._viewed(tx, repository.begun_since(tx.session, self._keys, since))

    def executed_on(self, tx: Transaction, account_ids: Iterable[AccountId]) -> list[Disclosure]:
        return repository.executed_on(tx.session, self._keys, list(account_ids))

    def _viewed(self, tx: Transaction, found: Iterable[Disclosure]) -> list[DisclosureView]:
        members = {one.id: one for one in self.members(tx)}
        return [rules.view(one, members, self.needed(tx, one.request.wanted.account_id), tx.now) for one in found]

    def member_acting(self, tx: Transaction) -> Staff:
        """Who acts, as they stand now. Raises `RoleNotSufficient` for whoever is no member of the staff any more."""
        found = self._member(tx, tx.actor.id)
        if found is None:
            raise RoleNotSufficient
        return found

    def members(self, tx: Transaction) -> list[Staff]:
        """Whose rows are as they were written; the oldest first."""
        return [one for one in all_members(tx) if self._member_seals.whole(one)]

    def _member(self, tx: Transaction, staff_id: str) -> Staff | None:
        return self._member_seals.whole(find_member(tx, staff_id))


def _may_see(disclosure: Disclosure, reader: Staff, tx: Transaction) -> bool:
    mine = disclosure.request.requester_id == reader.id and reader.may(Permission.DISCLOSURE_REQUEST, tx.now)
    return mine or reader.may(Permission.DISCLOSURE_APPROVE, tx.now)
