"""Keyed seals on rows: what stands in the database and was not written by this service counts for nothing."""

from datetime import UTC, datetime

from app.crypto.mac import Mac, MacUse
from app.disclosure.models import DisclosureApprovalRow, DisclosureExecutionRow, DisclosureRow
from app.kernel.ids import PersonId


class Seals:
    def __init__(self, mac: Mac) -> None:
        self._mac = mac

    def person(self, disclosure_id: str, person_id: PersonId) -> bytes:
        """Stands in a request for who it is about; for another request of the same person it is another."""
        return self._mac.digest(MacUse.DISCLOSURE_PERSON, disclosure_id, person_id)

    def seal_request(self, row: DisclosureRow) -> None:
        row.seal = self._mac.digest(MacUse.DISCLOSURE_REQUEST, *_of_request(row))

    def seal_approval(self, row: DisclosureApprovalRow) -> None:
        row.seal = self._mac.digest(MacUse.DISCLOSURE_APPROVAL, *_of_approval(row))

    def seal_execution(self, row: DisclosureExecutionRow) -> None:
        row.seal = self._mac.digest(MacUse.DISCLOSURE_EXECUTION, *_of_execution(row))

    def is_request(self, row: DisclosureRow) -> bool:
        return self._mac.matches(row.seal, MacUse.DISCLOSURE_REQUEST, *_of_request(row))

    def is_approval(self, row: DisclosureApprovalRow) -> bool:
        return self._mac.matches(row.seal, MacUse.DISCLOSURE_APPROVAL, *_of_approval(row))

    def is_execution(self, row: DisclosureExecutionRow) -> bool:
        return self._mac.matches(row.seal, MacUse.DISCLOSURE_EXECUTION, *_of_execution(row))


def _of_request(row: DisclosureRow) -> tuple[str, ...]:
    """How it ended too: one that was refused is not open again because three columns were emptied."""
    return row.id, row.digest.hex(), row.closed_as or "", row.closed_by or "", _written(row.closed_at)


def _of_approval(row: DisclosureApprovalRow) -> tuple[str, ...]:
    return row.disclosure_id, row.approver_id, row.digest.hex(), _written(row.approved_at)


def _of_execution(row: DisclosureExecutionRow) -> tuple[str, ...]:
    return row.disclosure_id, row.reader_id, row.entry_id, _written(row.started_at), _written(row.finished_at)


def _written(moment: datetime | None) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds") if moment else ""
