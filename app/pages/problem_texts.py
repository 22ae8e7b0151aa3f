"""What the page of every problem says: what happened, what to do, and what a developer needs."""

from dataclasses import dataclass

from app.kernel.sentence import Language, Sentence
from app.posting.denials import DENIALS
from app.posting.errors import ReasonCode
from app.verification.denials import SENTENCES
from app.verification.domain import Reason
from app.web.problems import problem_codes, status_by_code, title_of

_READ_AGAIN = Sentence("检查请求，改好再发。", "Check the request, change it and send it again.")
_WAIT = Sentence(
    "按 Retry-After 的秒数等一等再试，内容没有丢失。", "Wait for Retry-After seconds and try again; nothing is lost."
)
_ASK_FORUM = Sentence(
    "回到论坛，按提示操作；不清楚时联系论坛。", "Go back to the forum and follow its notice; ask the forum if in doubt."
)
_VERIFY = Sentence(
    "回到论坛，选择“验证身份”。手机验证码约 1 分钟。",
    "Go back to the forum and choose to verify. A phone code takes about a minute.",
)
_RESEND = Sentence(
    "回到论坛，刷新页面后再发一次，草稿还在。", "Go back to the forum, reload and send again; your draft is kept."
)
_WRITE_TO_FORUM = Sentence(
    "你可以向论坛申诉；由另一个人复查。", "You may appeal to the forum; another person will look at it."
)
_NEW_CODE = Sentence("重新获取验证码，收到后再输入。", "Get a new code and enter that one.")
_CREDENTIALS = Sentence(
    "用客户端编号和密钥在 /oauth/token 换取新令牌。", "Get a new token at /oauth/token with the client id and secret."
)

_WHAT_TO_DO: dict[str, Sentence] = {
    "invalid-token": _CREDENTIALS,
    "invalid-client": Sentence(
        "运行 shiming forum rotate-secret 取得新密钥。", "Run shiming forum rotate-secret to get a new secret."
    ),
    "insufficient-scope": _CREDENTIALS,
    "return-url-not-registered": Sentence(
        "用 shiming forum add --return-url 登记，或改用登记过的地址。",
        "Register it with shiming forum add --return-url, or send one that is registered.",
    ),
    "account-not-found": Sentence(
        "先用 POST /v1/accounts 登记账号。", "Register the account first: POST /v1/accounts."
    ),
    "malformed-request": Sentence(
        "检查所用的 HTTP 库和中间的代理。", "Check the HTTP library in use and the proxies between."
    ),
    "idempotency-key-reused": Sentence(
        "每个新请求都用新的 Idempotency-Key；重试时连同原来的键原样重发。",
        "Make a new Idempotency-Key for each new request; a retry repeats the key and the request unchanged.",
    ),
    "idempotency-in-progress": _WAIT,
    "needs-confirmation": Sentence(
        "请运营者核实确是论坛自己在操作，再运行 shiming forum confirm FORUM_ID；一小时内有效。",
        "Ask the operator to make sure that it is the forum itself, then to run: shiming forum confirm FORUM_ID. It"
        " holds for one hour.",
    ),
    "rate-limited": _WAIT,
    "too-many-attempts": _WAIT,
    "unavailable": _WAIT,
    "internal-error": Sentence("请把 request_id 告诉运营者。", "Tell the operator the request_id."),
    "possession-required": Sentence(
        "先用 phone_code 验证在案手机，15 分钟内再提交证件。",
        "Verify the phone on record with phone_code, then send the document within 15 minutes.",
    ),
    "direct-verification-off": Sentence(
        "运营者可用 shiming forum add --direct-verification 说明理由后开通。",
        "The operator can allow it with shiming forum add --direct-verification and a reason.",
    ),
    "minor-not-allowed": _ASK_FORUM,
    "posting-denied": Sentence(
        "逐条看下面的原因，每条都说明怎么办。", "Read the reasons one by one: each says what to do."
    ),
    Reason.NOT_CONFIRMED: Sentence(
        "对照证件检查姓名和号码再试，或换一种方式，例如手机验证码。",
        "Compare name and number with the document and try again, or use another way, such as a phone code.",
    ),
    Reason.CODE_WRONG: Sentence(
        "看清短信里的 6 位数字再输一次。", "Read the 6 digits in the text again and enter them."
    ),
    Reason.CODE_EXPIRED: _NEW_CODE,
    Reason.CODE_EXHAUSTED: _NEW_CODE,
    Reason.PROVIDER_UNAVAILABLE: Sentence("1 分钟后再提交一次。", "Send it again in a minute."),
    Reason.OUTCOME_UNKNOWN: Sentence("换一种方式，例如手机验证码。", "Use another way, such as a phone code."),
    Reason.REVIEW: Sentence("不用重发，等论坛通知。", "Do not send it again; the forum will tell you."),
    ReasonCode.IDENTITY_UNVERIFIED: _VERIFY,
    ReasonCode.IDENTITY_LEVEL_TOO_LOW: Sentence(
        "回到论坛，选择用证件验证。", "Go back to the forum and verify with a document."
    ),
    ReasonCode.IDENTITY_EXPIRED: _VERIFY,
    ReasonCode.REVERIFICATION_OVERDUE: _VERIFY,
    ReasonCode.MODERATOR_SUSPENDED: _VERIFY,
    ReasonCode.AGREEMENT_NOT_ACCEPTED: Sentence(
        "回到论坛，阅读并同意用户协议；不同意也可以浏览。",
        "Go back to the forum, read the user agreement and accept it; reading stays open if you do not.",
    ),
    ReasonCode.ACCOUNT_SUSPENDED: _WRITE_TO_FORUM,
    ReasonCode.ACCOUNT_BANNED: _WRITE_TO_FORUM,
    ReasonCode.CONTENT_BLOCKED: Sentence(
        "改好内容再发，草稿还在；认为弄错了，可以向论坛申诉。",
        "Change it and send it again, your draft is kept; if you think this is wrong, appeal to the forum.",
    ),
    ReasonCode.TOKEN_EXPIRED: _RESEND,
    ReasonCode.TOKEN_REVOKED: _RESEND,
    ReasonCode.TOKEN_INVALID: _RESEND,
    ReasonCode.WRONG_AUDIENCE: _RESEND,
    ReasonCode.SCOPE_NOT_GRANTED: _RESEND,
    ReasonCode.WRONG_BOARD: _RESEND,
}
_UNNAMED = {
    "board": Sentence("这个版块", "this board"),
    "category": Sentence("不允许的类别", "a category that is not allowed"),
}
_AT_VERIFICATION = Sentence("验证时可能遇到", "When you verify")
_PEOPLE_MEET = Sentence("发布时可能遇到", "When you post")
_PROGRAMS_MEET = Sentence("调用接口时可能遇到", "When a program calls the API")
_FOR_PEOPLE = frozenset(ReasonCode)


