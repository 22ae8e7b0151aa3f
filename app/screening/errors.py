"""What can go wrong with texts."""

from collections.abc import Iterable, Sequence

from app.kernel.errors import Conflict, FieldError, Invalid, NotFound
from app.kernel.sentence import Sentence
from app.screening.category_words import words_of

_BLOCKED = Sentence("含不可用内容（{category}）。换一个", "Not allowed ({category}). Try another")


class ScreeningBlocked(Invalid):
    """A name that may not be shown: says which field and what kind of thing it is, never which word."""

    code = "screening-blocked"
    sentence = Sentence(
        "含有不能使用的内容，请换一个。", "It holds something that may not be used; choose something else."
    )

    def __init__(self, field: str, categories: Iterable[str], fields: Sequence[FieldError]) -> None:
        self.field = field
        self.categories = tuple(sorted(set(categories)))
        super().__init__(fields, blocked_sentence(self.categories))


def blocked_sentence(categories: Iterable[str]) -> Sentence:
    return _BLOCKED.with_values(category=words_of(categories))


class AlreadyDecided(Conflict):
    """Somebody else was quicker, or the review has changed since it was read."""

    code = "already-decided"
    sentence = Sentence(
        "这一条已有人处理，重新读取后再决定。",
        "Somebody has dealt with this one already; read it again before you decide.",
    )


class NoSuchScreening(NotFound):
    """Also another forum's, and one that is older than screenings are kept."""


class NotAWebAddress(Invalid):
    sentence = Sentence("url 要写完整的 http 或 https 地址。", "Give `url` as a whole http or https address.")

    def __init__(self) -> None:
        super().__init__([FieldError("/url", "not-allowed", self.sentence)])


class TooManyContents(Conflict):
    sentence = Sentence(
        "一次审查记下的内容已达上限，请分开送审。",
        "This screening has become as much content as one may; screen the rest by themselves.",
    )


class BlobOutdated(Exception):
    """Compiled by another version of this service, or not a compiled lexicon at all: compile its terms again."""
