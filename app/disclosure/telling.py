"""What is told of disclosures: to the person, that their identity was opened; to the overview, how things stand."""

from collections.abc import Collection
from datetime import datetime

from app.db.unit_of_work import UnitOfWork
from app.disclosure import repository, rules
from app.disclosure.docket import Docket
from app.disclosure.domain import Disclosure, DisclosureFigures, DisclosureState, ReaderAlarm, Readiness, ToldOpening
from app.disclosure.openings import ALARMS
from app.kernel.ids import AccountId
from app.staff.access import Permission
from app.verification.links import accounts_of_same_persons

_OPEN = frozenset({DisclosureState.REQUESTED, DisclosureState.APPROVED, DisclosureState.EXECUTING})


class Tellings:
    def __init__(self, unit_of_work: UnitOfWork, docket: Docket) -> None:
        self._unit_of_work = unit_of_work
        self._docket = docket

    def shown_to(self, account_ids: Collection[AccountId]) -> list[ToldOpening]:
        """Who opened the identity behind these accounts, by whichever account of theirs; the newest first.

        What the instrument keeps from the person is left out until its moment. Boundary: exactly then it is told.
        Source: L8h, N4.
        """
        with self._unit_of_work.read() as tx:
            theirs = accounts_of_same_persons(tx, account_ids)
            found = self._docket.executed_on(tx, theirs)
            return [told for one in reversed(found) if (told := _told(one, tx.now))]

    def count_openings(self, since: datetime, until: datetime) -> int:
        """How often an identity was opened in this time; for the public, who learn nothing else of it. Source: L11c."""
        with self._unit_of_work.read() as tx:
            return repository.count_openings_between(tx.session, since, until)

    def figures(self) -> DisclosureFigures:
        """For the overview; nothing of any identity, and of no request who it is about."""
        with self._unit_of_work.read() as tx:
            waiting = [one for one in self._docket.open_ones(tx) if one.state in _OPEN]
            members = self._docket.members(tx)
            approvers = sum(rules.may_approve(one, tx.now, tx.now) for one in members)
            requesters = sum(one.may(Permission.DISCLOSURE_REQUEST, tx.now) for one in members)
            oldest = waiting[0].disclosure.request.requested_at if waiting else None
            alarms = tuple(
                ReaderAlarm(reader, opened, max(limit for limit in ALARMS if limit <= opened))
                for reader, opened in repository.readers(tx.session, min(ALARMS))
            )
            return DisclosureFigures(Readiness(requesters, approvers), len(waiting), oldest, alarms)


def _told(disclosure: Disclosure, now: datetime) -> ToldOpening | None:
    """None for what must not be told yet."""
    execution, wanted = disclosure.execution, disclosure.request.wanted
    if execution is None or execution.finished_at is None:
        return None
    if wanted.notify_after is not None and now < wanted.notify_after:
        return None
    return ToldOpening(execution.finished_at, wanted.purpose, wanted.fields, wanted.authority, wanted.legal_basis)