@dataclass(frozen=True, slots=True)
class Explanation:
    code: str
    title: str
    happened: str
    to_do: str
    status: int
    retry: bool


def explained_codes() -> list[str]:
    """Problem codes, the reasons for which posting is refused, the outcomes of a verification."""
    return list(dict.fromkeys([*problem_codes(), *(code.value for code in (*ReasonCode, *SENTENCES))]))


def grouped_explanations(language: Language) -> list[tuple[str, list[Explanation]]]:
    """Heading and explanations: what people meet when they post and verify, then what programs meet at the API."""
    people, verifying = [code.value for code in ReasonCode], [reason.value for reason in SENTENCES]
    programs = [code for code in problem_codes() if code not in people]
    groups = ((_PEOPLE_MEET, people), (_AT_VERIFICATION, verifying), (_PROGRAMS_MEET, programs))
    return [
        (heading.in_language(language), [explanation_of(code, language) for code in codes]) for heading, codes in groups
    ]


def explanation_of(code: str, language: Language) -> Explanation:
    """`code` is one of `explained_codes`."""
    happened = _said_to_people(code)
    title = happened or title_of(code)
    status, sentence = (200, SENTENCES[Reason(code)]) if code in frozenset(Reason) else status_by_code(code)
    to_do = _WHAT_TO_DO.get(code) or (_ASK_FORUM if happened else _READ_AGAIN)
    return Explanation(
        code=code,
        title=_capital(title.in_language(language)),
        happened=_capital((happened or sentence).in_language(language)),
        to_do=to_do.in_language(language),
        status=status,
        retry=to_do is _WAIT,
    )


def _said_to_people(code: str) -> Sentence | None:
    if code in _FOR_PEOPLE:
        return DENIALS[ReasonCode(code)].detail.with_values(**_UNNAMED)
    return SENTENCES.get(Reason(code)) if code in frozenset(Reason) else None


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
