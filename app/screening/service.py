"""The one gate that every name passes before anybody sees it."""

from collections.abc import Collection, Iterable, Mapping

from app.crypto.envelope import Records
from app.db.unit_of_work import Transaction
from app.kernel.errors import FieldError, Invalid
from app.kernel.ids import ForumId
from app.screening import repository
from app.screening.announcements import announce_opened
from app.screening.domain import (
    NEVER_MASKED,
    SCREENED,
    Action,
    Decision,
    Field,
    Judged,
    Judgement,
    Origin,
    Ruling,
    Subject,
    Text,
    Verdict,
)
from app.screening.errors import ScreeningBlocked, blocked_sentence
from app.screening.in_force import in_force
from app.screening.keeping import Provenance, keep, kept_until, review_of

OPEN_FIELD_RULE = "uq_reviews_open_field"
"""The rule that a field waits once: whoever meets it has met a patrol that found the field at this moment."""


class Gate:
    """Nobody passes beside it, neither staff nor a bot nor an import: it does not ask who is there.

    Source: L6a, L8f, L8g.
    """

    def __init__(self, records: Records) -> None:
        self._records = records

    def judge(self, tx: Transaction, forum_id: ForumId, texts: Iterable[Text]) -> Judgement:
        """A step: what may be shown of these names; writes nothing.

        A text that a reviewer has let pass in this forum passes again, as long as theirs is the newest word and the
        lexicons ask for no more than they saw. Raises `Invalid` with every fault of every text, `ScreeningBlocked`.
        """
        given = list(texts)
        refuse_unreadable(given)
        lexicons = in_force(tx)
        screened = [(text, lexicons.matcher.screen(text.text, text.field)) for text in given if text.field in SCREENED]
        _refuse_blocked(screened)
        judged = [Judged(text.field, text.text, verdict) for text, verdict in screened]
        asked = {(one.field, one.digest) for one in judged if one.verdict.decision is not Decision.PASS}
        rulings = repository.newest_rulings(tx.session, forum_id, asked)
        shown = {
            one.field: one.text if _is_passed(one, rulings.get((one.field, one.digest))) else _shown(one)
            for one in judged
        }
        return Judgement(lexicons.version, tuple(judged), shown)

    def refuse(self, tx: Transaction, text: Text) -> None:
        """A step, for a name that cannot wait: whatever does not simply pass is refused.

        Raises `Invalid`, `ScreeningBlocked`.
        """
        refuse_unreadable([text])
        verdict = in_force(tx).matcher.screen(text.text, text.field)
        if verdict.decision is not Decision.PASS:
            categories = {hit.category for hit in verdict.hits}
            raise ScreeningBlocked(text.field, categories, [_fault(text, categories)])

    def hold(self, tx: Transaction, subject: Subject, judgement: Judgement, emptied: Collection[Field] = ()) -> bool:
        """A step: opens a review for what is held, and ends those of what these fields held before; whether any.

        What waits already and is asked for again goes on waiting, from now on behind a placeholder. `emptied` are
        fields that hold nothing any more.
        """
        fields = {one.field for one in judgement.judged} | set(emptied)
        waiting = repository.open_reviews(tx.session, subject.id, fields)
        wanted = {(one.field.value, one.digest): one for one in judgement.held}
        stale = [review for review in waiting if (review.field, review.digest) not in wanted]
        repository.withdraw_reviews(tx.session, stale, tx.actor, tx.now, kept_until(tx.now))
        known = {(review.field, review.digest) for review in waiting}
        repository.hide(tx.session, [review for review in waiting if (review.field, review.digest) in wanted])
        where = Provenance(subject.forum_id, subject.account_id)
        version = judgement.lexicon_version
        new = [one for key, one in wanted.items() if key not in known]
        kept = [keep(tx, self._records, one, version, where, waits=True) for one in new]
        repository.add_texts(tx.session, kept)
        reviews = [review_of(tx, text, Origin.NAME, subject, held=True) for text in kept]
        repository.add_reviews(tx.session, reviews)
        for review, text in zip(reviews, kept, strict=True):
            announce_opened(tx, review, text)
        return bool(stale or new)


def let_go(tx: Transaction, subject_id: str) -> None:
    """A step: ends what waits on any field of a subject that comes to nothing; texts are forgotten in their time."""
    waiting = repository.open_reviews(tx.session, subject_id, SCREENED)
    repository.withdraw_reviews(tx.session, waiting, tx.actor, tx.now, kept_until(tx.now))


def refuse_unreadable(texts: Iterable[Text]) -> None:
    """Whether texts can be stored and looked for at all. Raises `Invalid` with every fault of every text."""
    faults = [fault for text in texts for fault in text.faults()]
    if faults:
        raise Invalid(faults)


def held_fields(tx: Transaction, subject_ids: Collection[str]) -> Mapping[str, list[Field]]:
    """A step: for which fields of these subjects a placeholder is shown now; a subject without any is not named."""
    return repository.held_fields(tx.session, subject_ids)


def _refuse_blocked(screened: Iterable[tuple[Text, Verdict]]) -> None:
    blocked = [(text, verdict) for text, verdict in screened if verdict.decision is Decision.BLOCK]
    if blocked:
        found = [{hit.category for hit in verdict.hits if hit.action is Action.BLOCK} for _, verdict in blocked]
        faults = [_fault(text, categories) for (text, _), categories in zip(blocked, found, strict=True)]
        raise ScreeningBlocked(blocked[0][0].field, set().union(*found), faults)


def _fault(text: Text, categories: Iterable[str]) -> FieldError:
    return FieldError(text.pointer, ScreeningBlocked.code, blocked_sentence(categories))


def _is_passed(judged: Judged, ruling: tuple[Ruling, Decision] | None) -> bool:
    """`ruling` is the newest on this text, with what its reviewer saw the lexicons ask for."""
    return ruling is not None and ruling[0] is Ruling.PASS and judged.verdict.decision.rank <= ruling[1].rank


def _shown(judged: Judged) -> str | None:
    match judged.verdict.decision:
        case Decision.PASS:
            return judged.text
        case Decision.MASK if judged.field not in NEVER_MASKED:
            return judged.verdict.masked
        case _:
            return None
