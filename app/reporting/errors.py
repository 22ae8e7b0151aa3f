"""What can go wrong with complaints, appeals, violations and reports."""

from app.kernel.errors import Conflict, Denied, FieldError, Invalid, NeedsSecondPerson, NotFound
from app.kernel.sentence import Sentence
from app.screening.errors import AlreadyDecided


class NoSuchForumToComplainOf(NotFound):
    sentence = Sentence("没有这个论坛，请核对 forum_id。", "There is no such forum; check forum_id.")


class NoSuchTrackingCode(NotFound):
    """Wrong, erased and somebody else's are one answer."""

    sentence = Sentence(
        "没有这个追踪码，或者它的记录已到期清除。", "There is no such code, or its record has expired and was erased."
    )


class TrackingCodeMistyped(Invalid):
    """Its check character does not fit: one character is wrong, or two are swapped."""

    sentence = Sentence("可能输错一位，对照记下的追踪码。", "One character may be wrong; compare it with your note.")

    def __init__(self) -> None:
        super().__init__([FieldError("/tracking_code", "bad-checksum", self.sentence)])


class NoSuchCase(NotFound):
    """Also one that concerns whoever asks: for them it does not exist."""

    sentence = Sentence("没有这件投诉或申诉。", "There is no such complaint or appeal.")


class CaseDecided(AlreadyDecided):
    """Somebody else was quicker, or it has changed since it was read."""

    sentence = Sentence(
        "这一件已有人处理，重新读取后再决定。",
        "Somebody has dealt with this one already; read it again before you decide.",
    )


class NotAppealable(Conflict):
    sentence = Sentence(
        "现在不能申诉：还没有结果，或者已经申诉过一次。",
        "This cannot be appealed now: it is not decided yet, or was appealed before.",
    )


class CaseIsOver(Conflict):
    sentence = Sentence("这一件已经结束，不能再补充。", "This one has ended; nothing can be added to it.")


class NotAccepted(Conflict):
    sentence = Sentence("先受理，再答复或决定。", "Accept it first, then reply or decide.")


class TooManyMessages(Conflict):
    sentence = Sentence(
        "这一件的补充已达上限，请等处理结果。", "This one holds as many messages as it may; wait for its outcome."
    )


class NothingToAgreeTo(Conflict):
    sentence = Sentence("没有等待第二人同意的处置。", "No measure waits for a second member's agreement.")


class NeedsAnotherPerson(Denied):
    """Whoever decided first does not hear the appeal, nor agree to their own measure."""

    code = "needs-another-person"
    sentence = Sentence(
        "这一步要由没有参与先前决定的另一个人来做。", "This takes a person who had no part in the decision before."
    )


class OutcomeUnfit(Invalid):
    """The outcome does not belong to this kind of case, or the reason not to this outcome."""


class AlreadyRecused(Conflict):
    sentence = Sentence("这个账号已经登记过。", "This account is named already.")


class NoSuchRecusal(NotFound):
    sentence = Sentence("没有登记这个账号。", "This account is not named.")


class NoContactGiven(NotFound):
    sentence = Sentence("没有留联系方式，或已到期清除。", "No contact was given, or its time is over.")


class NotSameTarget(Invalid):
    sentence = Sentence(
        "also 里只能是同一对象的其他未结投诉。", "`also` takes other open complaints about the same, and nothing else."
    )

    def __init__(self) -> None:
        super().__init__([FieldError("/also", "not-allowed", self.sentence)])


class NeedsAgreement(NeedsSecondPerson):
    """Source: L9."""

    sentence = Sentence(
        "企业要求的删除类处置，要另一名成员同意后才能执行。",
        "What a company asks to be removed is removed once a second member agrees.",
    )


class NothingToAppeal(Conflict):
    sentence = Sentence(
        "此账号没有这项可申诉的处理，或已经撤销。",
        "Nothing of this kind stands against the account, or it was taken back.",
    )


class AlreadyAppealed(Conflict):
    sentence = Sentence(
        "对这项处理的申诉正在复查，用追踪码查看进度。",
        "An appeal against this is being heard; follow it with its tracking code.",
    )


class NotAboutMisuse(Conflict):
    sentence = Sentence(
        "这个追踪码不是冒用身份的投诉，或已经有结果，不需要证明身份。",
        "This code is not of a complaint that an identity is misused, or it is decided; no proof is needed.",
    )
