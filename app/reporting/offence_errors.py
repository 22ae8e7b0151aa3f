"""What can go wrong with violations, their evidence, measures and reports to authorities."""

from app.kernel.errors import Conflict, FieldError, Invalid, NeedsSecondPerson, NotFound
from app.kernel.sentence import Sentence

IN_THE_FUTURE = Sentence("时间不能晚于现在。", "This cannot be later than now.")
BEFORE_IT_WAS_PUBLISHED = Sentence("时间不能早于内容发布。", "This cannot be before the content was published.")
BEFORE_IT_WAS_APPROVED = Sentence("报出时间不能早于批准。", "It cannot have been sent before it was approved.")
ANOTHER_ACCOUNT = Sentence("这条违规记录说的是别的账号或版块。", "That violation concerns another account or board.")
NOT_AN_ADDRESS = Sentence("不是一个 IP 地址。", "This is no IP address.")
PORT_WITHOUT_ADDRESS = Sentence("给出端口时要同时给出 ip。", "A port needs the ip beside it.")


class NoSuchViolation(NotFound):
    sentence = Sentence(
        "没有这条违规记录，或它不属于你的论坛。", "There is no such violation, or it is not your forum's."
    )


class NoSuchReport(NotFound):
    sentence = Sentence("没有这份上报。", "There is no such report to an authority.")


class EvidenceErased(Conflict):
    sentence = Sentence("证据保存期已满，已经清除。", "The evidence was erased when its time was over.")


class NotSuspended(Conflict):
    sentence = Sentence(
        "账号现在没有被停用：用 POST /v1/accounts/{account_id}/suspend 停用，处置会自动记上。",
        "The account is not suspended: do it at POST /v1/accounts/{account_id}/suspend, which writes the measure.",
    )


class NotBanned(Conflict):
    sentence = Sentence(
        "账号现在没有被封禁：用 POST /v1/accounts/{account_id}/ban 封禁，处置会自动记上。",
        "The account is not banned: do it at POST /v1/accounts/{account_id}/ban, which writes the measure.",
    )


class NotFrozen(Conflict):
    sentence = Sentence(
        "版块现在没有冻结：用 POST /v1/boards/{board}/freeze 冻结，处置会自动记上。",
        "The board is not frozen: do it at POST /v1/boards/{board}/freeze, which writes the measure.",
    )


class NoAuthority(Conflict):
    """Source: L3, L7e."""

    code = "no-authority"
    sentence = Sentence(
        "通讯录里没有在用的这类主管部门：先在“组织”里登记，再起草上报。",
        "The directory has no such authority in use: enter it under Organisation first, then draft the report.",
    )


class ReportBegun(Conflict):
    sentence = Sentence(
        "对这个部门的上报已经有了：打开那一份，或先撤回。",
        "There is a report to this authority already: open that one, or withdraw it first.",
    )


class NotADraft(Conflict):
    sentence = Sentence("这份上报已批准或撤回。", "This report was approved or withdrawn already.")


class NotApprovedYet(Conflict):
    sentence = Sentence("先由另一个人批准，再报出。", "Another person approves it before it is sent.")


class ReportWasSent(Conflict):
    sentence = Sentence(
        "这份上报已经报出，回执也已记录，或不能再撤回。",
        "This report was sent: it has its receipt, or cannot be withdrawn.",
    )


class ReportWasWithdrawn(Conflict):
    sentence = Sentence("这份上报已撤回，请另起草一份。", "This report was withdrawn; draft another one.")


class OwnDraft(NeedsSecondPerson):
    sentence = Sentence("起草的人不能批准自己的上报。", "Nobody approves a report that they drafted.")


def unfit(pointer: str, reason: str, said: Sentence) -> Invalid:
    return Invalid([FieldError(pointer, reason, said)])
