"""The one table from a refusal to its HTTP answer; nothing else in the code knows a status."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse

from app.kernel.errors import (
    Conflict,
    Denied,
    Invalid,
    Later,
    NotFound,
    ShimingError,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from app.kernel.sentence import Language, Sentence
from app.posting.errors import Denial, PostingDenied, ReasonCode
from app.screening.errors import ScreeningBlocked
from app.web.language import language_of
from app.web.screening_said import screening_said

MEDIA_TYPE = "application/problem+json"

_FAMILIES: tuple[tuple[type[ShimingError], int], ...] = (
    (NotFound, 404),
    (Conflict, 409),
    (Denied, 403),
    (Unauthenticated, 401),
    (Invalid, 422),
    (TooMany, 429),
    (Unavailable, 503),
)


class MalformedJson(ShimingError):
    code = "malformed-json"
    sentence = Sentence(
        "请求体不是一份规范的 JSON：检查括号、重复的字段名、NaN 和字符编码。",
        "The body is not one well-formed JSON document: look for unclosed brackets, duplicate names, NaN or bad UTF-8.",
    )


class MalformedRequest(ShimingError):
    code = "malformed-request"
    sentence = Sentence(
        "请求不是规范的 HTTP：检查请求行、请求头和分块长度。",
        "This is not well-formed HTTP: look at the request line, the headers and the sizes of chunks.",
    )


class QueryUnreadable(MalformedRequest):
    sentence = Sentence(
        "地址里问号后面的部分读不了：要用 UTF-8 编码，不能含 %00。",
        "What stands behind the question mark of the address cannot be read: write it in UTF-8, and without %00.",
    )


class MethodNotAllowed(ShimingError):
    code = "method-not-allowed"
    sentence = Sentence("这个地址不接受这种请求方法，见 Allow。", "This address does not take that method; see Allow.")


class BodyTooLarge(ShimingError):
    code = "body-too-large"
    sentence = Sentence(
        "请求体太大：最多 64 KiB，送审（/v1/screenings）最多 1 MiB，词库（/v1/staff/lexicons）最多 4 MiB。",
        "The body is too large: at most 64 KiB, 1 MiB at /v1/screenings, 4 MiB at /v1/staff/lexicons.",
    )


class HeadTooLarge(BodyTooLarge):
    sentence = Sentence("请求头超过 32 KiB。", "The headers are over 32 KiB.")


class RequestTimedOut(ShimingError):
    code = "request-timeout"
    sentence = Sentence("请求体 10 秒内没有收完，请重发。", "The body did not arrive within 10 seconds; send it again.")


class HeadTimedOut(RequestTimedOut):
    sentence = Sentence(
        "请求头 10 秒内没有收完，请重发。", "The headers did not arrive within 10 seconds; send it again."
    )


class UnsupportedMediaType(ShimingError):
    code = "unsupported-media-type"
    sentence = Sentence("请求体要用 application/json。", "Send the body as application/json.")


class InternalError(ShimingError):
    code = "internal-error"
    sentence = Sentence(
        "出了我们没有料到的错误，已记录；请带上 request_id 联系运营者。",
        "Something failed that we did not foresee. It is on record; tell the operator the request_id.",
    )


class NoSuchAddress(NotFound):
    sentence = Sentence("没有这个地址，见 /docs。", "There is nothing at this address; see /docs.")


_BY_ITSELF: tuple[tuple[type[ShimingError], int], ...] = (
    (MalformedJson, 400),
    (MalformedRequest, 400),
    (MethodNotAllowed, 405),
    (RequestTimedOut, 408),
    (BodyTooLarge, 413),
    (UnsupportedMediaType, 415),
    (InternalError, 500),
)


def status_of(error: type[ShimingError]) -> int:
    return next(status for family, status in _BY_ITSELF + _FAMILIES if issubclass(error, family))


_TITLES: dict[str, Sentence] = {
    "malformed-json": Sentence("请求体读不懂", "The body cannot be read"),
    "malformed-request": Sentence("请求读不懂", "The request cannot be read"),
    "invalid-token": Sentence("访问令牌无效", "The access token is not valid"),
    "invalid-client": Sentence("客户端凭据不对", "The client's credentials are wrong"),
    "insufficient-scope": Sentence("令牌没有这项权限", "The token lacks the scope"),
    "sign-in-failed": Sentence("没有登录成功", "Not signed in"),
    "role-not-sufficient": Sentence("你的角色不能这样做", "Your roles do not open this"),
    "second-factor-needed": Sentence("先输入动态码", "A fresh code is needed"),
    "too-few-staff": Sentence("能批准的人不够", "Too few people could approve"),
    "no-authority": Sentence("没有可报送的部门", "There is no authority to tell"),
    "needs-second-person": Sentence("要由另一个人来做", "This takes another person"),
    "needs-another-person": Sentence("要由没有参与的人来做", "This takes somebody who had no part in it"),
    "not-found": Sentence("没有这条记录", "Not found"),
    "account-not-found": Sentence("账号还没有登记", "The account is not registered"),
    "method-not-allowed": Sentence("不接受这种请求方法", "Method not allowed"),
    "state-conflict": Sentence("现在的状态不允许", "Its state does not allow this"),
    "idempotency-key-reused": Sentence("这个键已用于另一个请求", "The key belongs to another request"),
    "idempotency-in-progress": Sentence("同一个请求还在处理", "The same request is still in progress"),
    "return-url-not-registered": Sentence("返回地址没有登记", "The return address is not registered"),
    "handle-taken": Sentence("昵称已有人用", "The handle is taken"),
    "external-id-taken": Sentence("此论坛账号已有记录", "This forum account has a record"),
    "slug-taken": Sentence("slug 已有版块在用", "The slug is taken"),
    "needs-confirmation": Sentence("需要运营者先确认", "The operator must confirm first"),
    "handle-invalid": Sentence("昵称不能这样取", "The handle cannot be used"),
    "request-timeout": Sentence("请求没有收完", "The request did not arrive in time"),
    "body-too-large": Sentence("请求体太大", "The body is too large"),
    "unsupported-media-type": Sentence("请求体的类型不对", "Unsupported media type"),
    "validation-failed": Sentence("有字段需要修改", "Some fields need to be changed"),
    "document-invalid": Sentence("证件信息需要检查", "Check the document's details"),
    "rate-limited": Sentence("操作太快", "Too fast"),
    "too-many-attempts": Sentence("验证次数用完", "No tries left for now"),
    "unavailable": Sentence("服务暂时不可用", "Not available right now"),
    "possession-required": Sentence("先用在案手机证明是本人", "Prove the phone on record first"),
    "direct-verification-off": Sentence("不能由论坛提交证件", "Direct verification is off"),
    "minor-not-allowed": Sentence("年龄不符", "Not available at this age"),
    "identity-level-too-low": Sentence("要先用证件验证身份", "Verify by document first"),
    "agreement-not-accepted": Sentence("要先同意协议", "Accept the agreement first"),
    "screening-blocked": Sentence("含不能使用的内容", "It holds what may not be used"),
    "already-decided": Sentence("已有人处理", "Somebody has decided already"),
    "account-suspended": Sentence("账号已暂停", "The account is suspended"),
    "account-banned": Sentence("账号已封禁", "The account is banned"),
    "posting-denied": Sentence("现在不能发布", "Posting is refused"),
    "form-stale": Sentence("页面放太久", "The page was open too long"),
    "internal-error": Sentence("出了意外", "Something failed"),
}


def title_of(code: str) -> Sentence:
    return _TITLES[code]


def status_by_code(code: str) -> tuple[int, Sentence]:
    """Status and sentence of a problem, for the page about it; a reason for which posting is refused comes with 403."""
    kinds = {kind.code: kind for kind in _all_kinds(ShimingError) if hasattr(kind, "code")}
    kind = kinds.get(code, PostingDenied)
    return status_of(kind), kind.sentence


def _all_kinds(family: type[ShimingError]) -> list[type[ShimingError]]:
    """Every refusal, the general one of a code last so that its sentence is the one shown."""
    return [kind for child in family.__subclasses__() for kind in (*_all_kinds(child), child)]


def problem_codes() -> list[str]:
    return list(_TITLES)


def problem_response(request: Request, error: ShimingError) -> JSONResponse:
    """RFC 9457. Holds codes and sentences, never a value that was sent; leaves the code for the line of the log."""
    request.scope["refusal"] = error.code
    language = language_of(request)
    status = status_of(type(error))
    issuer = str(request.scope["issuer"])
    body: dict[str, object] = {
        "type": f"{issuer}/problems/{error.code}",
        "title": title_of(error.code).in_language(language),
        "status": status,
        "detail": error.detail.in_language(language),
        "instance": f"urn:shiming:request:{request.scope['request_id']}",  # as logged; never the address
        "code": error.code,
        "request_id": request.scope["told_id"],
        **_extras(error, language),
    }
    headers = {**_headers(error), "content-language": language.value}
    return JSONResponse(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def _extras(error: ShimingError, language: Language) -> Mapping[str, object]:
    if isinstance(error, ScreeningBlocked):
        return {"field": error.field, "categories": list(error.categories), **_faults(error, language)}
    if isinstance(error, Invalid):
        return _faults(error, language)
    if isinstance(error, PostingDenied):
        found = {} if error.screened is None else {"screening": screening_said(error.screened, language)}
        return {"reasons": [_reason(denial, language, error.remedy_urls) for denial in error.reasons], **found}
    return {}


def _faults(error: Invalid, language: Language) -> dict[str, object]:
    return {
        "errors": [
            {"pointer": field.pointer, "detail": field.detail.in_language(language), "reason": field.reason}
            for field in error.fields
        ]
    }


def _reason(denial: Denial, language: Language, urls: Mapping[ReasonCode, str]) -> dict[str, object]:
    remedy = denial.remedy and {"text": denial.remedy.in_language(language), "url": urls[denial.code]}
    return {"code": denial.code, "detail": denial.detail.in_language(language), "remedy": remedy}


def _headers(error: ShimingError) -> dict[str, str]:
    if isinstance(error, Later):
        return {"retry-after": str(error.retry_after)}
    if isinstance(error, Unauthenticated):
        return {"www-authenticate": 'Bearer error="invalid_token"'}
    return {}
