"""The reasons for which posting is refused, and the refusal that carries every one that applies."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.kernel.errors import Denied, FieldError, Invalid
from app.kernel.sentence import Sentence
from app.screening.contents import Screened


class ReasonCode(StrEnum):
    """Every reason for which posting is refused or a token is not good, in the contract's order."""

    IDENTITY_UNVERIFIED = "identity-unverified"
    IDENTITY_LEVEL_TOO_LOW = "identity-level-too-low"
    IDENTITY_EXPIRED = "identity-expired"
    REVERIFICATION_OVERDUE = "reverification-overdue"
    MODERATOR_SUSPENDED = "moderator-suspended"
    NOT_A_MODERATOR = "not-a-moderator"
    AGREEMENT_NOT_ACCEPTED = "agreement-not-accepted"
    ACCOUNT_SUSPENDED = "account-suspended"
    ACCOUNT_BANNED = "account-banned"
    ACCOUNT_CLOSED = "account-closed"
    BOARD_NOT_FOUND = "board-not-found"
    BOARD_FROZEN = "board-frozen"
    BOARD_CLOSED = "board-closed"
    POSTING_PAUSED = "posting-paused"
    HANDLE_UNDER_REVIEW = "handle-under-review"
    MINOR_NOT_ALLOWED = "minor-not-allowed"
    CONTENT_BLOCKED = "content-blocked"
    CONTENT_UNDER_REVIEW = "content-under-review"
    TOKEN_EXPIRED = "token-expired"  # noqa: S105 -- a reason's name
    TOKEN_REVOKED = "token-revoked"  # noqa: S105 -- a reason's name
    TOKEN_INVALID = "token-invalid"  # noqa: S105 -- a reason's name
    WRONG_AUDIENCE = "wrong-audience"
    SCOPE_NOT_GRANTED = "scope-not-granted"
    WRONG_BOARD = "wrong-board"


class RemedyPlace(StrEnum):
    """Where a remedy leads."""

    FLOW = "flow"
    DOCUMENT = "flow by document"
    """The same flow, where nothing but a document mends it."""
    HANDLE = "flow of the handle"
    """A flow in which nothing but another handle is chosen."""
    AGREEMENT = "agreement page"
    MODERATOR_AGREEMENT = "agreement page of moderators"
    APPEAL = "appeal"
    EXPLANATION = "explanation"


@dataclass(frozen=True, slots=True)
class Denial:
    """One reason: a code for programs, a sentence and a way out for the person. Forums show both as they are."""

    code: ReasonCode
    detail: Sentence
    remedy: Sentence | None


class BoardNotNamed(Invalid):
    """To moderate is a matter of one board."""

    sentence = Sentence("moderate 要用 board 指明版块。", "For moderate, name the board by `board`.")

    def __init__(self) -> None:
        super().__init__([FieldError("/board", "missing", self.sentence)], self.sentence)


class PostingDenied(Denied):
    code = "posting-denied"
    sentence = Sentence("现在不能发布，原因见 reasons。", "Posting is refused; `reasons` says why and what to do.")

    def __init__(
        self, reasons: tuple[Denial, ...], remedy_urls: Mapping[ReasonCode, str], screened: Screened | None = None
    ) -> None:
        """`remedy_urls` leads from each reason to what mends it, for this account and a short while.

        `screened` is what was found in the content that was sent along.
        """
        super().__init__()
        self.reasons = reasons
        self.remedy_urls = remedy_urls
        self.screened = screened
