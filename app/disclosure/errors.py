"""Why an identity stays closed; `ground` is what the record says."""

from typing import ClassVar

from app.kernel.errors import Conflict, FieldError, Invalid, NeedsSecondPerson, NotFound, TooMany
from app.kernel.sentence import Sentence
from app.staff.errors import RoleNotSufficient


class NoSuchDisclosure(NotFound):
    ground: ClassVar[str] = "unknown"
    sentence = Sentence("没有这份披露申请。", "There is no such disclosure.")


class NoSuchAccountAnywhere(NotFound):
    ground: ClassVar[str] = "account-unknown"
    sentence = Sentence("没有这个账号，请核对编号。", "There is no such account; check its id.")


class NobodyBehind(Conflict):
    ground: ClassVar[str] = "nobody-behind"
    sentence = Sentence("这个账号没有验证过身份，没有可以披露的。", "Nobody is verified behind this account.")


class PersonChanged(Conflict):
    ground: ClassVar[str] = "person-changed"
    sentence = Sentence(
        "申请之后，这个账号背后的人有了变化，没有打开；请重新申请。",
        "Who stands behind this account has changed since it was begun; nothing was opened. Ask anew.",
    )


class RecordUnreadable(Conflict):
    ground: ClassVar[str] = "unreadable"
    sentence = Sentence(
        "密封的记录打不开：被改动过，或缺密钥。请运行 `shiming doctor` 查明原因。",
        "The sealed record does not open: it was changed, or a key is missing. Run `shiming doctor` and find out why.",
    )


class TooFewStaff(Conflict):
    ground: ClassVar[str] = "too-few-staff"
    code = "too-few-staff"
    sentence = Sentence(
        "能批准的人不够：除申请人外，要有任满 24 小时的隐私专员（privacy）两名，未成年人或年龄不明时三名。",
        "Too few people could approve: it takes two members other than you who have held the role privacy for 24 hours,"
        " three where the person is a minor or of unknown age.",
    )


class RequestAltered(Conflict):
    ground: ClassVar[str] = "altered"
    sentence = Sentence(
        "这份申请与提交时不一致，已经作废；请查明原因，重新申请。",
        "This request is not what was submitted and is void; find out why, then ask anew.",
    )


class CredentialsHandedOut(Conflict):
    ground: ClassVar[str] = "credentials-handed-out"
    sentence = Sentence(
        "申请之后你的登录凭据被重新发放过，没有打开；请重新申请。",
        "Your credentials were handed out anew after you asked; nothing was opened. Ask anew.",
    )


class RequestChangedUnderEyes(Conflict):
    ground: ClassVar[str] = "another-digest"
    sentence = Sentence(
        "你看到的不是这份申请：摘要不同，请重新打开。", "This is not the request that you saw; its digest differs."
    )


class RequestExpired(Conflict):
    ground: ClassVar[str] = "expired"
    sentence = Sentence("申请已过 24 小时，请重新申请。", "The request is over 24 hours old; ask anew.")


class RequestClosed(Conflict):
    ground: ClassVar[str] = "closed"
    sentence = Sentence("申请已被拒绝或撤回。", "The request was refused or withdrawn.")


class AlreadyExecuted(Conflict):
    ground: ClassVar[str] = "executed"
    sentence = Sentence("已经打开过。", "It has been executed.")


class AlreadyApproved(Conflict):
    ground: ClassVar[str] = "approved-before"
    sentence = Sentence("你已批准过这份申请。", "You have approved this request before.")


class NotApproved(Conflict):
    ground: ClassVar[str] = "not-approved"
    sentence = Sentence(
        "有效的批准不够：要有 {needed} 份，现在算数的有 {counting} 份。",
        "Too few approvals count: it takes {needed}, and {counting} count now.",
    )


class OwnRequest(NeedsSecondPerson):
    ground: ClassVar[str] = "self-approval"
    sentence = Sentence("申请人不能批准或拒绝自己的申请。", "Nobody approves or refuses a request of their own.")


class ApproverTooNew(NeedsSecondPerson):
    ground: ClassVar[str] = "approver-too-new"
    sentence = Sentence(
        "账号和隐私专员（privacy）角色都满 24 小时后才能批准。",
        "Only who has been here, and held the role privacy, for 24 hours approves.",
    )


class OnlyTheRequester(RoleNotSufficient):
    ground: ClassVar[str] = "not-the-requester"
    sentence = Sentence("只有申请人可以撤回或打开。", "Only who asked may withdraw or execute.")


class TooManyOpened(TooMany):
    ground: ClassVar[str] = "too-many-opened"
    sentence = Sentence(
        "你打开的身份已达上限：每小时 5 个，每天 20 个。请按 Retry-After 再来。",
        "You have opened as many identities as one may: 5 an hour, 20 a day. Come back after Retry-After.",
    )


class WantedUnusable(Invalid):
    """With what is wrong with the fields of a request."""

    ground: ClassVar[str] = "validation-failed"


BLANK = Sentence("不能为空。", "It cannot be blank.")
UNPRINTABLE = Sentence("只能有可以显示的字符。", "Use printable characters only.")
NOTIFY_IN_TIME = Sentence(
    "只有调取文书可以要求延后告知，且在今后 365 天以内。",
    "Only an instrument of an authority or a court delays the notice, to a moment within the next 365 days.",
)


def unusable(pointer: str, reason: str, said: Sentence) -> WantedUnusable:
    return WantedUnusable([FieldError(pointer, reason, said)])
