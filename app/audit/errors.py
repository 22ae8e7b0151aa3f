"""Why nothing is signed, published or proved."""

from enum import StrEnum

from app.kernel.errors import Conflict, FieldError, Invalid, NotFound, ShimingError, Unavailable
from app.kernel.sentence import Sentence

_RECOVER = Sentence(
    "请先查明原因；若数据库是从备份恢复的，运行 `shiming audit recover`。",
    "Find out why first; where the database was restored from a backup, run `shiming audit recover`.",
)


class Inconsistency(StrEnum):
    """What the signer found; each stands for a sentence."""

    WENT_BACK = "went-back"
    LOG_GONE = "log-gone"
    HEAD_GONE = "head-gone"
    HEAD_UNREADABLE = "head-unreadable"
    HISTORY_CHANGED = "history-changed"
    CHECKPOINT_UNSIGNED = "checkpoint-unsigned"
    PLACE_TAKEN = "place-taken"


_SAID = {
    Inconsistency.WENT_BACK: Sentence(
        "审计日志比上次签名时短：数据库回到了过去。", "The audit log is shorter than when it was last signed."
    ),
    Inconsistency.LOG_GONE: Sentence(
        "签过名的审计日志不在这个数据库里。", "The audit log that was signed last is not in this database."
    ),
    Inconsistency.HEAD_GONE: Sentence(
        "审计日志上次签名的文件 audit-head.note 不见了，请从原处取回。",
        "The file audit-head.note, which holds what was signed last, is gone; bring it back.",
    ),
    Inconsistency.HEAD_UNREADABLE: Sentence(
        "文件 audit-head.note 不是本日志、本密钥签的。",
        "The file audit-head.note is not signed for this log by this key.",
    ),
    Inconsistency.HISTORY_CHANGED: Sentence(
        "审计日志已不是上次签名的那一份，请运行 `shiming audit verify`。",
        "The audit log is not the one that was signed; `shiming audit verify` says where.",
    ),
    Inconsistency.CHECKPOINT_UNSIGNED: Sentence(
        "审计日志里有不是本密钥签的检查点，请运行 `shiming audit verify`。",
        "The audit log ends in a checkpoint that this key has not signed; `shiming audit verify` says where.",
    ),
    Inconsistency.PLACE_TAKEN: Sentence(
        "审计日志下一个位置已被占用，请运行 `shiming audit verify`。",
        "Something stands where the next entry of the audit log belongs; `shiming audit verify` says where.",
    ),
}


class SigningRefused(Unavailable):
    """The log is not the one that was signed last: nothing is added and nothing is signed until somebody has looked.

    What waits goes on waiting; only acts that need a receipt are refused.
    """

    def __init__(self, inconsistency: Inconsistency) -> None:
        said = _SAID[inconsistency]
        super().__init__(retry_after=60, detail=Sentence(said.zh + _RECOVER.zh, f"{said.en} {_RECOVER.en}"))
        self.inconsistency = inconsistency


class HeadNotWritten(Unavailable):
    """The log has grown, and what was signed could not be kept outside the database."""

    sentence = Sentence(
        "审计日志的 audit-head.note 写不进去，检查磁盘和权限。",
        "The file audit-head.note of the audit log cannot be written; look at its disk and its owner.",
    )


class AnchorNotWritten(Unavailable):
    """An anchor holds nothing newer yet; only acts that must not happen unseen wait for it."""

    sentence = Sentence(
        "审计日志的锚点写不进去，见 `shiming doctor`；需要留痕的操作暂不执行。",
        "An anchor of the audit log cannot be written; `shiming doctor` says which. Acts that need one are not done.",
    )


class NothingToRecover(Conflict):
    sentence = Sentence(
        "审计日志与上次签名一致，无需恢复。",
        "The audit log goes on from what was signed last; there is nothing to recover.",
    )


class AuditNotPublished(Unavailable):
    """An act that nobody may do unseen could not be put on record where it is safe: it has not been done."""

    sentence = Sentence(
        "审计日志此刻无法对外留存，这件事没有做，稍后再试。",
        "The audit log cannot be published now, so nothing was done; try again shortly.",
    )

    def __init__(self, cause: ShimingError | None = None) -> None:
        said = self.sentence
        if cause is not None and cause.detail != Unavailable.sentence:
            said = Sentence(said.zh + cause.detail.zh, f"{said.en} {cause.detail.en}")
        super().__init__(retry_after=60 if isinstance(cause, SigningRefused) else 5, detail=said)


class EntryUnknown(NotFound):
    sentence = Sentence("审计日志里没有这个编号的记录。", "The audit log has no entry of this id.")


class NotNumberedYet(Unavailable):
    """Staged, or nothing has begun: its number comes within 200 ms while a service runs."""

    sentence = Sentence(
        "审计日志还没有编到这里，稍后再试。", "The audit log has not come this far yet; try again shortly."
    )


class NotProvable(Unavailable):
    """What the log holds does not lead to what was signed."""

    sentence = Sentence(
        "审计日志与签过名的不一致，无法证明；请运行 `shiming audit verify`。",
        "The audit log is not the one that was signed, so this cannot be proved; `shiming audit verify` says where.",
    )


class NoSuchSizes(Invalid):
    """Two sizes of which the log has not had both."""

    def __init__(self, size: int) -> None:
        said = Sentence(f"大小要满足 1 <= from <= to <= {size}。", f"The sizes must be 1 <= from <= to <= {size}.")
        super().__init__([FieldError("/from", "out-of-range", said), FieldError("/to", "out-of-range", said)])
