"""Every refusal as people read it; a test holds this table equal to the design's sentences."""

from app.kernel.sentence import Sentence
from app.posting.errors import Denial, ReasonCode, RemedyPlace

_VERIFY = Sentence("去验证", "Verify now")
_APPEAL = Sentence("申诉", "Appeal")
_RESEND = Sentence("发布许可已失效，刷新页面后再发一次。", "The permit no longer holds; reload and send again.")
_NOT_HERE = Sentence(
    "发布许可不用于这里，刷新页面后再发一次。", "The permit is not for this place; reload and send again."
)
_REVERIFY = Sentence("去核验", "Re-verify")

NEW_AGREEMENT_VERSION = Denial(
    ReasonCode.AGREEMENT_NOT_ACCEPTED,
    Sentence(
        "用户协议已更新为 {version} 版，同意后才能发布。",
        "The user agreement is now version {version}; accept it to post.",
    ),
    Sentence("看改了什么", "See what changed"),
)
"""Said instead of the table's sentence to who accepted an earlier version."""

MODERATOR_AGREEMENT = Denial(
    ReasonCode.AGREEMENT_NOT_ACCEPTED,
    Sentence("管理版块前请先阅读并同意版主协议。", "Read and accept the moderator agreement before you moderate."),
    Sentence("阅读协议", "Read it"),
)
"""Said instead to a moderator who has accepted everything but that."""

DENIALS: dict[ReasonCode, Denial] = {
    denial.code: denial
    for denial in (
        Denial(
            ReasonCode.IDENTITY_UNVERIFIED,
            Sentence(
                "发帖前需要先验证真实身份，大约 1 分钟；浏览不受影响。",
                "Verify your identity before you post; it takes about a minute. Reading stays open.",
            ),
            _VERIFY,
        ),
        Denial(
            ReasonCode.IDENTITY_LEVEL_TOO_LOW,
            Sentence(
                "这里需要用证件验证过的身份，你目前是手机验证。",
                "This needs an identity verified by document; yours is verified by phone.",
            ),
            Sentence("用证件验证", "Verify with a document"),
        ),
        Denial(
            ReasonCode.IDENTITY_EXPIRED,
            Sentence(
                "你的身份验证已到期，重新验证后就能发布。", "Your verification has expired; verify again to post."
            ),
            Sentence("重新验证", "Verify again"),
        ),
        Denial(
            ReasonCode.REVERIFICATION_OVERDUE,
            Sentence(
                "你的定期核验已逾期，完成后恢复发布。",
                "Your periodic re-verification is overdue; posting returns when it is done.",
            ),
            _REVERIFY,
        ),
        Denial(
            ReasonCode.MODERATOR_SUSPENDED,
            Sentence(
                "你在「{board}」的管理权限已停：定期核验没有完成。发帖不受影响。",
                "Your powers on {board} are off until you re-verify. Posting is not affected.",
            ),
            _REVERIFY,
        ),
        Denial(
            ReasonCode.NOT_A_MODERATOR,
            Sentence("你不是「{board}」的版主。", "You are not a moderator of {board}."),
            None,
        ),
        Denial(
            ReasonCode.AGREEMENT_NOT_ACCEPTED,
            Sentence("发布前请先阅读并同意用户协议。", "Read and accept the user agreement before you post."),
            Sentence("阅读协议", "Read it"),
        ),
        Denial(
            ReasonCode.ACCOUNT_SUSPENDED,
            Sentence(
                "此账号暂停发布[，至 {until}][。原因：{reason}]。",
                "This account may not post[ until {until}][. Reason: {reason}].",
            ),
            _APPEAL,
        ),
        Denial(
            ReasonCode.ACCOUNT_BANNED,
            Sentence("此账号已被封禁[。原因：{reason}]。", "This account is banned[. Reason: {reason}]."),
            _APPEAL,
        ),
        Denial(ReasonCode.ACCOUNT_CLOSED, Sentence("此账号已注销。", "This account is closed."), None),
        Denial(ReasonCode.BOARD_NOT_FOUND, Sentence("没有这个版块。", "There is no such board."), None),
        Denial(
            ReasonCode.BOARD_FROZEN,
            Sentence("「{board}」暂停发布[：{reason}]。", "Posting on {board} is paused[: {reason}]."),
            None,
        ),
        Denial(ReasonCode.BOARD_CLOSED, Sentence("「{board}」已关闭。", "{board} is closed."), None),
        Denial(
            ReasonCode.POSTING_PAUSED,
            Sentence(
                "暂停发布，浏览不受影响。恢复时间请看公告。",
                "Posting is paused; reading stays open. See the notice for when it returns.",
            ),
            None,
        ),
        Denial(
            ReasonCode.HANDLE_UNDER_REVIEW,
            Sentence(
                "你的昵称正在审核，通过后就能发布；也可以换一个。",
                "Your handle is being checked; you can post when it passes, or choose another.",
            ),
            Sentence("换一个昵称", "Choose another"),
        ),
        Denial(
            ReasonCode.MINOR_NOT_ALLOWED,
            Sentence("按规定，你的年龄不能使用这项功能。", "At your age this function is not available."),
            Sentence("了解原因", "Why"),
        ),
        Denial(
            ReasonCode.CONTENT_BLOCKED,
            Sentence(
                "内容里有不能发布的信息（{category}），改好再发；草稿还在。",
                "Something in it may not be published ({category}). Change it and send again; your draft is kept.",
            ),
            _APPEAL,
        ),
        Denial(
            ReasonCode.CONTENT_UNDER_REVIEW,
            Sentence(
                "内容转人工审核，请等结果，不用重发。",
                "A person is checking it; wait for the result, do not send it again.",
            ),
            None,
        ),
        Denial(
            ReasonCode.TOKEN_EXPIRED,
            Sentence("页面放得太久，请再发一次。", "The page was open too long; send it again."),
            None,
        ),
        Denial(ReasonCode.TOKEN_REVOKED, _RESEND, None),
        Denial(ReasonCode.TOKEN_INVALID, _RESEND, None),
        Denial(ReasonCode.WRONG_AUDIENCE, _NOT_HERE, None),
        Denial(ReasonCode.SCOPE_NOT_GRANTED, _NOT_HERE, None),
        Denial(ReasonCode.WRONG_BOARD, _NOT_HERE, None),
    )
}

