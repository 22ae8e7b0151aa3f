"""What can go wrong with accounts."""

from app.kernel.errors import Conflict, FieldError, Invalid, NotFound
from app.kernel.sentence import Sentence

HANDLE_RULE = Sentence(
    "昵称用 2–20 个汉字、字母、数字、下划线或连字符，以字母或数字开头。",
    "A handle has 2-20 letters and digits of any script, underscores or hyphens, and begins with a letter or digit.",
)
SCRIPTS_RULE = Sentence(
    "昵称混用了容易看错的文字，请只用一种。", "The handle mixes scripts whose letters look alike; use one of them."
)


class AccountNotFound(NotFound):
    """Named in a body: the forum has not registered this user yet."""

    code = "account-not-found"
    sentence = Sentence("此账号还没有登记，验证后就能发布。", "This account is not registered yet; verify to post.")


class NoSuchAccount(NotFound):
    """Named in a path."""

    sentence = Sentence("你的论坛没有这个账号。", "Your forum has no such account.")


class HandleTaken(Conflict):
    code = "handle-taken"
    sentence = Sentence("已有人用，或太相似。换一个", "Taken or too similar. Try another")


class ExternalIdTaken(Conflict):
    code = "external-id-taken"
    sentence = Sentence("此论坛账号已有记录，请从论坛登录", "This forum account has a record; sign in there")


class HandleInvalid(Invalid):
    code = "handle-invalid"
    sentence = HANDLE_RULE

    def __init__(self, reason: str = "not-allowed", rule: Sentence = HANDLE_RULE) -> None:
        super().__init__([FieldError("/handle", reason, rule)], rule)


class HandleMixesScripts(HandleInvalid):
    def __init__(self) -> None:
        super().__init__("mixed-scripts", SCRIPTS_RULE)


class NothingToLift(Conflict):
    sentence = Sentence(
        "此账号没有被暂停、封禁或注销，无需恢复。",
        "This account is not suspended, banned or closed; there is nothing to lift.",
    )


class AlreadyBanned(Conflict):
    sentence = Sentence(
        "此账号已被封禁，不能再暂停；要改为暂停，先恢复。",
        "This account is banned and cannot be suspended as well; to suspend it instead, reinstate it first.",
    )


class AccountIsClosed(Conflict):
    sentence = Sentence(
        "此账号已注销，不能再更改；注销未满 30 天的可以先恢复。",
        "This account is closed and cannot be changed; within 30 days of its closing it can be reinstated first.",
    )


class ClosingIsFinal(Conflict):
    sentence = Sentence(
        "此账号注销已满 30 天，不能恢复；请登记新账号。",
        "This account was closed 30 days ago or earlier and stays closed; register a new one.",
    )


class ClosedByPerson(Conflict):
    sentence = Sentence(
        "此账号由本人注销，论坛不能恢复；请登记新账号。",
        "The person behind this account closed it, and it stays closed; register a new one.",
    )


class ExternalIdFixed(Conflict):
    sentence = Sentence("external_id 只能设一次，不能更改。", "An external_id is set once and does not change.")


class HandleFrozen(Conflict):
    sentence = Sentence(
        "此账号因冒用身份处理中，昵称已冻结，不能更改。",
        "The handle of this account is frozen because an identity was misused, and cannot be changed.",
    )


class NoSuchSanction(NotFound):
    sentence = Sentence("此账号没有这条处理。", "There is no such measure against this account.")


class NeedsConfirmation(Conflict):
    code = "needs-confirmation"
    sentence = Sentence(
        "一小时内暂停、封禁和注销的账号太多，请运营者确认后再继续：shiming forum confirm FORUM_ID。",
        "Too many accounts suspended, banned or closed in one hour; the operator must confirm before you go on: shiming"
        " forum confirm FORUM_ID.",
    )
