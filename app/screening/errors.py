"""What can go wrong with texts, with lexicons and with reviews."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.kernel.errors import Conflict, FieldError, Invalid, NotFound, Unavailable
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


class NoSuchReview(NotFound):
    sentence = Sentence("没有这条待审。", "There is no such review.")


class AlreadyDecided(Conflict):
    """Somebody else was quicker, or the review has changed since it was read."""

    code = "already-decided"
    sentence = Sentence(
        "这一条已有人处理，重新读取后再决定。",
        "Somebody has dealt with this one already; read it again before you decide.",
    )
    told = Sentence(
        "{who} 已在 {when} 处理这一条（{ruling}），重新读取后再看。",
        "{who} dealt with this one at {when} ({ruling}); read it again.",
    )


class AskedForMore(AlreadyDecided):
    sentence = Sentence(
        "这一条打开之后词库变了，现在处置更严；重新读取后再决定。",
        "The lexicons have changed since this review was opened and ask for more now; read it again before you decide.",
    )


class NothingToOverturn(Conflict):
    sentence = Sentence(
        "这项审核没有遮盖或拦截什么，或正在重新审核，无需撤销。",
        "Nothing is masked or blocked by this decision, or it is under review again; there is nothing to take back.",
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


class CasesFaulty(Invalid):
    """A file of cases that cannot be read: the first line that is wrong."""

    sentence = Sentence(
        "第 {line} 行读不懂：要有 text、field、decision 三列，UTF-8 编码的 CSV。",
        "Line {line} cannot be read: a file of cases is UTF-8 CSV with the columns text, field and decision.",
    )

    def __init__(self, line: int) -> None:
        super().__init__(detail=self.sentence.with_values(line=str(line)))


class LexiconNameInvalid(Invalid):
    sentence = Sentence(
        "词库名用 1–64 个小写字母、数字或连字符。", "The name of a lexicon has 1-64 small letters, digits or hyphens."
    )


class NoSuchLexicon(NotFound):
    sentence = Sentence(
        "没有这个词库，或没有这个版本；shiming lexicon list 列出所有的。",
        "There is no such lexicon, or no such version of it; `shiming lexicon list` names them all.",
    )


class InForceAlready(Conflict):
    sentence = Sentence(
        "这个版本正在生效，无需再发布。", "This version is in force already; there is nothing to publish."
    )


class NotInForce(Conflict):
    sentence = Sentence("这个词库没有生效，无需撤下。", "This lexicon is not in force; there is nothing to withdraw.")


class ClaimedByAnother(Conflict):
    sentence = Sentence(
        "别人刚认领了这一条。等对方交回，或看下一条。",
        "Somebody else has just claimed this one. Wait until they give it back, or see the next one.",
    )


class PublishedMeanwhile(Unavailable):
    """Somebody else has published while this was compiled: what it would replace is not in force any more."""

    sentence = Sentence(
        "编译期间有人发布了别的版本，请再发布一次。",
        "Somebody else has published while this was compiled; publish once more.",
    )


class CatchesTooMuch(Conflict):
    """The alarm of a dry run: one bad line must not silence a forum."""

    sentence = Sentence(
        "{texts} 条近期文本和案例中有 {stricter} 条会被处理得更严，像是某一行有误：先用 rehearse 查看，确认无误再加"
        " --despite-alarm 发布。",
        "{stricter} of {texts} recent texts or cases would be dealt with more strictly, as if a line were wrong: look"
        " at them with `rehearse`, and publish with --despite-alarm if that is what you want.",
    )

    def __init__(self, stricter: int, texts: int) -> None:
        super().__init__(self.sentence.with_values(stricter=str(stricter), texts=str(texts)))


class BlobOutdated(Exception):
    """Compiled by another version of the engine or its tables: compile the terms again."""
