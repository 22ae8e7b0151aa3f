"""What can go wrong with forums and their clients."""

from collections.abc import Sequence

from app.kernel.errors import Conflict, Denied, FieldError, Invalid, NeedsSecondPerson, NotFound, Unauthenticated
from app.kernel.sentence import Sentence


class ForumNotFound(NotFound):
    sentence = Sentence(
        "没有这个论坛，见 shiming forum list。", "There is no such forum. `shiming forum list` shows them."
    )


class ForumDisabled(Conflict):
    sentence = Sentence(
        "这个论坛已停用，不能再这样做。", "This forum is disabled; nothing of the kind can be done for it."
    )


class ClientRefused(Unauthenticated):
    """Unknown client, wrong or expired secret, or a disabled forum: one answer for all."""

    code = "invalid-client"
    sentence = Sentence(
        "客户端编号或密钥不对，或已停用。", "The client id or secret is wrong, or the forum is disabled."
    )


class ScopeNotHeld(Denied):
    code = "insufficient-scope"
    sentence = Sentence(
        "访问令牌没有需要的权限，请申请带有它的令牌。",
        "The access token lacks the scope that this needs; ask for a token that has it.",
    )

    def __init__(self, scope: str) -> None:
        super().__init__(
            Sentence(
                f"访问令牌没有 {scope} 权限，请申请带有它的令牌。",
                f"The access token lacks the scope {scope}; ask for a token that has it.",
            )
        )


class StaffOnly(ScopeNotHeld):
    """No scope that a forum can have opens this."""

    def __init__(self) -> None:
        Denied.__init__(self, Sentence("这里只有工作人员可以看。", "This is for staff only."))


class ForumNameUnusable(Invalid):
    sentence = Sentence("论坛名称要有 1 到 80 个可见字符。", "A forum's name has 1 to 80 visible characters.")


class ReasonUnusable(Invalid):
    sentence = Sentence("理由要有 1 到 400 个可见字符。", "A reason has 1 to 400 visible characters.")


class ReturnUrlUnusable(Invalid):
    sentence = Sentence(
        "回跳地址要写全：https://…，不带 # 和账号密码；只有本机可以用 http://。",
        "A return URL is a whole https:// address without a fragment or credentials; http:// is for this machine only.",
    )


class PlaceNotFound(NotFound):
    sentence = Sentence("没有这个论坛或版块。", "There is no such forum or board.")


class AlreadyPaused(Conflict):
    sentence = Sentence(
        "这里已经暂停发布；恢复要由另一人解除那次暂停。",
        "Posting is paused there already; another person lifts that pause to resume.",
    )


class NoSuchPause(NotFound):
    sentence = Sentence("没有这次暂停。", "There is no such pause.")


class PauseIsOver(Conflict):
    sentence = Sentence("这次暂停已经解除。", "This pause has been lifted already.")


class LiftedByAnother(NeedsSecondPerson):
    sentence = Sentence(
        "恢复发布要由另一人确认：请另一名合规人员解除。",
        "Whoever paused may not resume: ask another member of compliance to lift it.",
    )


class DrillUnusable(Invalid):
    sentence = Sentence(
        "演练记录：日期不晚于今天（北京时间）；场景 1 到 400 个可见字符，结果 1 到 2000 个。",
        "A drill: a day not after today (Beijing); a scenario of 1 to 400 visible characters, an outcome of 1 to 2000.",
    )

    def __init__(self, pointers: Sequence[str]) -> None:
        super().__init__([FieldError(pointer, "not-allowed", self.sentence) for pointer in pointers], self.sentence)
