"""Why a verification is not done yet, or not at all, as people read it."""

from app.kernel.sentence import Sentence
from app.verification.domain import Reason

SENTENCES: dict[Reason, Sentence] = {
    Reason.NOT_CONFIRMED: Sentence("未能确认。检查后再试或换方式", "Not confirmed. Check and retry or use another way"),
    Reason.CODE_WRONG: Sentence("验证码不对，再输一次", "Wrong code; enter it again"),
    Reason.CODE_EXPIRED: Sentence("验证码已过期，重新获取", "Code expired; get a new one"),
    Reason.CODE_EXHAUSTED: Sentence("已错 5 次，此码作废，重新获取", "Five wrong tries; get a new code"),
    Reason.PROVIDER_UNAVAILABLE: Sentence(
        "暂时无法判断。没有丢失，不计次数，1 分钟后再试",
        "We could not tell. Nothing lost, no try used; retry in a minute",
    ),
    Reason.OUTCOME_UNKNOWN: Sentence(
        "没有收到结果，不会重发。可换方式", "No answer; we will not resend. Use another way"
    ),
    Reason.REVIEW: Sentence(
        "已转人工，有结果会通知，可关闭", "A person is checking; you will hear of the result and may close this"
    ),
}
