"""What can go wrong with agreements."""

from collections.abc import Collection

from app.kernel.errors import Conflict, FieldError, Invalid, NotFound
from app.kernel.sentence import Sentence


class NoAgreementInForce(NotFound):
    sentence = Sentence("现在没有生效的这类协议。", "No agreement of this kind is in force.")


class UnknownAgreementVersion(Invalid):
    """A version that was never published, or is in force no more."""


class ClausesMissing(Conflict):
    sentence = Sentence("协议缺少第六条要求的条款。", "The agreement lacks clauses that Art. 6 requires.")

    @classmethod
    def these(cls, names: Collection[str]) -> "ClausesMissing":
        named = ", ".join(names)
        return cls(
            Sentence(
                f"协议缺少第六条要求的条款：{named}。补上后再公布。",
                f"The agreement lacks clauses that Art. 6 requires: {named}. Add them, then publish.",
            )
        )


class NoSuchDraft(NotFound):
    sentence = Sentence("没有这份协议草稿。", "There is no such draft of an agreement.")


class DraftIsClosed(Conflict):
    sentence = Sentence("这份草稿已公布或撤回，不能再改。", "This draft was published or withdrawn; write a new one.")


class DraftHasChanged(Conflict):
    sentence = Sentence(
        "这份草稿刚刚有人改过：重新读一遍，带上新的 revision。",
        "Somebody has changed this draft meanwhile: read it again and send its new revision.",
    )


class VersionTaken(Conflict):
    sentence = Sentence("已公布过同名的版本，换一个版本号。", "A version of this name was published; choose another.")


class TextTooLong(Invalid):
    def __init__(self, pointer: str, detail: Sentence) -> None:
        super().__init__([FieldError(pointer, "too-long", detail)], detail)


class DatesOutOfRange(Invalid):
    def __init__(self, pointer: str, detail: Sentence) -> None:
        super().__init__([FieldError(pointer, "out-of-range", detail)], detail)
