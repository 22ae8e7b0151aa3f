"""Words: texts that a forum is about to publish, what a screening says of them, and what is told of it later."""

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit

from app.kernel.ids import AccountId
from app.kernel.sentence import Sentence
from app.screening.category_words import CATEGORY_WORDS
from app.screening.domain import Action, Decision, Field, Hit, Ruling, Verdict, strictest

_LONGEST_ADDRESS = 2000
_DETAILS = {
    Decision.MASK: Sentence(
        "其中一部分[（{category}）]会被遮住。", "A part of it is covered when it is shown[ ({category})]."
    ),
    Decision.REVIEW: Sentence(
        "内容[（{category}）]转人工审核，请等结果，不用重发。",
        "A person is checking it[ ({category})]; wait for the result, do not send it again.",
    ),
    Decision.BLOCK: Sentence(
        "内容里有不能发布的信息[（{category}）]，改好再发。",
        "Something in it may not be published[ ({category})]. Change it and send again.",
    ),
}


@dataclass(frozen=True, slots=True)
class Item:
    """One text as it was sent: who wrote it, where it stands, how the forum calls it."""

    field: Field
    text: str = dataclasses.field(repr=False)
    account_id: AccountId | None = None
    board: str | None = None
    ref: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What becomes of one text."""

    field: Field
    ref: str | None
    verdict: Verdict = dataclasses.field(repr=False)

    @property
    def detail(self) -> Sentence | None:
        """For the author: the kind of thing that it is, never the lexicon's term; None on `pass`."""
        said = _DETAILS.get(self.verdict.decision)
        return said and said.with_values(category=naming(categories_behind(self.verdict)))


@dataclass(frozen=True, slots=True)
class Screened:
    """One screening; a result for each item, in their order."""

    id: str
    lexicon_version: int
    screened_at: datetime
    results: tuple[Result, ...]

    @property
    def decision(self) -> Decision:
        return strictest(result.verdict.decision for result in self.results)

    @property
    def blocked_for(self) -> Sentence | None:
        """The kinds of thing for which it is blocked."""
        verdicts = [one.verdict for one in self.results if one.verdict.decision is Decision.BLOCK]
        return naming({category for verdict in verdicts for category in categories_behind(verdict)})


@dataclass(frozen=True, slots=True)
class PublishedContent:
    """What texts of a screening became: takedowns name it."""

    content_ref: str
    url: str
    published_at: datetime
    """When it was told first."""


@dataclass(frozen=True, slots=True)
class ReviewersWord:
    """How a reviewer has decided on a text, and which hits they saw for which the lexicons block it."""

    ruling: Ruling
    blocking: frozenset[tuple[int, int, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class StoredResult:
    """What is kept of one text: nothing but the digest where it passed."""

    digest: bytes
    result: Result | None = None
    ruling: Ruling | None = None
    """How a reviewer has decided on this text, in this forum, as this field."""


@dataclass(frozen=True, slots=True)
class StoredScreening:
    id: str
    lexicon_version: int
    screened_at: datetime
    decision: Decision
    results: tuple[StoredResult, ...]
    published: tuple[PublishedContent, ...]


def blocking(hits: Iterable[Hit]) -> frozenset[tuple[int, int, str]]:
    return frozenset((hit.start, hit.end, hit.term) for hit in hits if hit.action is Action.BLOCK)


def ruled(verdict: Verdict, word: ReviewersWord | None) -> Verdict:
    """A reviewer's word on the very text counts, as long as the lexicons object to it; a block of theirs stands.

    Whoever let it pass knew of no block, but for an appeal against just that block.
    """
    if verdict.decision is Decision.PASS or word is None:
        return verdict
    if verdict.decision is Decision.BLOCK:
        against = blocking(verdict.hits)
        known = against and against <= word.blocking
        return Verdict(Decision.PASS) if known and word.ruling is Ruling.PASS else verdict
    match word.ruling:
        case Ruling.PASS:
            return Verdict(Decision.PASS)
        case Ruling.MASK | Ruling.BLOCK:
            return replace(verdict, decision=Decision(word.ruling.value))
        case _:
            return verdict


def categories_behind(verdict: Verdict) -> set[str]:
    """For which kinds of thing it is decided so: those of the hits that ask for it, of all where none does."""
    asking = {str(hit.category) for hit in verdict.hits if hit.action.value == verdict.decision.value}
    return asking or {str(hit.category) for hit in verdict.hits}


def naming(categories: set[str]) -> Sentence | None:
    """In one line, in the language of the reader; an operator's own word as it is. None for none."""
    if not categories:
        return None
    words = [CATEGORY_WORDS.get(category, Sentence(category, category)) for category in sorted(categories)]
    return Sentence("、".join(word.zh for word in words), ", ".join(word.en for word in words))


def is_web_address(url: str) -> bool:
    """Whether it may lead readers to what was published: absolute, http or https, nothing invisible."""
    if len(url) > _LONGEST_ADDRESS or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False
