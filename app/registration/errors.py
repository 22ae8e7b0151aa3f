"""What can go wrong on the way through a flow."""

from app.kernel.errors import Conflict, FieldError, Invalid, NotFound
from app.kernel.sentence import Sentence


class ReturnUrlNotRegistered(Invalid):
    code = "return-url-not-registered"
    sentence = Sentence(
        "return_url 没有登记：协议、主机、端口和路径要与登记的一致，用 shiming forum add --return-url 登记。",
        "This return_url is not registered: scheme, host, port and path must equal one given to shiming forum add"
        " --return-url.",
    )

    def __init__(self) -> None:
        super().__init__([FieldError("/return_url", "not-registered", self.sentence)])


class NoSuchFlow(NotFound):
    sentence = Sentence("你的论坛没有这次流程，检查编号。", "Your forum has no such flow; check the id.")


class LinkDead(NotFound):
    """A link that nobody was given, or whose flow has ended."""


class BoundElsewhere(Conflict):
    """The link belongs to another browser: the one that first began it."""


class StepPassed(Conflict):
    """A form of a step that has been taken meanwhile, in another tab or by an earlier click."""
