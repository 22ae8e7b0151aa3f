"""What the page behind a refusal's button says: what is to be done, and how to go on today."""

from dataclasses import dataclass

from app.kernel.sentence import Language, Sentence
from app.posting.errors import RemedyPlace


@dataclass(frozen=True, slots=True)
class _Way:
    title: Sentence
    why: Sentence
    steps: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class ShownWay:
    title: str
    why: str
    steps: tuple[str, ...]


_BACK_WITH_DRAFT = Sentence("完成后再发一次，草稿还在。", "When it is done, send your post again; your draft is kept.")
_WAYS = {
    RemedyPlace.FLOW: _Way(
        Sentence("验证身份", "Verify your identity"),
        Sentence(
            "发布之前，要先验证真实身份。论坛只会知道这个昵称背后有一个验证过的人，不知道是谁。",
            "Before you post, your identity has to be verified. The forum learns that a verified person stands behind"
            " this handle, never who.",
        ),
        (
            Sentence(
                "回到论坛，选择“验证身份”，按提示操作。",
                "Go back to the forum, choose to verify, and follow its notice.",
            ),
            Sentence("手机验证码大约 1 分钟。", "A phone code takes about a minute."),
            _BACK_WITH_DRAFT,
        ),
    ),
    RemedyPlace.AGREEMENT: _Way(
        Sentence("阅读用户协议", "Read the user agreement"),
        Sentence(
            "同意现行的用户协议后才能发布；不同意也可以浏览。",
            "Accept the agreement in force to post; reading stays open if you do not.",
        ),
        (
            Sentence("回到论坛，阅读用户协议，选择是否同意。", "Go back to the forum, read the agreement, and choose."),
            _BACK_WITH_DRAFT,
        ),
    ),
    RemedyPlace.APPEAL: _Way(
        Sentence("申诉", "Appeal"),
        Sentence(
            "如果认为处理有误，可以申诉，由另一个人复查。",
            "If you think this is wrong, you may appeal; another person will look at it.",
        ),
        (
            Sentence(
                "回到论坛，联系管理人员，说明昵称和理由。",
                "Go back to the forum and write to its staff: handle and reasons.",
            ),
            Sentence("不要写姓名、证件号码和手机号。", "Leave out your name, document number and phone."),
        ),
    ),
}
_GONE = _Way(
    Sentence("链接已失效", "This link no longer works"),
    Sentence(
        "链接只用于一个账号，15 分钟内有效；账号注销后也会失效。",
        "A link serves one account for 15 minutes, and ends when the account is closed.",
    ),
    (
        Sentence(
            "回到论坛，再发一次，会得到新的链接。", "Go back to the forum and send again: you will get a new link."
        ),
    ),
)


def way_to(place: RemedyPlace | None, language: Language) -> ShownWay:
    """What to do at this place; None is a link that no longer works."""
    way = _WAYS[place] if place else _GONE
    steps = tuple(step.in_language(language) for step in way.steps)
    return ShownWay(way.title.in_language(language), way.why.in_language(language), steps)
