"""A use case of the background: after a publication everything that is public is screened again. Source: L5c.

What is found opens a review and stays as it is: a person decides. A newer publication begins anew.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app import policies
from app.crypto.envelope import Records
from app.db.unit_of_work import Transaction, UnitOfWork, again_on_collision
from app.db.words import read_word
from app.events.catalogue import EventType
from app.events.service import hearing
from app.kernel.actor import SYSTEM
from app.kernel.ids import AccountId
from app.screening import patrol_rows, repository
from app.screening.announcements import announce_opened
from app.screening.domain import Decision, Judged, Origin, PublicText, Ruling, TextSource
from app.screening.in_force import InForce, in_force
from app.screening.keeping import Provenance, keep, review_of
from app.screening.models import KeptTextRow, PatrolRow
from app.screening.repository import Publication

_WAITS = timedelta(seconds=policies.PATROL_WAITS.value)
_EARLY = policies.PATROL_EARLY_READ.value * policies.PATROL_EARLY_SHARE.value // 100


class PatrolState(StrEnum):
    """How a patrol goes, or how it ended."""

    WAITING = "waiting"
    """Its publication is a few seconds old, or no worker has come by."""
    RUNNING = "running"
    COMPLETE = "complete"
    FLOODED = "flooded"
    """It found so much that something is wrong with the lexicon: it goes on counting, and opens no more reviews."""
    SUPERSEDED = "superseded"
    """A newer publication has begun another one."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far everything has been screened again under one publication. Source: L5c, the patrol's log."""

    publication: int
    published_at: datetime
    state: PatrolState
    read: int = 0
    """Texts."""
    found: int = 0
    started_at: datetime | None = None
    moved_at: datetime | None = None
    finished_at: datetime | None = None

    def lag(self, now: datetime) -> timedelta:
        """How long something may have been shown that the publication forbids; 0 once everything has been read."""
        return timedelta(0) if self.finished_at else max(timedelta(0), now - self.published_at)


@dataclass(frozen=True, slots=True)
class _Finding:
    public: PublicText
    judged: Judged

    @property
    def key(self) -> patrol_rows.Key:
        return self.public.forum_id, self.judged.field.value, self.judged.digest


class Patrol:
    """`sources` are read one after the other; a new one goes to the end of the list."""

    def __init__(self, unit_of_work: UnitOfWork, records: Records, sources: Sequence[TextSource]) -> None:
        self._unit_of_work = unit_of_work
        self._records = records
        self._sources = sources

    def go_on(self) -> int:
        """Screens the next texts again; how many they were, and 0 when nothing is left or another worker is at it."""
        with self._unit_of_work.read() as tx:
            publication = repository.newest_publication(tx.session)
            if publication is None or not _is_time(tx, publication) or _is_over(tx, publication.number):
                return 0
        return again_on_collision(self._next)

    def progress(self) -> Sequence[Progress]:
        """The newest first; none before the first publication."""
        with self._unit_of_work.read() as tx:
            return progress_of(tx, policies.PATROLS_SHOWN.value)

    def _next(self) -> int:
        with self._unit_of_work.begin(SYSTEM) as tx:
            publication, lexicons = repository.newest_publication(tx.session), in_force(tx)
            if publication is None or publication.number != lexicons.version or not _is_time(tx, publication):
                return 0
            row = patrol_rows.claim(tx.session, publication.number, tx.now)
            if row is None:
                return 0
            patrol_rows.supersede(tx.session, publication.number, tx.now, PatrolState.SUPERSEDED.value)
            texts = self._read_on(tx, row)
            self._screen(tx, row, lexicons, texts)
            return len(texts)

    def _read_on(self, tx: Transaction, row: PatrolRow) -> list[PublicText]:
        """The next texts, and the patrol is moved behind them; none where all has been read."""
        row.moved_at = tx.now
        while row.source < len(self._sources):
            texts = self._sources[row.source].page(tx, row.cursor, policies.PATROL_BATCH.value)
            if texts:
                row.cursor = texts[-1].key
                row.read += len(texts)
                return texts
            row.source, row.cursor = row.source + 1, ""
        row.finished_at, row.ended = tx.now, row.ended or PatrolState.COMPLETE.value
        return []

    def _screen(self, tx: Transaction, row: PatrolRow, lexicons: InForce, texts: Sequence[PublicText]) -> None:
        suspects = [texts[place] for place in lexicons.matcher.suspects([text.text for text in texts])]
        judged = [
            _Finding(text, Judged(text.field, text.text, lexicons.matcher.screen(text.text, text.field)))
            for text in suspects
        ]
        found = [one for one in judged if _is_for_a_person(one)]
        if not found:
            return
        new = found if row.ended else _new_ones(tx, found)
        left = 0 if row.ended else max(0, _most(row) - row.found)
        row.found += len(new)
        if len(new) > left:
            row.ended = PatrolState.FLOODED.value
        self._open(tx, lexicons.version, new[:left])

    def _open(self, tx: Transaction, version: int, findings: Collection[_Finding]) -> None:
        if not findings:
            return
        before = patrol_rows.kept_by_id(tx.session, [one.public.key for one in findings if one.public.subject is None])
        hear = hearing(tx, EventType.REVIEW_OPENED)
        kept = [
            keep(tx, self._records, one.judged, version, _provenance(one.public, before), waits=True)
            for one in findings
        ]
        repository.add_texts(tx.session, kept)
        reviews = [
            review_of(tx, text, Origin.PATROL, one.public.subject, held=False)
            for one, text in zip(findings, kept, strict=True)
        ]
        repository.add_reviews(tx.session, reviews)
        for review, text in zip(reviews, kept, strict=True):
            if review.forum_id in hear:
                announce_opened(tx, review, text)


