"""What can go wrong with texts, with lexicons and with reviews."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class LineFault:
    """What is wrong with one line of a lexicon file, or worth a second look; `line` counts from 1, the header's."""

    line: int
    reason: str
    detail: Sentence


class LexiconFaulty(Invalid):
    """Nothing of the file was loaded. `faults` are the first of `count`."""

    sentence = Sentence(
        "词库文件有错误，什么都没有载入；按行号改好后重新载入。",
        "The lexicon file has faults and nothing of it was loaded; mend the lines that are named and load it again.",
    )

    def __init__(self, faults: Sequence[LineFault], count: int | None = None) -> None:
        super().__init__([FieldError(f"/lines/{fault.line}", fault.reason, fault.detail) for fault in faults])
        self.faults = tuple(faults)
        self.count = len(self.faults) if count is None else count


class BlobOutdated(Exception):
    """Compiled by another version of the engine or its tables: compile the terms again."""
