"""Words of the review queue: a review in the list, as its reviewer sees it, and what comes of their decisions."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.kernel.ids import AccountId, ForumId
from app.kernel.secret import Secret
from app.screening.domain import Category, Decision, Field, Hit, Origin, Ruling, SubjectKind


@dataclass(frozen=True, slots=True)
class ReviewFilter:
    """Which open reviews are asked for; None leaves it open. `after` is the id of the last one that was seen."""

    forum_id: ForumId | None = None
    account_id: str | None = None
    field: Field | None = None
    after: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class OpenReview:
    """One that waits. `excerpt` is what stands around its hits, and never more of a long text."""

    id: str
    version: int
    forum_id: ForumId
    origin: Origin
    field: Field
    decision: Decision
    """What the lexicon asks for."""
    categories: tuple[Category, ...]
    subject_kind: SubjectKind | None
    subject_id: str | None
    account_id: AccountId | None
    held: bool
    opened_at: datetime
    age: timedelta
    excerpt: Secret[str] | None


@dataclass(frozen=True, slots=True)
class DecidedFilter:
    """Which reviews that persons ended are asked for; None leaves it open. `after`: the id of the last one seen."""

    ruling: Ruling | None = None
    field: Field | None = None
    actor_id: str | None = None
    after: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much waits, and since when the oldest does; `oldest` is None where nothing waits."""

    open: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class Ended:
    """How a review ended: who decided when and why; a withdrawn one has no reason."""

    ruling: Ruling
    at: datetime
    actor_kind: str
    actor_id: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class DecidedReview:
    """One that is over. `excerpt` is None once the text is gone."""

    id: str
    forum_id: ForumId
    field: Field
    categories: tuple[Category, ...]
    ended: Ended
    excerpt: Secret[str] | None


@dataclass(frozen=True, slots=True)
class PastReview:
    """An earlier review of the same account, without its text."""

    id: str
    field: Field
    categories: tuple[Category, ...]
    ended: Ended


@dataclass(frozen=True, slots=True)
class Review:
    """All that a reviewer needs. `text` is None once its time is over."""

    id: str
    version: int
    forum_id: ForumId
    origin: Origin
    field: Field
    subject_kind: SubjectKind | None
    subject_id: str | None
    account_id: AccountId | None
    board: str | None
    ref: str | None
    screening_id: str | None
    held: bool
    opened_at: datetime
    text: Secret[str] | None
    decision: Decision
    hits: tuple[Hit, ...]
    lexicon_version: int
    ended: Ended | None
    history: tuple[PastReview, ...]
    also_waiting: tuple[str, ...]
    """Ids of the other open reviews of the same account or board."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A term for an allow list, since reviewers let it pass."""

    piece: Secret[str]
    term: str
    """The lexicon's, that hit in it."""
    category: Category
    overturned: int
    """Texts with this piece that a reviewer has let pass."""
    upheld: int
    """Texts with this term that a reviewer has masked or blocked."""


def excerpt(text: str, hits: tuple[Hit, ...], most: int) -> str:
    """At most so many characters, with the first hit in the middle."""
    start, end = (hits[0].start, hits[0].end) if hits else (0, 0)
    end = min(end, start + most)
    left = max(0, min(start - (most - (end - start)) // 2, len(text) - most))
    right = min(len(text), left + most)
    return ("…" if left else "") + text[left:right] + ("…" if right < len(text) else "")
