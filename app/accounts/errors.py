"""What can go wrong with accounts."""

from app.kernel.errors import Conflict, FieldError, Invalid, NotFound
from app.kernel.sentence import Sentence

HANDLE_RULE = Sentence(
    "昵称用 2–20 个汉字、字母、数字、下划线或连字符，以字母或数字开头。",
    "A handle has 2-20 letters and digits of any script, underscores or hyphens, and begins with a letter or digit.",
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

    def __init__(self) -> None:
        super().__init__([FieldError("/handle", "not-allowed", HANDLE_RULE)])


class NotSuspended(Conflict):
    sentence = Sentence("此账号没有被暂停，无需恢复。", "This account is not suspended; there is nothing to lift.")
