"""What can go wrong with boards and moderators."""

from app.kernel.errors import Conflict, Denied, FieldError, Invalid, NotFound
from app.kernel.sentence import Sentence
from app.verification.errors import MinorNotAllowed

SLUG_RULE = Sentence(
    "slug 用 1–64 个小写字母、数字、连字符或下划线，以字母或数字开头，不能以 brd_ 开头。",
    "A slug has 1-64 small letters, digits, hyphens or underscores, begins with a letter or digit, and not with brd_.",
)


class NoSuchBoard(NotFound):
    """Named in a path or a body."""

    sentence = Sentence("你的论坛没有这个版块。", "Your forum has no such board.")


class NoSuchModerator(NotFound):
    sentence = Sentence("你的论坛没有这条版主备案。", "Your forum has no such moderator on record.")


class NoSuchSanction(NotFound):
    sentence = Sentence("这名版主没有这条处理。", "There is no such measure against this moderator.")


class NoSuchOrder(NotFound):
    sentence = Sentence("你的论坛没有这条核验命令。", "Your forum has no such re-verification order.")


class SlugTaken(Conflict):
    code = "slug-taken"
    sentence = Sentence("这个 slug 已有版块在用，换一个。", "Another board has this slug; choose another.")


class SlugInvalid(Invalid):
    sentence = SLUG_RULE

    def __init__(self) -> None:
        super().__init__([FieldError("/slug", "not-allowed", SLUG_RULE)], SLUG_RULE)


class BoardIsClosed(Conflict):
    sentence = Sentence("版块已关闭，先重新开放。", "The board is closed; reopen it first.")


class BoardIsActive(Conflict):
    sentence = Sentence("版块没有冻结或关闭，无需重新开放。", "The board is neither frozen nor closed.")


class AlreadyFiled(Conflict):
    sentence = Sentence("此账号已是这个版块的版主。", "This account is a moderator of this board already.")


class HasFounder(Conflict):
    sentence = Sentence("版块已有发起者，先卸任再换人。", "The board has a founder; end that appointment first.")


class AppointmentEnded(Conflict):
    sentence = Sentence("这名版主已卸任。", "This appointment has ended.")


class NothingToRestore(Conflict):
    sentence = Sentence("这条处理已撤销。", "This measure has been lifted already.")


class IdentityLevelTooLow(Denied):
    code = "identity-level-too-low"
    sentence = Sentence(
        "版块发起者和版主要用证件验证身份；请让本人先验证。",
        "Founders and moderators of boards must be verified by document; have them verify first.",
    )


class AgreementNotAccepted(Denied):
    code = "agreement-not-accepted"
    sentence = Sentence(
        "请让本人先同意版主协议（GET /v1/agreements/current?kind=moderator）。",
        "They must accept the moderator agreement first (GET /v1/agreements/current?kind=moderator).",
    )


class TooYoungToModerate(MinorNotAllowed):
    sentence = Sentence(
        "未满 18 周岁或年龄不明的人不能任版主。", "Nobody under 18, or of unknown age, can be a moderator."
    )


class AccountSuspended(Denied):
    code = "account-suspended"
    sentence = Sentence("此账号暂停发布，先恢复。", "This account is suspended; reinstate it first.")


class AccountBanned(Denied):
    code = "account-banned"
    sentence = Sentence("此账号已被封禁，先恢复。", "This account is banned; reinstate it first.")


class TermsOutOfRange(Invalid):
    sentence = Sentence(
        "核验间隔为 30–365 天，宽限期为 0–90 天。", "The interval is 30-365 days and the grace period 0-90 days."
    )

    def __init__(self, pointer: str = "/interval_days") -> None:
        super().__init__([FieldError(pointer, "out-of-range", self.sentence)], self.sentence)


class TermsTooFarAhead(Invalid):
    sentence = Sentence("要求的变更最多提前一年宣布。", "A change of terms begins within a year from now.")

    def __init__(self) -> None:
        super().__init__([FieldError("/effective_at", "out-of-range", self.sentence)], self.sentence)


class TermsInThePast(Invalid):
    sentence = Sentence(
        "变更不能从过去开始；不写 effective_at 就是马上生效。",
        "A change cannot begin in the past; leave effective_at out to begin now.",
    )

    def __init__(self) -> None:
        super().__init__([FieldError("/effective_at", "out-of-range", self.sentence)], self.sentence)
