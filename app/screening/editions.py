"""Words: a version of a lexicon, what is in force of it, and how two versions differ."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from app import policies
from app.kernel.actor import Actor
from app.screening.domain import Term, Verdict
from app.screening.errors import LineFault

_SHOWN = policies.DIFFERENCE_SHOWN.value
_COLUMNS = tuple(column.name for column in fields(Term))


@dataclass(frozen=True, slots=True)
class LexiconVersion:
    """What was imported once; nothing of it changes."""

    id: str
    name: str
    number: int
    """From 1, within the name."""
    terms: int
    digest: bytes
    created_at: datetime
    actor: Actor


@dataclass(frozen=True, slots=True)
class Imported:
    """`is_new` is false where the newest version says the same already."""

    version: LexiconVersion
    is_new: bool
    warnings: tuple[LineFault, ...]


@dataclass(frozen=True, slots=True)
class Published:
    """`version` is None for a lexicon that was withdrawn; `publication` is what screenings name."""

    lexicon: str
    version: int | None
    publication: int
    published_at: datetime
    actor: Actor


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All versions of a name, newest first, and which of them decides now, if any."""

    name: str
    versions: tuple[LexiconVersion, ...]
    in_force: Published | None


@dataclass(frozen=True, slots=True)
class Tried:
    """What becomes of a text; `publication` is None where a draft was tried."""

    publication: int | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Change:
    """A term that both versions hold, otherwise."""

    before: Term
    after: Term

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(name for name in _COLUMNS if getattr(self.before, name) != getattr(self.after, name))


@dataclass(frozen=True, slots=True)
class Difference:
    """How a version differs from the one in force (`against`, or None): the first of each kind, and how many."""

    lexicon: str
    number: int
    against: int | None
    unchanged: int
    added: tuple[Term, ...]
    added_count: int
    removed: tuple[Term, ...]
    removed_count: int
    changed: tuple[Change, ...]
    changed_count: int


def difference(
    version: LexiconVersion, against: int | None, before: Sequence[Term], after: Sequence[Term]
) -> Difference:
    """In the order of the files. A term that stands in several lines is paired line by line, the equal ones first."""
    gone, new = _without(before, after), _without(after, before)
    left: dict[str, list[Term]] = {}
    for term in gone:
        left.setdefault(term.term, []).append(term)
    changed, added = [], []
    for term in new:
        twins = left.get(term.term)
        if twins:
            changed.append(Change(twins.pop(0), term))
        else:
            added.append(term)
    paired = Counter(change.before for change in changed)
    removed = _less(gone, paired)
    return Difference(
        version.name,
        version.number,
        against,
        unchanged=len(after) - len(new),
        added=tuple(added[:_SHOWN]),
        added_count=len(added),
        removed=tuple(removed[:_SHOWN]),
        removed_count=len(removed),
        changed=tuple(changed[:_SHOWN]),
        changed_count=len(changed),
    )


def _without(terms: Sequence[Term], others: Sequence[Term]) -> list[Term]:
    return _less(terms, Counter(others))


def _less(terms: Sequence[Term], taken: Counter[Term]) -> list[Term]:
    """What remains when each of `taken` is taken away as often as it counts."""
    left, remaining = Counter(taken), []
    for term in terms:
        if left[term] > 0:
            left[term] -= 1
        else:
            remaining.append(term)
    return remaining
