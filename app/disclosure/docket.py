"""Steps: a request as it stands at this moment, with the people who asked for it and approved it."""

from collections.abc import Callable, Iterable
from datetime import UTC

from app.crypto.envelope import Records
from app.crypto.mac import Mac, MacUse
from app.db.unit_of_work import Transaction
from app.disclosure import repository, rules
from app.disclosure.domain import LIFETIME, Approval, Disclosure, DisclosureRequest, DisclosureView
from app.disclosure.errors import NoSuchDisclosure
from app.disclosure.models import DisclosureApprovalRow
from app.kernel.ids import AccountId, StaffId
from app.staff.access import Permission
from app.staff.domain import Staff
from app.staff.errors import RoleNotSufficient
from app.staff.standings import all_members, find_member

IsAdult = Callable[[Transaction, AccountId], bool]
"""Whether the person behind an account is known to be grown up."""


class Docket:
    """Reads and writes requests; what was changed in the database shows, and counts for nothing."""

    def __init__(self, records: Records, mac: Mac, is_adult: IsAdult) -> None:
        self._records = records
        self._mac = mac
        self._is_adult = is_adult

    def add(self, tx: Transaction, request: DisclosureRequest) -> DisclosureView:
        repository.add(tx.session, self._records, request)
        added = Disclosure(request, request.digest(), (), None, None, None, None, altered=False)
        return rules.view(added, {}, self.needed(tx, request.wanted.account_id), tx.now)

    def approve(self, tx: Transaction, request: DisclosureRequest, approver_id: StaffId) -> None:
        approval = Approval(approver_id, request.digest(), tx.now, genuine=True)
        seal = self._mac.digest(MacUse.DISCLOSURE_APPROVAL, *_sealed_parts(request.id, approval))
        repository.add_approval(tx.session, request, approval, seal)

    def needed(self, tx: Transaction, account_id: AccountId) -> int:
        """How many approvals it takes to open who stands behind this account."""
        return rules.approvals_needed(adult=self._is_adult(tx, account_id))

    def seen(self, tx: Transaction, disclosure_id: str, *, lock: bool = False) -> DisclosureView:
        """For whoever may see it: who asked, and those who may approve. Raises `NoSuchDisclosure`."""
        found = repository.find(tx.session, self._records, self._is_genuine, disclosure_id, lock=lock)
        reader = find_member(tx, tx.actor.id)
        if found is None or reader is None or not _may_see(found, reader, tx):
            raise NoSuchDisclosure
        return self._viewed(tx, [found])[0]

    def list_seen(self, tx: Transaction, reader: Staff, before: str | None, limit: int) -> list[DisclosureView]:
        """Newest first: all for whoever may approve, their own for whoever may ask."""
        everything = reader.may(Permission.DISCLOSURE_APPROVE, tx.now)
        found = repository.newest(
            tx.session, self._records, self._is_genuine, None if everything else reader.id, before, limit
        )
        return self._viewed(tx, found)

    def open_ones(self, tx: Transaction) -> list[DisclosureView]:
        """Those that have not run out, oldest first."""
        since = tx.now - LIFETIME
        return self._viewed(tx, repository.begun_since(tx.session, self._records, self._is_genuine, since))

    def executed_on(self, tx: Transaction, account_ids: Iterable[AccountId]) -> list[Disclosure]:
        return repository.executed_on(tx.session, self._records, self._is_genuine, list(account_ids))

    def _viewed(self, tx: Transaction, found: Iterable[Disclosure]) -> list[DisclosureView]:
        members = {one.id: one for one in all_members(tx)}
        return [rules.view(one, members, self.needed(tx, one.request.wanted.account_id), tx.now) for one in found]

    def _is_genuine(self, row: DisclosureApprovalRow) -> bool:
        approval = Approval(StaffId(row.approver_id), row.digest, row.approved_at, genuine=True)
        return self._mac.matches(row.seal, MacUse.DISCLOSURE_APPROVAL, *_sealed_parts(row.disclosure_id, approval))


def member_acting(tx: Transaction) -> Staff:
    """Who acts, as they stand now. Raises `RoleNotSufficient` for whoever is no member of the staff any more."""
    found = find_member(tx, tx.actor.id)
    if found is None:
        raise RoleNotSufficient
    return found


def _may_see(disclosure: Disclosure, reader: Staff, tx: Transaction) -> bool:
    mine = disclosure.request.requester_id == reader.id and reader.may(Permission.DISCLOSURE_REQUEST, tx.now)
    return mine or reader.may(Permission.DISCLOSURE_APPROVE, tx.now)


def _sealed_parts(disclosure_id: str, approval: Approval) -> tuple[str, ...]:
    moment = approval.approved_at.astimezone(UTC).isoformat(timespec="microseconds")
    return disclosure_id, approval.approver_id, approval.digest.hex(), moment
