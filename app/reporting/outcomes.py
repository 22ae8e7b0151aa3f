"""How cases may end, and why: each outcome and each reason as whoever complained reads it. A new one is a row here."""

from dataclasses import dataclass

from app.kernel.errors import FieldError
from app.kernel.sentence import Sentence
from app.reporting.domain import NOT_PROVEN, AgainstKind, CaseKind
from app.reporting.errors import OutcomeUnfit

_NOT_AN_OUTCOME = Sentence("这类案件没有这种结果。", "A case of this kind does not end so.")
_NO_MEASURES = Sentence("处置只跟随成立的结果。", "Measures go with an outcome that finds somebody right.")
_NOT_A_REASON = Sentence("这个理由不适用于这种结果。", "This reason does not go with this outcome.")

UPHELD, PARTLY_UPHELD, NOT_UPHELD = "upheld", "partly_upheld", "not_upheld"
OUTSIDE_SCOPE, DUPLICATE = "outside_scope", "duplicate"
GRANTED, PARTLY_GRANTED, REJECTED = "granted", "partly_granted", "rejected"
ATTEMPTS_FORGIVEN = "attempts_forgiven"
_FOUND_RIGHT = (UPHELD, PARTLY_UPHELD)

OUTCOMES: dict[str, Sentence] = {
    UPHELD: Sentence("投诉成立", "Upheld"),
    PARTLY_UPHELD: Sentence("部分成立", "Partly upheld"),
    NOT_UPHELD: Sentence("不成立", "Not upheld"),
    OUTSIDE_SCOPE: Sentence("不属于受理范围", "Outside our scope"),
    DUPLICATE: Sentence("与另一件重复，已合并处理", "A duplicate, dealt with together"),
    GRANTED: Sentence("申诉成立", "Granted"),
    PARTLY_GRANTED: Sentence("部分成立", "Partly granted"),
    REJECTED: Sentence("维持原决定", "The decision stands"),
}

OF_COMPLAINTS = (UPHELD, PARTLY_UPHELD, NOT_UPHELD, OUTSIDE_SCOPE, DUPLICATE)
OF_APPEALS = (GRANTED, PARTLY_GRANTED, REJECTED)
"""Also of the appeal against the outcome of a complaint."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a case ended so, with the outcomes that it goes with."""

    sentence: Sentence
    outcomes: tuple[str, ...]


REASONS: dict[str, Reason] = {
    "content_removed": Reason(Sentence("内容已处置。", "The content has been dealt with."), _FOUND_RIGHT),
    "account_sanctioned": Reason(Sentence("账号已处置。", "The account has been dealt with."), _FOUND_RIGHT),
    "moderator_sanctioned": Reason(Sentence("版主已处置。", "The moderator has been dealt with."), _FOUND_RIGHT),
    "board_restricted": Reason(Sentence("版块已处置。", "The board has been dealt with."), _FOUND_RIGHT),
    "identity_misused": Reason(
        Sentence("身份确被冒用，已解除关联。", "The identity was used by somebody else; the link to it has been cut."),
        _FOUND_RIGHT,
    ),
    "handed_to_authority": Reason(
        Sentence("已报告有关主管部门。", "It has been reported to the authority in charge."), _FOUND_RIGHT
    ),
    "no_violation": Reason(Sentence("未发现违规。", "We found no violation."), (NOT_UPHELD,)),
    "not_enough_evidence": Reason(
        Sentence("现有材料不足以认定。", "What we have does not show it."), (NOT_UPHELD, REJECTED)
    ),
    "identity_not_proven": Reason(
        Sentence("未能证明身份被冒用。", "It was not shown that the identity is used by somebody else."), (NOT_UPHELD,)
    ),
    "not_ours": Reason(
        Sentence("不属于本平台受理，可向 12377 举报。", "This is not ours to decide; you can report it to 12377."),
        (OUTSIDE_SCOPE,),
    ),
    "no_such_target": Reason(
        Sentence("没有找到被投诉的对象。", "What was complained of was not found."), (OUTSIDE_SCOPE, NOT_UPHELD)
    ),
    "already_dealt_with": Reason(Sentence("同一对象已经处理。", "The same has been dealt with already."), (DUPLICATE,)),
    "decision_wrong": Reason(
        Sentence("原决定有误，已撤销。", "The decision was wrong and has been undone."), (GRANTED,)
    ),
    ATTEMPTS_FORGIVEN: Reason(
        Sentence(
            "之前没有通过的次数不再计算。请从论坛里或「我的」页面重新核验。",
            "What was refused counts no more. Verify again, from the forum or from your own page.",
        ),
        (GRANTED,),
    ),
    "new_evidence": Reason(
        Sentence("新的材料改变了结论。", "What you brought has changed the finding."), (GRANTED, PARTLY_GRANTED)
    ),
    "too_strict": Reason(
        Sentence("原决定过重，已减轻。", "The decision was too strict and has been softened."), (PARTLY_GRANTED,)
    ),
    "decision_right": Reason(
        Sentence("复查后维持原决定。", "Another person has looked at it again, and the decision stands."), (REJECTED,)
    ),
    NOT_PROVEN: Reason(
        Sentence("没有证明你是该账号的使用者。", "It was not shown that the account is yours."), (REJECTED,)
    ),
    "other": Reason(Sentence("见说明。", "See the explanation."), (*OF_COMPLAINTS, *OF_APPEALS)),
}


def outcomes_of(kind: CaseKind, against: AgainstKind | None = None, *, on_appeal: bool) -> tuple[str, ...]:
    """A refused verification is made no milder: what was rejected counts no more, or it stays."""
    if against is AgainstKind.REFUSED_VERIFICATION:
        return (GRANTED, REJECTED)
    return OF_APPEALS if kind is CaseKind.APPEAL or on_appeal else OF_COMPLAINTS


def refuse_measures(outcome: str) -> None:
    """Raises `OutcomeUnfit` where nobody was found right."""
    if outcome not in {*_FOUND_RIGHT, GRANTED, PARTLY_GRANTED}:
        raise OutcomeUnfit([FieldError("/measures", "not-allowed", _NO_MEASURES)])


def goes_with(outcome: str, reason: str, against: AgainstKind | None) -> bool:
    """Whether an outcome may have this reason, of the known ones.

    Whoever is right about a refused verification may try again, and is verified by nobody: no other reason says so.
    """
    of_attempts = outcome == GRANTED and against is AgainstKind.REFUSED_VERIFICATION
    return outcome in REASONS[reason].outcomes and (reason == ATTEMPTS_FORGIVEN) is of_attempts


def refuse_unfit(
    kind: CaseKind, outcome: str, reason: str, against: AgainstKind | None = None, *, on_appeal: bool
) -> None:
    """Raises `OutcomeUnfit`."""
    if outcome not in outcomes_of(kind, against, on_appeal=on_appeal):
        raise OutcomeUnfit([FieldError("/outcome", "not-allowed", _NOT_AN_OUTCOME)])
    if reason not in REASONS or not goes_with(outcome, reason, against):
        raise OutcomeUnfit([FieldError("/reason", "not-allowed", _NOT_A_REASON)])