REMEDY_PLACES: dict[ReasonCode, RemedyPlace] = {
    ReasonCode.IDENTITY_UNVERIFIED: RemedyPlace.FLOW,
    ReasonCode.IDENTITY_LEVEL_TOO_LOW: RemedyPlace.FLOW,
    ReasonCode.IDENTITY_EXPIRED: RemedyPlace.FLOW,
    ReasonCode.REVERIFICATION_OVERDUE: RemedyPlace.FLOW,
    ReasonCode.MODERATOR_SUSPENDED: RemedyPlace.FLOW,
    ReasonCode.AGREEMENT_NOT_ACCEPTED: RemedyPlace.AGREEMENT,
    ReasonCode.ACCOUNT_SUSPENDED: RemedyPlace.APPEAL,
    ReasonCode.ACCOUNT_BANNED: RemedyPlace.APPEAL,
    ReasonCode.HANDLE_UNDER_REVIEW: RemedyPlace.FLOW,
    ReasonCode.MINOR_NOT_ALLOWED: RemedyPlace.EXPLANATION,
    ReasonCode.CONTENT_BLOCKED: RemedyPlace.APPEAL,
}
"""As the table of `docs/sentences.md` has them; `place_of` tells apart what needs more than the table says."""

_BY_DOCUMENT = frozenset(
    {ReasonCode.IDENTITY_LEVEL_TOO_LOW, ReasonCode.REVERIFICATION_OVERDUE, ReasonCode.MODERATOR_SUSPENDED}
)


def place_of(denial: Denial) -> RemedyPlace | None:
    """Where the button of a refusal leads; None where it has none."""
    if denial == MODERATOR_AGREEMENT:
        return RemedyPlace.MODERATOR_AGREEMENT
    if denial.code is ReasonCode.HANDLE_UNDER_REVIEW:
        return RemedyPlace.HANDLE
    return RemedyPlace.DOCUMENT if denial.code in _BY_DOCUMENT else REMEDY_PLACES.get(denial.code)
