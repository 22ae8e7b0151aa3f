"""What can go wrong with members of the staff and their sessions."""

from app.kernel.errors import Conflict, Denied, Invalid, NeedsSecondPerson, NotFound, TooMany, Unauthenticated
from app.kernel.sentence import Sentence


class SignInFailed(Unauthenticated):
    """Unknown, wrong, used, disabled, ended or not confirmed yet: one answer for all."""

    code = "sign-in-failed"
    sentence = Sentence(
        "邮箱、密码或动态码不对，或账号已停用。动态码只能用一次，请等下一个。",
        "The e-mail address, password or code is wrong, or the member is disabled. A code serves once; wait for the"
        " next.",
    )


class PasswordWrong(SignInFailed):
    sentence = Sentence(
        "当前密码不对。连错 5 次会话就结束。", "The present password is wrong. Five in a row end the session."
    )


class TooManyFailures(TooMany):
    """The same for right and wrong, so that guessing on tells nothing."""

    sentence = Sentence(
        "登录失败次数太多：请核对密码，用新的动态码再试，或按 Retry-After 稍后再来。",
        "Too many failed sign-ins: check the password and try again with a fresh code, or after Retry-After.",
    )


class TooManyGuesses(TooManyFailures):
    sentence = Sentence(
        "这个邮箱被反复猜测：请把相邻两次动态码连着输入（共 12 位），或用恢复码。",
        "Somebody keeps guessing at this e-mail address: enter two successive codes one after the other (12 digits), or"
        " a recovery code.",
    )


class SessionOver(Unauthenticated):
    sentence = Sentence(
        "工作人员会话无效或已结束，请重新登录。", "The staff session is missing, invalid or over; sign in again."
    )


class RoleNotSufficient(Denied):
    code = "role-not-sufficient"
    sentence = Sentence("你的角色不能这样做，见 docs/staff.md。", "Your roles do not open this; see docs/staff.md.")


class SecondFactorNeeded(Denied):
    code = "second-factor-needed"
    sentence = Sentence("这一步要先输入动态码，5 分钟内有效。", "Enter a fresh code first; it counts for 5 minutes.")


class CodeNotRight(SecondFactorNeeded):
    sentence = Sentence(
        "动态码不对或已用过，请等下一个。连错 5 次会话就结束。",
        "The code is wrong or was used; wait for the next. Five wrong ones in a row end the session.",
    )


class StandingTooShort(NeedsSecondPerson):
    sentence = Sentence(
        "只有任隐私专员（privacy）满 7 天的成员可以确认。",
        "Only a member who has held the role privacy for 7 days confirms.",
    )


class MemberNotFound(NotFound):
    sentence = Sentence("没有这名成员。", "There is no such member.")


class EmailTaken(Conflict):
    sentence = Sentence("这个邮箱已是成员。", "A member with this e-mail address exists.")


class LastAdmin(Conflict):
    sentence = Sentence(
        "这是最后一名 admin：先任命另一名，再作此变更。", "This is the last admin: make another one first."
    )


class MemberChangedMeanwhile(Conflict):
    sentence = Sentence("这名成员已被别人改过，先查询最新状态。", "Somebody else changed this member; read them again.")


class NotWaiting(Conflict):
    sentence = Sentence("这名成员没有待确认的事。", "Nothing about this member waits for confirmation.")


class OwnReset(Conflict):
    sentence = Sentence(
        "不能重置自己：请改自己的密码和验证器，或请另一名 admin 重置。",
        "Nobody resets themselves: change your own password and authenticator, or have another admin reset you.",
    )


class MemberDisabled(Conflict):
    sentence = Sentence("这名成员已停用，先恢复。", "This member is disabled; restore them first.")


class MemberNotDisabled(Conflict):
    sentence = Sentence("这名成员没有停用。", "This member is not disabled.")


class PrivacyNeedsConfirmation(Conflict):
    sentence = Sentence(
        "已有两名隐私专员（privacy）：由管理员提出，由任满 7 天的隐私专员确认。",
        "Two members with the role privacy exist: an admin proposes, and one of 7 days' standing confirms.",
    )


class EmailUnusable(Invalid):
    sentence = Sentence("请填写一个邮箱地址。", "Give one e-mail address.")


class RolesExclude(Invalid):
    sentence = Sentence(
        "privacy 不能与 admin 同任，auditor 不能与任何角色同任，至少要有一个角色。",
        "privacy excludes admin, auditor excludes every other role, and there is at least one.",
    )


class PasswordUnusable(Invalid):
    sentence = Sentence(
        "密码要有 8 到 128 个字符，不能是常见密码，也不能含邮箱里的词。",
        "A password has 8 to 128 characters, is not a common one, and holds no part of the e-mail address.",
    )
