"""What can go wrong with endpoints and deliveries."""

from app.kernel.errors import Conflict, FieldError, Invalid, NotFound
from app.kernel.sentence import Sentence

_URL_RULES = {
    "not-a-url": Sentence(
        "写成完整的 https 地址：域名或通常写法的 IP，不带空格和结尾的点。",
        "Give an absolute https address with a domain name or an IP in its usual spelling, no blanks, no final dot.",
    ),
    "not-https": Sentence("地址要以 https:// 开头。", "The address must begin with https://."),
    "credentials-or-fragment": Sentence(
        "地址里不能有用户名、密码或 #；签名已经证明是我们。",
        "Leave out user, password and `#`; the signature shows that it is us.",
    ),
    "port-not-allowed": Sentence("端口用 443，或 1024 及以上。", "Use port 443, or one from 1024 up."),
    "not-public": Sentence(
        "地址要在公网上，不能指向本机或内网。", "The address must be on the public internet, not inside a network."
    ),
}


class NoSuchEndpoint(NotFound):
    sentence = Sentence("你的论坛没有这个 webhook 地址。", "Your forum has no such webhook endpoint.")


class NoSuchDelivery(NotFound):
    sentence = Sentence("你的论坛没有这次投递，或已过期清除。", "Your forum has no such delivery, or it is forgotten.")


class UrlRefused(Invalid):
    def __init__(self, reason: str) -> None:
        super().__init__([FieldError("/url", reason, _URL_RULES[reason])])


class TooManyEndpoints(Conflict):
    sentence = Sentence(
        "你的论坛已有 20 个 webhook 地址，先删除不用的。",
        "Your forum has 20 webhook endpoints; delete one that you do not need.",
    )


class StillOnItsWay(Conflict):
    sentence = Sentence(
        "这次投递还在进行，会自动重试；结束后才能重放。",
        "This delivery is still on its way and retried by itself; it can be replayed once it has ended.",
    )


class EndpointIsDisabled(Conflict):
    sentence = Sentence(
        "这个地址答了 410，已停用；先发测试事件，答 2xx 即恢复。",
        "This endpoint answered 410 and is disabled; send a test event first: a 2xx answer enables it again.",
    )
