"""What can go wrong with the operator's own records."""

from app.kernel.errors import Conflict, FieldError, Invalid, NotFound
from app.kernel.sentence import Sentence

_LATER_THAN_TODAY = Sentence("日期不能晚于今天（北京时间）。", "This day is later than today (Beijing time).")


class NoSuchOfficer(NotFound):
    sentence = Sentence("没有这位负责人，见负责人名单。", "There is no such officer; the list of officers shows them.")


class NoSuchAuthority(NotFound):
    sentence = Sentence("没有这个主管部门，见通讯录。", "There is no such authority; the directory shows them.")


class LastOfficer(Conflict):
    """Source: L5a."""

    sentence = Sentence(
        "这项职责没有别的负责人：先任命接替的人，再结束这一任。",
        "Nobody else holds this duty: appoint a successor first, then end this appointment.",
    )


class OfficerHasLeft(Conflict):
    sentence = Sentence("这一任已经结束。", "This appointment has ended already.")


class AuthorityHasEnded(Conflict):
    sentence = Sentence("这个主管部门已停用；需要时另建一条。", "This entry has ended; make a new one where needed.")


class LaterThanToday(Invalid):
    """What has been done cannot have been done in the future."""

    def __init__(self, pointer: str) -> None:
        super().__init__([FieldError(pointer, "out-of-range", _LATER_THAN_TODAY)], _LATER_THAN_TODAY)
