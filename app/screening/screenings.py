"""Use cases on texts that a forum is about to publish: screen them, show what was decided, learn what they became."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from app import policies
from app.crypto.envelope import Records
from app.db.unit_of_work import Transaction, UnitOfWork
from app.events.catalogue import EventType
from app.events.service import hearing
from app.kernel.actor import SYSTEM, Actor
from app.kernel.ids import ForumId, new_id
from app.screening import repository, screening_rows
from app.screening.announcements import announce_opened
from app.screening.contents import (
    Item,
    PublishedContent,
    Result,
    ReviewersWord,
    Screened,
    StoredResult,
    StoredScreening,
    is_web_address,
    ruled,
)
from app.screening.domain import Decision, Field, Judged, Origin, Verdict
from app.screening.errors import NoSuchScreening, NotAWebAddress, TooManyContents
from app.screening.in_force import in_force
from app.screening.keeping import Provenance, keep, kept_until, read_hits, review_of, unseal
from app.screening.masking import masked
from app.screening.models import KeptTextRow, ScreenedContentRow, ScreeningRow

_KEPT = timedelta(days=policies.SCREENINGS_KEPT.value)
_AT_ONCE = policies.SCREENINGS_FORGOTTEN_AT_ONCE.value
_DIGEST_BYTES = 32
_OPEN_TO_RULINGS = frozenset({Decision.MASK, Decision.REVIEW, Decision.BLOCK})
Rulings = Mapping[tuple[Field, bytes], ReviewersWord]


class Screenings:
    def __init__(self, unit_of_work: UnitOfWork, records: Records) -> None:
        self._unit_of_work = unit_of_work
        self._records = records

    def screen(self, actor: Actor, forum_id: ForumId, items: Sequence[Item]) -> Screened:
        """What becomes of these texts, all under one publication of the lexicons. Source: L8f, L8g."""
        with self._unit_of_work.begin(actor) as tx:
            return self.screen_in(tx, forum_id, items)

    def screen_in(self, tx: Transaction, forum_id: ForumId, items: Sequence[Item]) -> Screened:
        """A step: the same in the transaction of what depends on it.

        Of a text that passes only its digest is kept, and where all pass, one row is written. A text that a reviewer
        has let pass in this forum passes again, and one that they have blocked is blocked, as `ruled` says. What has to
        be reviewed waits once: whoever sends it again, also at this very moment, joins the review that is open.
        """
        lexicons = in_force(tx)
        found = [Judged(one.field, one.text, lexicons.matcher.screen(one.text, one.field)) for one in items]
        judged = _after_rulings(tx, forum_id, found)
        results = tuple(Result(item.field, item.ref, one.verdict) for item, one in zip(items, judged, strict=True))
        screened = Screened(new_id("scr", tx.now), lexicons.version, tx.now, results)
        screening_rows.add_screening(tx.session, screened, forum_id, b"".join(one.digest for one in judged))
        if screened.decision is not Decision.PASS:
            self._keep(tx, forum_id, screened, list(zip(items, judged, strict=True)))
        return screened

    def _keep(
        self, tx: Transaction, forum_id: ForumId, screened: Screened, judged: Sequence[tuple[Item, Judged]]
    ) -> None:
        kept = [
            keep(tx, self._records, one, screened.lexicon_version, where, waits=_waits(one))
            for place, (item, one) in enumerate(judged)
            for where in [Provenance(forum_id, item.account_id, item.board, item.ref, screened.id, place)]
            if one.verdict.decision is not Decision.PASS
        ]
        repository.add_texts(tx.session, kept)
        _open_reviews(tx, forum_id, [text for text in kept if text.decision == Decision.REVIEW.value])

    def get(self, forum_id: ForumId, screening_id: str) -> StoredScreening:
        """What was decided, and what reviewers have decided since. Raises `NoSuchScreening`."""
        with self._unit_of_work.read() as tx:
            row = _get(tx, forum_id, screening_id)
            kept = screening_rows.kept_of(tx.session, row.id)
            texts = {(Field(text.field), text.digest) for text in kept.values()}
            rulings = screening_rows.rulings_on(tx.session, forum_id, texts)
            published = [_content(one) for one in screening_rows.published_as(tx.session, row.id)]
        digests = [row.digests[at : at + _DIGEST_BYTES] for at in range(0, len(row.digests), _DIGEST_BYTES)]
        return StoredScreening(
            row.id,
            row.lexicon_version,
            row.screened_at,
            Decision(row.decision),
            tuple(self._stored(digest, kept.get(place), rulings) for place, digest in enumerate(digests)),
            tuple(published),
        )

    def record_published(
        self, actor: Actor, forum_id: ForumId, screening_id: str, content_ref: str, url: str
    ) -> PublishedContent:
        """What texts of a screening became: takedowns will name it. Told again, the newest address counts.

        Raises `NoSuchScreening`, `NotAWebAddress`, `TooManyContents`. Source: L8f.
        """
        if not is_web_address(url):
            raise NotAWebAddress
        with self._unit_of_work.begin(actor) as tx:
            row = _get(tx, forum_id, screening_id, lock=True)
            known = screening_rows.find_published(tx.session, row.id, content_ref)
            if known is None:
                if screening_rows.count_published(tx.session, row.id) >= policies.SCREENED_CONTENTS.value:
                    raise TooManyContents
                known = ScreenedContentRow(screening_id=row.id, content_ref=content_ref, url=url, published_at=tx.now)
                screening_rows.add_published(tx.session, known)
            known.url = url
            return _content(known)

    def forget_old(self) -> int:
        """A use case of the background: takes away kept texts and old screenings whose time is over; how many."""
        with self._unit_of_work.begin(SYSTEM) as tx:
            texts = screening_rows.forget_texts(tx.session, tx.now, _AT_ONCE)
            return texts + screening_rows.forget_screenings(tx.session, tx.now - _KEPT, _AT_ONCE)

    def _stored(self, digest: bytes, kept: KeptTextRow | None, rulings: Rulings) -> StoredResult:
        if kept is None:
            return StoredResult(digest)
        field, hits, text = Field(kept.field), read_hits(kept.hits), unseal(self._records, kept)
        covered = masked(text.reveal(), [(hit.start, hit.end) for hit in hits]) if text else None
        verdict = Verdict(Decision(kept.decision), hits, covered)
        word = rulings.get((field, digest))
        return StoredResult(digest, Result(field, kept.ref, verdict), word.ruling if word else None)


def find_published(tx: Transaction, forum_id: ForumId, content_ref: str) -> tuple[str, str | None] | None:
    """A step: the screening of what a forum calls so, and its address; None for what was never told, or long ago."""
    row = screening_rows.newest_published(tx.session, forum_id, content_ref)
    return (row.screening_id, row.url) if row else None


def _after_rulings(tx: Transaction, forum_id: ForumId, found: list[Judged]) -> list[Judged]:
    """What reviewers have said of a text counts; nobody is asked where all passes."""
    open_to = {(one.field, one.digest) for one in found if one.verdict.decision in _OPEN_TO_RULINGS}
    rulings = screening_rows.rulings_on(tx.session, forum_id, open_to)
    if not rulings:
        return found
    return [replace(one, verdict=ruled(one.verdict, rulings.get((one.field, one.digest)))) for one in found]


def _waits(judged: Judged) -> bool:
    return judged.verdict.decision is Decision.REVIEW


def _open_reviews(tx: Transaction, forum_id: ForumId, waiting: Sequence[KeptTextRow]) -> None:
    """A text whose twin waits already keeps its own time, and is decided with the twin."""
    reviews = {review_of(tx, text, Origin.CONTENT, None, held=False): text for text in waiting}
    new = screening_rows.open_new(tx.session, reviews)
    joined = [text.id for review, text in reviews.items() if review.id not in new]
    screening_rows.set_end(tx.session, joined, kept_until(tx.now))
    if new and forum_id in hearing(tx, EventType.REVIEW_OPENED):
        for review, text in reviews.items():
            if review.id in new:
                announce_opened(tx, review, text)


def _get(tx: Transaction, forum_id: ForumId, screening_id: str, *, lock: bool = False) -> ScreeningRow:
    row = screening_rows.find_screening(tx.session, forum_id, screening_id, lock=lock)
    if row is None:
        raise NoSuchScreening
    return row


def _content(row: ScreenedContentRow) -> PublishedContent:
    return PublishedContent(row.content_ref, row.url or "", row.published_at)