def progress_of(tx: Transaction, limit: int) -> list[Progress]:
    """A step: the newest first; a publication that nobody has begun with is named where it is the newest."""
    found = [_progress(row, published_at) for row, published_at in patrol_rows.newest(tx.session, limit)]
    publication = repository.newest_publication(tx.session)
    if publication is not None and (not found or found[0].publication != publication.number):
        return [Progress(publication.number, publication.published_at, PatrolState.WAITING), *found][:limit]
    return found


def _progress(row: PatrolRow, published_at: datetime) -> Progress:
    return Progress(
        publication=row.publication,
        published_at=published_at,
        state=read_word(PatrolState, row.ended, str(row.publication)) if row.ended else PatrolState.RUNNING,
        read=row.read,
        found=row.found,
        started_at=row.started_at,
        moved_at=row.moved_at,
        finished_at=row.finished_at,
    )


def _is_time(tx: Transaction, publication: Publication) -> bool:
    """Whether whoever began before the publication has ended by now."""
    return tx.now - publication.published_at >= _WAITS


def _is_over(tx: Transaction, publication: int) -> bool:
    row = patrol_rows.find(tx.session, publication)
    return row is not None and row.finished_at is not None


def _is_for_a_person(one: _Finding) -> bool:
    """A post that is only to be masked is left to its forum, which sends it again; a name is sent by nobody."""
    decision = one.judged.verdict.decision
    if decision is Decision.MASK:
        return one.public.subject is not None
    return decision is not Decision.PASS


def _new_ones(tx: Transaction, found: Sequence[_Finding]) -> list[_Finding]:
    """Those that nobody looks at already, and that no person has decided on knowing as much."""
    fields = patrol_rows.fields_in_review(tx.session, {one.public.subject.id for one in found if one.public.subject})
    texts = patrol_rows.texts_in_review(tx.session, {one.judged.digest for one in found if not one.public.subject})
    rulings = patrol_rows.newest_rulings(tx.session, {one.judged.digest for one in found})
    new = []
    for one in found:
        if one.public.subject is not None and (one.public.subject.id, one.judged.field.value) in fields:
            continue
        if one.public.subject is None and one.key in texts:
            continue
        if _is_decided(one, rulings.get(one.key)):
            continue
        if one.public.subject is None:
            texts.add(one.key)  # the same words twice are one review
        new.append(one)
    return new


def _is_decided(one: _Finding, known: tuple[Ruling, Decision] | None) -> bool:
    """A pass holds until a lexicon asks for more than its reviewer saw; a post that was refused is not shown."""
    if known is None:
        return False
    ruling, seen = known
    if ruling is Ruling.PASS:
        return one.judged.verdict.decision.rank <= seen.rank
    return one.public.subject is None


def _most(row: PatrolRow) -> int:
    """How many findings are believed at this point."""
    return _EARLY if row.read <= policies.PATROL_EARLY_READ.value else policies.PATROL_FINDINGS_LIMIT.value


def _provenance(public: PublicText, before: dict[str, KeptTextRow]) -> Provenance:
    """Of a kept text, where it came from in the first place."""
    if public.subject is not None:
        return Provenance(public.forum_id, public.subject.account_id)
    kept = before[public.key]
    account_id = AccountId(kept.account_id) if kept.account_id else None
    return Provenance(public.forum_id, account_id, kept.board, kept.ref, kept.screening_id, kept.position)
