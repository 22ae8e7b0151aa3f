"""Use cases of staff: name who is responsible, keep the register of forums and the directory of authorities."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from hashlib import sha256

from app.audit import service as audit
from app.audit.domain import Action, ObjectKind
from app.crypto.envelope import Place, Records
from app.db.unit_of_work import Transaction, UnitOfWork, again_on_collision, hold_key
from app.forums.service import get_forum, list_forums
from app.kernel.actor import Actor
from app.kernel.ids import AuthorityId, ForumId, OfficerId, new_id
from app.kernel.secret import Secret
from app.organisation import repository
from app.organisation.domain import (
    Appointed,
    Authority,
    AuthorityEntry,
    AuthorityKind,
    Duty,
    FiledForum,
    Filing,
    Officer,
    Rank,
    RegisteredForum,
    State,
    day_in_shanghai,
    is_filing_due,
    vacancies,
)
from app.organisation.errors import (
    AuthorityHasEnded,
    LastOfficer,
    LaterThanToday,
    NoSuchAuthority,
    NoSuchOfficer,
    OfficerHasLeft,
)
from app.organisation.models import OfficerRow
from app.screening.domain import Field, Text
from app.screening.service import refuse_unreadable

_TABLE = OfficerRow.__tablename__


def state_of(tx: Transaction) -> State:
    """A step: what is missing or to be looked at again, now."""
    forums, filings = list_forums(tx), repository.filings_in_force(tx.session)
    found = repository.list_authorities(tx.session, current=True)
    kinds = {one.entry.kind for one in found} | {AuthorityKind.OTHER}
    return State(
        vacancies=vacancies(repository.filled_posts(tx.session)),
        forums=len(forums),
        forums_to_review=sum(is_filing_due(filings.get(forum.id), tx.now) for forum in forums),
        authorities=len(found),
        authorities_to_review=sum(one.is_review_due(tx.now) for one in found),
        kinds_missing=tuple(kind for kind in AuthorityKind if kind not in kinds),
    )


class Organisation:
    def __init__(self, unit_of_work: UnitOfWork, records: Records) -> None:
        self._unit_of_work = unit_of_work
        self._records = records

    def state(self) -> State:
        """What is missing or to be looked at again, now."""
        with self._unit_of_work.read() as tx:
            return state_of(tx)

    # -- officers

    def appoint(self, actor: Actor, new: Appointed) -> Officer:
        """Names somebody who answers for a duty, or stands in, beside whoever does already. Source: L5a.

        Raises `LaterThanToday`, `Invalid`.
        """
        texts = {"/title": new.title, "/contact": new.contact, "/paper": new.paper}
        _refuse_unreadable((pointer, text.reveal()) for pointer, text in texts.items() if text is not None)
        with self._unit_of_work.begin(actor) as tx:
            _refuse_future(tx, "/appointed_on", new.appointed_on)
            officer = Officer(OfficerId(new_id("ofr", tx.now)), new)
            repository.add_officer(tx.session, self._row(tx, officer))
            audit.record(tx, Action.OFFICER_APPOINTED, ObjectKind.OFFICER, officer.id, reason=new.duty)
        return officer

    def end_appointment(self, actor: Actor, officer_id: str, reason: str) -> Officer:
        """Ends an appointment; its record stays. Somebody always answers for each duty. Source: L5a.

        Raises `NoSuchOfficer`, `OfficerHasLeft`, `LastOfficer`, `Invalid`.
        """
        _refuse_unreadable([("/reason", reason)])
        with self._unit_of_work.begin(actor) as tx:
            found = repository.find_officer(tx.session, officer_id)
            if found is None:
                raise NoSuchOfficer
            duty = Duty(found.duty)
            hold_key(tx, sha256(f"officers {duty}".encode()).digest())
            tx.session.refresh(found)
            officer = self._officer(found)
            if officer.ended_at is not None:
                raise OfficerHasLeft
            if repository.others_of_duty(tx.session, duty, officer.id) == 0:
                raise LastOfficer
            repository.end_officer(tx.session, officer.id, reason, tx.now)
            audit.record(tx, Action.OFFICER_ENDED, ObjectKind.OFFICER, officer.id, reason=duty)
            return replace(officer, ended_at=tx.now, ended_because=reason)

    def officers(self, before: str | None, limit: int, *, current: bool) -> list[Officer]:
        """Newest first; only those who hold their post where `current`."""
        with self._unit_of_work.read() as tx:
            return [self._officer(row) for row in repository.list_officers(tx.session, before, limit, current=current)]

    def officer(self, officer_id: str) -> Officer:
        """Also one whose appointment has ended. Raises `NoSuchOfficer`."""
        with self._unit_of_work.read() as tx:
            found = repository.find_officer(tx.session, officer_id)
            if found is None:
                raise NoSuchOfficer
            return self._officer(found)

    def _row(self, tx: Transaction, officer: Officer) -> OfficerRow:
        new = officer.appointed
        return OfficerRow(
            id=officer.id,
            duty=new.duty,
            rank=new.rank,
            sealed_title=self._records.seal(new.title, Place(_TABLE, officer.id, "title")),
            sealed_contact=self._records.seal(new.contact, Place(_TABLE, officer.id, "contact")),
            sealed_paper=self._records.seal(new.paper, Place(_TABLE, officer.id, "paper")) if new.paper else None,
            appointed_on=new.appointed_on,
            recorded_at=tx.now,
            recorded_by=tx.actor.id,
            ended_at=None,
            ended_because=None,
        )

    def _officer(self, row: OfficerRow) -> Officer:
        def opened(sealed: bytes, field: str) -> Secret[str]:
            return self._records.unseal(sealed, Place(_TABLE, row.id, field))

        appointed = Appointed(
            duty=Duty(row.duty),
            rank=Rank(row.rank),
            title=opened(row.sealed_title, "title"),
            contact=opened(row.sealed_contact, "contact"),
            paper=None if row.sealed_paper is None else opened(row.sealed_paper, "paper"),
            appointed_on=row.appointed_on,
        )
        return Officer(OfficerId(row.id), appointed, row.ended_at, row.ended_because)

    # -- the register of forums

    def file_forum(self, actor: Actor, forum_id: ForumId, filed: FiledForum) -> RegisteredForum:
        """Records a forum's numbers, or that they were looked at again; what was recorded before stays. Source: L2b.

        Raises `ForumNotFound`, `LaterThanToday`, `Invalid`.
        """
        texts = {"/icp_filing": filed.icp_filing, "/ps_filing": filed.ps_filing}
        _refuse_unreadable((pointer, text) for pointer, text in texts.items() if text is not None)
        _refuse_unreadable([("/responsible_unit", filed.responsible_unit)])
        return again_on_collision(lambda: self._file_forum(actor, forum_id, filed))

    def _file_forum(self, actor: Actor, forum_id: ForumId, filed: FiledForum) -> RegisteredForum:
        with self._unit_of_work.begin(actor) as tx:
            forum = get_forum(tx, forum_id)
            _refuse_future(tx, "/reviewed_on", filed.reviewed_on)
            filing = Filing(forum.id, filed, tx.now, actor.id)
            repository.add_filing(tx.session, len(repository.filings_of(tx.session, forum.id)) + 1, filing)
            audit.record(tx, Action.FILING_RECORDED, ObjectKind.FORUM, forum.id)
            return RegisteredForum(forum, filing, is_filing_due(filing, tx.now))

    def register(self, after: str | None, limit: int) -> list[RegisteredForum]:
        """Every forum with the filing that holds, the oldest forum first."""
        with self._unit_of_work.read() as tx:
            forums = list_forums(tx, after, limit)
            filings = repository.filings_in_force(tx.session, [forum.id for forum in forums])
            return [
                RegisteredForum(forum, filings.get(forum.id), is_filing_due(filings.get(forum.id), tx.now))
                for forum in forums
            ]

    def filings(self, forum_id: ForumId) -> list[Filing]:
        """All that was recorded of a forum, what holds first. Raises `ForumNotFound`."""
        with self._unit_of_work.read() as tx:
            return repository.filings_of(tx.session, get_forum(tx, forum_id).id)

    # -- the directory of authorities

    def add_authority(self, actor: Actor, entry: AuthorityEntry) -> Authority:
        """A new entry of the directory. Raises `LaterThanToday`, `Invalid`. Source: L3."""
        _refuse_unreadable_entry(entry)
        with self._unit_of_work.begin(actor) as tx:
            _refuse_future(tx, "/reviewed_on", entry.reviewed_on)
            authority = Authority(AuthorityId(new_id("aut", tx.now)), 1, entry, tx.now, actor.id)
            repository.add_authority(tx.session, authority)
            audit.record(tx, Action.AUTHORITY_RECORDED, ObjectKind.AUTHORITY, authority.id, reason="new")
        return authority

    def revise_authority(self, actor: Actor, authority_id: str, entry: AuthorityEntry) -> Authority:
        """Makes the whole entry anew, if only the day of its review; the one before stays in its history.

        Raises `NoSuchAuthority`, `AuthorityHasEnded`, `LaterThanToday`, `Invalid`. Source: L3.
        """
        _refuse_unreadable_entry(entry)
        return again_on_collision(lambda: self._revise(actor, authority_id, entry))

    def _revise(self, actor: Actor, authority_id: str, entry: AuthorityEntry) -> Authority:
        with self._unit_of_work.begin(actor) as tx:
            newest = _in_use(tx, authority_id)
            _refuse_future(tx, "/reviewed_on", entry.reviewed_on)
            revised = Authority(newest.id, newest.number + 1, entry, tx.now, actor.id)
            repository.add_authority(tx.session, revised)
            audit.record(tx, Action.AUTHORITY_RECORDED, ObjectKind.AUTHORITY, revised.id, reason="revised")
        return revised

    def end_authority(self, actor: Actor, authority_id: str, reason: str) -> Authority:
        """Nothing is reported there any more; the entry stays. Raises `NoSuchAuthority`, `AuthorityHasEnded`."""
        _refuse_unreadable([("/reason", reason)])
        return again_on_collision(lambda: self._end_authority(actor, authority_id, reason))

    def _end_authority(self, actor: Actor, authority_id: str, reason: str) -> Authority:
        with self._unit_of_work.begin(actor) as tx:
            newest = _in_use(tx, authority_id)
            ended = Authority(newest.id, newest.number + 1, newest.entry, tx.now, actor.id, reason)
            repository.add_authority(tx.session, ended)
            audit.record(tx, Action.AUTHORITY_ENDED, ObjectKind.AUTHORITY, ended.id)
        return ended

    def authorities(self, after: str | None, limit: int, *, current: bool) -> list[Authority]:
        """As each stands now, the oldest first; without those that ended where `current`."""
        with self._unit_of_work.read() as tx:
            return repository.list_authorities(tx.session, after, limit, current=current)

    def entries(self, authority_id: str) -> list[Authority]:
        """All that the directory said of an authority, what holds first. Raises `NoSuchAuthority`."""
        with self._unit_of_work.read() as tx:
            found = repository.entries_of(tx.session, authority_id)
        if not found:
            raise NoSuchAuthority
        return found


def find_authority(tx: Transaction, authority_id: str) -> Authority | None:
    """A step: as the directory has it now, ended or not."""
    found = repository.entries_of(tx.session, authority_id)
    return found[0] if found else None


def authorities_in_use(tx: Transaction) -> list[Authority]:
    """A step: those to which something is reported, the oldest first."""
    return repository.list_authorities(tx.session, current=True)


def _in_use(tx: Transaction, authority_id: str) -> Authority:
    found = find_authority(tx, authority_id)
    if found is None:
        raise NoSuchAuthority
    if found.ended_because is not None:
        raise AuthorityHasEnded
    return found


def _refuse_future(tx: Transaction, pointer: str, day: date) -> None:
    if day > day_in_shanghai(tx.now):
        raise LaterThanToday(pointer)


def _refuse_unreadable_entry(entry: AuthorityEntry) -> None:
    _refuse_unreadable([("/name", entry.name), ("/region", entry.region), ("/channel", entry.channel)])


def _refuse_unreadable(texts: Iterable[tuple[str, str]]) -> None:
    refuse_unreadable(Text(Field.REASON, pointer, text) for pointer, text in texts)
