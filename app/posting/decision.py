"""The decision, pure: a standing in; a permit, or every reason against one, out."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.accounts.domain import Sanction, SanctionKind
from app.boards.domain import Board, BoardStatus
from app.boards.schedules import ModeratorState
from app.forums.domain import is_forum_paused
from app.kernel.clock import SHANGHAI
from app.kernel.sentence import Sentence
from app.posting.denials import DENIALS, MODERATOR_AGREEMENT, NEW_AGREEMENT_VERSION
from app.posting.domain import BoardStanding, Identity, Standing, Use
from app.posting.errors import Denial, ReasonCode
from app.screening.domain import Field
from app.verification.domain import IdentityLevel

_CLOSED_BOARDS = {BoardStatus.FROZEN: ReasonCode.BOARD_FROZEN, BoardStatus.CLOSED: ReasonCode.BOARD_CLOSED}
_PAUSED = DENIALS[ReasonCode.POSTING_PAUSED]
_LAST_MOMENT = datetime(9999, 12, 31, tzinfo=UTC)
"""Later ones leave the calendar when they are told in Beijing time."""


@dataclass(frozen=True, slots=True)
class PostingPolicy:
    phone_level_lifetime: timedelta


@dataclass(frozen=True, slots=True)
class Permit:
    """Posting is allowed."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Posting is refused, for every reason in here."""

    reasons: tuple[Denial, ...]


def decide(standing: Standing, policy: PostingPolicy, now: datetime) -> Permit | Refusal:
    """Whether this account may publish at `now`; whatever is not known to be in order refuses. Source: L8e, L6b.

    Boundaries belong to the later state: exactly at an expiry the identity has expired, exactly at `accept_by` the
    time to accept is over, exactly at `until` a suspension is over.
    """
    reasons = [
        *_identity_reasons(standing, policy, now),
        *_agreement_reasons(standing, now),
        *_account_reasons(standing, now),
        *([DENIALS[ReasonCode.REVERIFICATION_OVERDUE]] if standing.lapse_stops_posting else []),
        *([_PAUSED] if is_forum_paused(standing.paused, standing.account.forum_id) else []),
    ]
    return Refusal(tuple(reasons)) if reasons else Permit()


def decide_use(
    standing: Standing, place: BoardStanding, use: Use, policy: PostingPolicy, now: datetime
) -> Permit | Refusal:
    """Whether this account may do all of that there at `now`: every reason against it. Source: L8c, L8d, L6e.

    A lapse takes the powers on that board; an agreement for moderators binds who moderates, and nobody else.
    """
    decided = decide(standing, policy, now)
    reasons = list(decided.reasons) if isinstance(decided, Refusal) else []
    reasons += [*_level_reasons(standing, place, use), *_board_reasons(standing, place), *_office_reasons(place, use)]
    if use.founds and not place.adult and standing.identity is not None:
        reasons.append(DENIALS[ReasonCode.MINOR_NOT_ALLOWED])
    once = tuple({denial.code: denial for denial in reversed(reasons)}.values())[::-1]
    return Refusal(once) if once else Permit()


def _level_reasons(standing: Standing, place: BoardStanding, use: Use) -> list[Denial]:
    if standing.identity is None or standing.identity.level is not IdentityLevel.PHONE:
        return []
    asks = place.board is not None and place.board.minimum_level is IdentityLevel.DOCUMENT
    return [DENIALS[ReasonCode.IDENTITY_LEVEL_TOO_LOW]] if asks or use.moderates or use.founds else []


def _board_reasons(standing: Standing, place: BoardStanding) -> list[Denial]:
    if not place.named:
        return []
    if place.board is None:
        return [DENIALS[ReasonCode.BOARD_NOT_FOUND]]
    code = _CLOSED_BOARDS.get(place.board.status)
    return [*([_about(code, place.board)] if code else []), *([_PAUSED] if place.board.id in standing.paused else [])]


def _office_reasons(place: BoardStanding, use: Use) -> list[Denial]:
    if not use.moderates or place.board is None:
        return []
    if place.office is None or place.office.state is ModeratorState.ENDED:
        return [_about(ReasonCode.NOT_A_MODERATOR, place.board)]
    reasons = []
    if place.office.state is ModeratorState.SUSPENDED:
        reasons.append(_about(ReasonCode.MODERATOR_SUSPENDED, place.board))
    if not place.bound:
        reasons.append(MODERATOR_AGREEMENT)
    return reasons


def _about(code: ReasonCode, board: Board) -> Denial:
    denial = DENIALS[code]
    return Denial(denial.code, denial.detail.with_values(board=board.name, reason=board.status_reason), denial.remedy)


def identity_expiry(identity: Identity, policy: PostingPolicy) -> datetime | None:
    """When an identity must be proved again: a phone changes hands, a document does not."""
    return identity.verified_at + policy.phone_level_lifetime if identity.level is IdentityLevel.PHONE else None


def _identity_reasons(standing: Standing, policy: PostingPolicy, now: datetime) -> list[Denial]:
    if standing.identity is None or standing.identity.level is IdentityLevel.NONE:
        return [DENIALS[ReasonCode.IDENTITY_UNVERIFIED]]
    expiry = identity_expiry(standing.identity, policy)
    return [DENIALS[ReasonCode.IDENTITY_EXPIRED]] if expiry is not None and now >= expiry else []


def _agreement_reasons(standing: Standing, now: datetime) -> list[Denial]:
    if standing.agreement is None or standing.accepted is None:
        return [DENIALS[ReasonCode.AGREEMENT_NOT_ACCEPTED]]
    if standing.accepted.version == standing.agreement.version or now < standing.agreement.accept_by:
        return []
    sentence = NEW_AGREEMENT_VERSION.detail.with_values(version=standing.agreement.version)
    return [Denial(NEW_AGREEMENT_VERSION.code, sentence, NEW_AGREEMENT_VERSION.remedy)]


def _account_reasons(standing: Standing, now: datetime) -> list[Denial]:
    reasons = []
    if standing.sanction is not None and standing.sanction.in_force(now):
        reasons.append(_sanction(standing.sanction))
    if standing.account.closed_at is not None:
        reasons.append(DENIALS[ReasonCode.ACCOUNT_CLOSED])
    if Field.HANDLE in standing.held:
        reasons.append(DENIALS[ReasonCode.HANDLE_UNDER_REVIEW])
    return reasons


def _sanction(sanction: Sanction) -> Denial:
    banned = sanction.kind is SanctionKind.BAN
    denial = DENIALS[ReasonCode.ACCOUNT_BANNED if banned else ReasonCode.ACCOUNT_SUSPENDED]
    until = _moment(sanction.until) if sanction.until else None
    return Denial(denial.code, denial.detail.with_values(until=until, reason=sanction.reason), denial.remedy)


def _moment(moment: datetime) -> Sentence:
    local = min(moment, _LAST_MOMENT).astimezone(SHANGHAI)
    return Sentence(f"{local:%Y-%m-%d %H:%M}（北京时间）", f"{local.day} {local:%b %Y, %H:%M} (Beijing)")
