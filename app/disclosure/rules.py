"""Who may, who counts, and what a request is at a moment: pure rules."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import combinations

from app import policies
from app.disclosure.domain import (
    Approval,
    Closing,
    CountedApproval,
    Disclosure,
    DisclosureRequest,
    DisclosureState,
    DisclosureView,
)
from app.disclosure.errors import (
    AlreadyApproved,
    AlreadyExecuted,
    ApproverTooNew,
    CredentialsHandedOut,
    NotApproved,
    OnlyTheRequester,
    OwnRequest,
    RequestAltered,
    RequestClosed,
    RequestExpired,
    TooFewStaff,
    TooManyOpened,
)
from app.kernel.errors import ShimingError
from app.kernel.ids import StaffId
from app.staff.access import Permission, Role
from app.staff.domain import Staff
from app.staff.errors import RoleNotSufficient

STANDING = timedelta(hours=policies.APPROVER_STANDING.value)
_APART = timedelta(days=policies.CONFIRMER_APART.value)
_PER_HOUR = (timedelta(hours=1), policies.DISCLOSURES_PER_HOUR.value)
_PER_DAY = (timedelta(days=1), policies.DISCLOSURES_PER_DAY.value)


def approvals_needed(*, adult: bool) -> int:
    """One more for whoever is not known to be grown up."""
    return (policies.DISCLOSURE_APPROVALS if adult else policies.DISCLOSURE_APPROVALS_MINOR).value


def may_approve(member: Staff, at: datetime, now: datetime) -> bool:
    """Whether an approval given at `at` counts now. Boundary: exactly after 24 hours it does.

    A role that was taken away and given back has its standing from then on.
    """
    return member.holds(Role.PRIVACY, now) and member.holds(Role.PRIVACY, at, STANDING)


def counts(approval: Approval, request: DisclosureRequest, approver: Staff | None, now: datetime) -> bool:
    """Whether an approval is ours, is of this very request, and comes from somebody who may approve. Source: L5h."""
    return (
        approval.genuine
        and approval.digest == request.digest()
        and approval.approver_id != request.requester_id
        and approver is not None
        and may_approve(approver, approval.approved_at, now)
        and not _handed_out_since(approver, approval.approved_at)
    )


def _handed_out_since(member: Staff, moment: datetime) -> bool:
    """Whether somebody else has held what they sign in with since then. Boundary: exactly then is before."""
    return member.credentials_at is not None and member.credentials_at > moment


def view(disclosure: Disclosure, members: Mapping[StaffId, Staff], needed: int, now: datetime) -> DisclosureView:
    """A request as it is now. `members` are those who asked for it, approved it, and confirmed any of them."""
    counted = tuple(_counted(disclosure, members, now))
    return DisclosureView(disclosure, _state(disclosure, counting(counted), needed, now), counted, needed)


def _counted(disclosure: Disclosure, members: Mapping[StaffId, Staff], now: datetime) -> Iterator[CountedApproval]:
    """In the order in which they were given: of people who may be one and the same, the first counts."""
    request = disclosure.request
    taken = hands_of(request.requester_id, members, request.requested_at)
    for one in disclosure.approvals:
        hands = hands_of(one.approver_id, members, one.approved_at)
        holds = counts(one, request, members.get(one.approver_id), now) and taken.isdisjoint(hands)
        taken = taken | hands if holds else taken
        yield CountedApproval(one, holds)


def hands_of(staff_id: StaffId, members: Mapping[StaffId, Staff], at: datetime) -> frozenset[StaffId]:
    """A member and whoever may act as them: who was handed their credentials to confirm them, and so on.

    Boundary: exactly 30 days after a confirmation it counts no more.
    """
    found, next_one = {staff_id}, members.get(staff_id)
    while next_one and next_one.confirmed_by and next_one.credentials_at and at < next_one.credentials_at + _APART:
        if next_one.confirmed_by in found:
            break
        found.add(next_one.confirmed_by)
        next_one = members.get(next_one.confirmed_by)
    return frozenset(found)


def counting(approvals: Iterable[CountedApproval]) -> int:
    return sum(one.counts for one in approvals)


def _state(disclosure: Disclosure, approvals: int, needed: int, now: datetime) -> DisclosureState:
    """Boundary: exactly at its end a request has expired."""
    execution = disclosure.execution
    if execution is not None and execution.finished_at is not None:
        return DisclosureState.EXECUTED
    if disclosure.altered:
        return DisclosureState.ALTERED
    if disclosure.closed_as is not None:
        return DisclosureState.REFUSED if disclosure.closed_as is Closing.REFUSED else DisclosureState.WITHDRAWN
    if now >= disclosure.request.expires_at:
        return DisclosureState.EXPIRED
    if execution is not None:
        return DisclosureState.EXECUTING
    return DisclosureState.APPROVED if approvals >= needed else DisclosureState.REQUESTED


_ENDED = {
    DisclosureState.REFUSED: RequestClosed,
    DisclosureState.WITHDRAWN: RequestClosed,
    DisclosureState.EXPIRED: RequestExpired,
}


def refuse_ended(seen: DisclosureView) -> None:
    """Raises `RequestAltered`, `RequestClosed`, `RequestExpired`."""
    if seen.disclosure.altered:
        raise RequestAltered
    ended = _ENDED.get(seen.state)
    if ended is not None:
        raise ended


def judge_approval(seen: DisclosureView, approver: Staff, now: datetime) -> None:
    """Raises what speaks against this approval."""
    if not approver.may(Permission.DISCLOSURE_APPROVE, now):
        raise RoleNotSufficient
    if approver.id == seen.disclosure.request.requester_id:
        raise OwnRequest
    if not may_approve(approver, now, now):
        raise ApproverTooNew
    refuse_ended(seen)
    if seen.state is DisclosureState.EXECUTED:
        raise AlreadyExecuted
    if any(one.approver_id == approver.id for one in seen.disclosure.approvals):
        raise AlreadyApproved


def waits_for(seen: DisclosureView, member: Staff, now: datetime) -> bool:
    """Whether this member can bring it on: approve what lacks approvals, or open what they asked for."""
    mine = seen.disclosure.request.requester_id == member.id
    if seen.state is DisclosureState.APPROVED:
        return mine and member.may(Permission.DISCLOSURE_REQUEST, now)
    if seen.state is not DisclosureState.REQUESTED:
        return False
    try:
        judge_approval(seen, member, now)
    except ShimingError:
        return False
    return True


def able_from(member: Staff) -> datetime:
    """When they have had role and place for as long as it takes."""
    return max(member.roles[Role.PRIVACY], member.created_at) + STANDING


def judge_closing(seen: DisclosureView, member: Staff, closing: Closing, now: datetime) -> None:
    """Who asked withdraws, whoever may approve refuses. Raises what speaks against it."""
    mine = member.id == seen.disclosure.request.requester_id
    if closing is Closing.WITHDRAWN and not mine:
        raise OnlyTheRequester
    if closing is Closing.REFUSED and mine:
        raise OwnRequest
    permission = Permission.DISCLOSURE_REQUEST if mine else Permission.DISCLOSURE_APPROVE
    if not member.may(permission, now):
        raise RoleNotSufficient
    refuse_ended(seen)
    if seen.state is DisclosureState.EXECUTED:
        raise AlreadyExecuted


def judge_execution(seen: DisclosureView, requester: Staff, now: datetime) -> None:
    """Also of one that was executed already: as long as its approvals count. Raises what refuses it.

    Source: L5h.
    """
    disclosure = seen.disclosure
    if requester.id != disclosure.request.requester_id:
        raise OnlyTheRequester
    if not requester.may(Permission.DISCLOSURE_REQUEST, now):
        raise RoleNotSufficient
    refuse_ended(seen)
    if _handed_out_since(requester, disclosure.request.requested_at):
        raise CredentialsHandedOut
    if now >= disclosure.request.expires_at:
        raise RequestExpired
    if counting(seen.approvals) < seen.needed:
        said = NotApproved.sentence.with_values(needed=str(seen.needed), counting=str(counting(seen.approvals)))
        raise NotApproved(said)


def refuse_too_few(approvers: Iterable[Staff], requester: Staff, needed: int, now: datetime) -> None:
    """Raises `TooFewStaff` where not enough people could approve what this member asks for."""
    members = {one.id: one for one in approvers}
    if not are_enough(members.values(), requester, members, needed, now):
        raise TooFewStaff


def are_enough(
    approvers: Iterable[Staff], requester: Staff, members: Mapping[StaffId, Staff], needed: int, now: datetime
) -> bool:
    """Whether so many approvals of what this member asks for could count: of people who are not one and the same.

    `members` are all whom anybody of them may have been confirmed by. Source: L5h.
    """
    taken = hands_of(requester.id, members, now)
    hands = [
        found
        for one in approvers
        if may_approve(one, now, now) and taken.isdisjoint(found := hands_of(one.id, members, now))
    ]
    return any(
        all(one.isdisjoint(other) for one, other in combinations(some, 2)) for some in combinations(hands, needed)
    )


def refuse_too_many(opened: Sequence[datetime], now: datetime) -> None:
    """By when this reader opened identities in the last day, oldest first. Raises `TooManyOpened`.

    Boundary: what was opened exactly an hour ago does not count any more.
    """
    for window, limit in (_PER_HOUR, _PER_DAY):
        within = [moment for moment in opened if moment > now - window]
        if len(within) >= limit:
            free = within[-limit] + window - now
            raise TooManyOpened(max(1, -(-free // timedelta(seconds=1))))
