"""What can go wrong on the way to a verification."""

from enum import StrEnum

from app.kernel.errors import Conflict, Denied, FieldError, Invalid, NotFound, TooMany, Unauthenticated
from app.kernel.sentence import Sentence


class DocumentFault(StrEnum):
    """Why a number or a name is not one of its type; the `reason` that a forum sees."""

    BAD_CHECKSUM = "bad-checksum"
    BAD_DATE = "bad-date"
    BAD_LENGTH = "bad-length"
    BAD_CHARACTER = "bad-character"
    BAD_REGION = "bad-region"
    BAD_PREFIX = "bad-prefix"
    WRONG_DOCUMENT = "wrong-document"
    TYPE_MISMATCH = "type-mismatch"
    LEGACY_15_DIGIT = "legacy-15-digit"
    BIRTH_IN_FUTURE = "birth-in-future"
    BAD_COUNTRY = "bad-country"
    SUSPECT_LETTER = "suspect-letter"
    TEST_IDENTITY = "test-identity"
    """A number that only the sandbox knows, where identities are real."""
    NOT_A_SANDBOX_IDENTITY = "not-a-sandbox-identity"
    NOT_AVAILABLE = "not-available"


_NOT_OF_THIS_TYPE = Sentence("号码与所选类型不符", "The number is not of this type")
_IMPOSSIBLE_BIRTH = Sentence("出生日期不对，对照证件", "The birth date in it is impossible; compare")
_SANDBOX_ONLY = Sentence(
    "沙箱只接受测试身份，请勿填写真实信息。", "The sandbox takes test identities only; do not enter real ones."
)
_FAULT_SENTENCES = {
    DocumentFault.BAD_CHECKSUM: Sentence(
        "可能输错一位，对照证件", "One character may be wrong; compare with the document"
    ),
    DocumentFault.BAD_DATE: _IMPOSSIBLE_BIRTH,
    DocumentFault.BIRTH_IN_FUTURE: _IMPOSSIBLE_BIRTH,
    DocumentFault.BAD_LENGTH: Sentence("位数不对，对照证件", "It has the wrong number of characters; compare"),
    DocumentFault.BAD_CHARACTER: Sentence("只用数字和字母", "Use digits and letters only"),
    DocumentFault.BAD_REGION: _NOT_OF_THIS_TYPE,
    DocumentFault.BAD_PREFIX: _NOT_OF_THIS_TYPE,
    DocumentFault.WRONG_DOCUMENT: _NOT_OF_THIS_TYPE,
    DocumentFault.TYPE_MISMATCH: _NOT_OF_THIS_TYPE,
    DocumentFault.LEGACY_15_DIGIT: Sentence("15 位旧号已停用，填 18 位", "15-digit numbers ended; enter all 18"),
    DocumentFault.BAD_COUNTRY: Sentence(
        "签发国用 ISO 3166 三位字母代码，如 CHN", "Name the issuing country by its ISO 3166 alpha-3 code, such as CHN"
    ),
    DocumentFault.SUSPECT_LETTER: Sentence(
        "第二位没有字母 I 和 O，对照是否为 1 或 0", "The second place is never I or O; compare it with 1 and 0"
    ),
    DocumentFault.TEST_IDENTITY: Sentence("这是测试身份，请填真实证件。", "This is a test identity; enter a real one."),
    DocumentFault.NOT_A_SANDBOX_IDENTITY: _SANDBOX_ONLY,
    DocumentFault.NOT_AVAILABLE: Sentence("这个版本还不支持。", "This version does not offer it yet."),
}
_NAME_LENGTH = Sentence("姓名 1–32 个字，与证件一致", "The name as on the document, 1-32 characters")


class DocumentInvalid(Invalid):
    """A number that is not well-formed for its type. It reached no provider and cost no attempt."""

    code = "document-invalid"
    sentence = Sentence("未送核验，不计次数", "Not sent; no try used")

    def __init__(self, pointer: str, fault: DocumentFault) -> None:
        named_name = pointer.endswith("/name") and fault is DocumentFault.BAD_LENGTH
        super().__init__([FieldError(pointer, fault, _NAME_LENGTH if named_name else _FAULT_SENTENCES[fault])])
        self.fault = fault


class PhoneInvalid(Invalid):
    """Not a mainland mobile number, or not one that this sender may be asked to reach."""

    def __init__(self, reason: str) -> None:
        sandbox = reason == DocumentFault.NOT_A_SANDBOX_IDENTITY
        rule = _SANDBOX_ONLY if sandbox else Sentence("手机号是 1 开头的 11 位数字", "11 digits beginning with 1")
        super().__init__([FieldError("/phone", reason, rule)])


class CodeMalformed(Invalid):
    def __init__(self) -> None:
        super().__init__([FieldError("/code", "bad-length", Sentence("验证码是 6 位数字", "The code has 6 digits"))])


class VerificationNotFound(NotFound):
    sentence = Sentence("你的论坛没有这次验证，检查编号。", "Your forum has no such verification; check the id.")


class SignInEnded(Unauthenticated):
    sentence = Sentence("登录已过期，请重新获取验证码。", "You are signed out; get a new code.")


class PossessionRequired(Conflict):
    code = "possession-required"
    sentence = Sentence(
        "此账号已验证过：先用在案手机收验证码，15 分钟内再提交证件。",
        "There is a person behind this account already: verify a code on the phone on record, then send the document"
        " within 15 minutes.",
    )


class NoResponsiblePerson(Conflict):
    sentence = Sentence(
        "组织是标记，不是身份：先为此账号的责任人验证证件，再提交统一社会信用代码。",
        "An organisation is a mark on a verified person: verify the natural person responsible for this account by"
        " document first, then send the code of the organisation.",
    )


class CodeAlreadyUsed(Conflict):
    sentence = Sentence(
        "这个验证码已经用过，这次验证已完成。", "This code has been used; there is nothing left to verify."
    )


class CodeNotAwaited(Conflict):
    sentence = Sentence("没有待输入的验证码，重新获取。", "No code is awaited; get a new one.")


class MisuseNotProved(Conflict):
    sentence = Sentence(
        "还没有人证明此账号用的是他的身份：先请投诉人用追踪码证明身份，再支持投诉。",
        "Nobody has proved that this account uses their identity: have the complainant prove theirs by the tracking"
        " code before you uphold the complaint.",
    )


class NoCodeToEnter(Conflict):
    sentence = Sentence(
        "这次验证不用验证码，查询结果即可。", "This verification has no code to enter; read its result."
    )


class DirectVerificationOff(Denied):
    code = "direct-verification-off"
    sentence = Sentence(
        "你的论坛不能直接提交证件，请让用户在验证页面完成。",
        "Your forum may not send documents itself; send the person to the verification pages.",
    )


class MinorNotAllowed(Denied):
    code = "minor-not-allowed"
    sentence = Sentence("按规定，你的年龄不能使用这项功能。", "At your age this function is not available.")


class TooManyAttempts(TooMany):
    code = "too-many-attempts"
    sentence = Sentence(
        "次数用完，请按 Retry-After 再试；可换方式或转人工",
        "No tries left for now; try again after Retry-After, or use another way or a manual check",
    )


class TooManyTexts(TooMany):
    sentence = Sentence("短信发得太快，请按 Retry-After 再试。", "Too many texts; try again after Retry-After.")
