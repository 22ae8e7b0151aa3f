"""The decision alone: each reason, all of them together, and every boundary."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.accounts.domain import Account, AccountStatus, Profile, Sanction, SanctionKind
from app.kernel.ids import AccountId, ForumId
from app.posting.decision import Permit, PostingPolicy, Refusal, decide, identity_expiry
from app.posting.denials import DENIALS
from app.posting.domain import AcceptedAgreement, AgreementInForce, Identity, Standing
from app.posting.errors import ReasonCode
from app.verification.domain import IdentityLevel, Method

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)
LIFETIME = timedelta(days=180)
POLICY = PostingPolicy(phone_level_lifetime=LIFETIME)
ACCOUNT = Account(AccountId("acc_1"), ForumId("frm_1"), "山间清风", None, Profile(), NOW, NOW)
BY_DOCUMENT = Identity(IdentityLevel.DOCUMENT, Method.ID2, NOW - timedelta(days=4000), sandbox=True)
BY_PHONE = Identity(IdentityLevel.PHONE, Method.PHONE_CODE, NOW, sandbox=True)
IN_FORCE = AgreementInForce("2026-11", NOW + timedelta(days=7))
ACCEPTED = AcceptedAgreement("2026-11", NOW)
ACCEPTED_EARLIER = AcceptedAgreement("2025-01", NOW - timedelta(days=400))
BAN = Sanction(SanctionKind.BAN, "广告", None)
CLOSED = replace(ACCOUNT, closed_at=NOW)
GOOD = Standing(ACCOUNT, None, BY_DOCUMENT, IN_FORCE, ACCEPTED)


def suspended(until: datetime | None = None) -> Sanction:
    return Sanction(SanctionKind.SUSPENSION, "刷屏", until)


def reasons(standing: Standing, now: datetime = NOW) -> list[ReasonCode]:
    decision = decide(standing, POLICY, now)
    return [] if isinstance(decision, Permit) else [denial.code for denial in decision.reasons]


def test_whoever_is_identified_agreed_and_unsanctioned_may_post() -> None:
    assert decide(GOOD, POLICY, NOW) == Permit()


@pytest.mark.parametrize(
    ("standing", "reason"),
    [
        (replace(GOOD, identity=None), ReasonCode.IDENTITY_UNVERIFIED),
        (replace(GOOD, identity=replace(BY_DOCUMENT, level=IdentityLevel.NONE)), ReasonCode.IDENTITY_UNVERIFIED),
        (replace(GOOD, identity=replace(BY_PHONE, verified_at=NOW - LIFETIME)), ReasonCode.IDENTITY_EXPIRED),
        (replace(GOOD, accepted=None), ReasonCode.AGREEMENT_NOT_ACCEPTED),
        (replace(GOOD, agreement=None), ReasonCode.AGREEMENT_NOT_ACCEPTED),
        (replace(GOOD, agreement=None, accepted=None), ReasonCode.AGREEMENT_NOT_ACCEPTED),
        (
            replace(GOOD, agreement=AgreementInForce("2026-11", NOW), accepted=ACCEPTED_EARLIER),
            ReasonCode.AGREEMENT_NOT_ACCEPTED,
        ),
        (replace(GOOD, sanction=suspended()), ReasonCode.ACCOUNT_SUSPENDED),
        (replace(GOOD, sanction=suspended(NOW + MOMENT)), ReasonCode.ACCOUNT_SUSPENDED),
        (replace(GOOD, sanction=BAN), ReasonCode.ACCOUNT_BANNED),
        (replace(GOOD, account=CLOSED), ReasonCode.ACCOUNT_CLOSED),
        (replace(GOOD, paused=("all",)), ReasonCode.POSTING_PAUSED),
        (replace(GOOD, paused=("brd_1", "frm_1")), ReasonCode.POSTING_PAUSED),
    ],
)
def test_each_reason_refuses_by_itself(standing: Standing, reason: ReasonCode) -> None:
    assert reasons(standing) == [reason]


def test_a_paused_board_stops_nobody_elsewhere() -> None:
    assert reasons(replace(GOOD, paused=("brd_1", "frm_2"))) == []


def test_every_reason_that_applies_is_given_together() -> None:
    nothing_in_order = Standing(ACCOUNT, suspended(), None, IN_FORCE, None)
    assert reasons(nothing_in_order) == [
        ReasonCode.IDENTITY_UNVERIFIED,
        ReasonCode.AGREEMENT_NOT_ACCEPTED,
        ReasonCode.ACCOUNT_SUSPENDED,
    ]
    assert reasons(replace(nothing_in_order, account=CLOSED, sanction=BAN))[2:] == [
        ReasonCode.ACCOUNT_BANNED,
        ReasonCode.ACCOUNT_CLOSED,
    ]
    run_out = replace(nothing_in_order, identity=replace(BY_PHONE, verified_at=NOW - LIFETIME))
    assert reasons(run_out)[0] is ReasonCode.IDENTITY_EXPIRED
    assert len(reasons(run_out)) == 3


def test_exactly_at_its_expiry_a_phone_identity_has_expired() -> None:
    standing = replace(GOOD, identity=BY_PHONE)
    assert identity_expiry(BY_PHONE, POLICY) == NOW + LIFETIME
    assert reasons(standing, NOW + LIFETIME - MOMENT) == []
    assert reasons(standing, NOW + LIFETIME) == [ReasonCode.IDENTITY_EXPIRED]


def test_a_document_identity_does_not_expire() -> None:
    assert identity_expiry(BY_DOCUMENT, POLICY) is None
    assert reasons(GOOD, NOW + timedelta(days=36500)) == []


def test_exactly_at_accept_by_an_earlier_acceptance_counts_no_more() -> None:
    standing = replace(GOOD, accepted=ACCEPTED_EARLIER)
    assert reasons(standing, IN_FORCE.accept_by - MOMENT) == []
    assert reasons(standing, IN_FORCE.accept_by) == [ReasonCode.AGREEMENT_NOT_ACCEPTED]


def test_accept_by_gives_no_time_to_who_never_accepted_anything() -> None:
    assert reasons(replace(GOOD, accepted=None), IN_FORCE.accept_by - timedelta(days=6)) == [
        ReasonCode.AGREEMENT_NOT_ACCEPTED
    ]


def test_the_current_version_counts_after_accept_by_too() -> None:
    assert reasons(GOOD, IN_FORCE.accept_by + timedelta(days=1)) == []


def test_exactly_at_until_a_suspension_is_over() -> None:
    until = NOW + timedelta(hours=1)
    standing = replace(GOOD, sanction=suspended(until))
    assert reasons(standing, until - MOMENT) == [ReasonCode.ACCOUNT_SUSPENDED]
    assert standing.status(until - MOMENT) is AccountStatus.SUSPENDED
    assert reasons(standing, until) == []
    assert standing.status(until) is AccountStatus.ACTIVE


def test_without_an_agreement_in_force_nobody_may_post() -> None:
    """An installation that forgot its agreement refuses; it does not wave people through."""
    assert reasons(replace(GOOD, agreement=None)) == [ReasonCode.AGREEMENT_NOT_ACCEPTED]


def test_the_status_follows_the_closing_first_then_the_sanction_and_the_identity_last() -> None:
    assert replace(GOOD, account=CLOSED, sanction=BAN).status(NOW) is AccountStatus.CLOSED
    assert replace(GOOD, account=CLOSED, identity=None).status(NOW) is AccountStatus.CLOSED
    assert replace(GOOD, sanction=BAN).status(NOW) is AccountStatus.BANNED
    assert GOOD.status(NOW) is AccountStatus.ACTIVE
    assert replace(GOOD, identity=None).status(NOW) is AccountStatus.UNVERIFIED
    assert replace(GOOD, identity=None, sanction=suspended()).status(NOW) is AccountStatus.SUSPENDED


def test_a_suspension_says_until_when_and_why_where_that_is_known() -> None:
    until = datetime(2026, 12, 1, 1, 30, tzinfo=UTC)
    decision = decide(replace(GOOD, sanction=suspended(until)), POLICY, NOW)
    assert isinstance(decision, Refusal)
    sentence = decision.reasons[0].detail
    assert sentence.zh == "此账号暂停发布，至 2026-12-01 09:30（北京时间）。原因：刷屏。"
    assert sentence.en == "This account may not post until 1 Dec 2026, 09:30 (Beijing). Reason: 刷屏."
    endless = decide(replace(GOOD, sanction=suspended()), POLICY, NOW)
    assert isinstance(endless, Refusal)
    assert endless.reasons[0].detail.zh == "此账号暂停发布。原因：刷屏。"
    assert endless.reasons[0].detail.en == "This account may not post. Reason: 刷屏."


def test_a_ban_says_why() -> None:
    decision = decide(replace(GOOD, sanction=BAN), POLICY, NOW)
    assert isinstance(decision, Refusal)
    assert decision.reasons[0].detail.zh == "此账号已被封禁。原因：广告。"
    assert decision.reasons[0].detail.en == "This account is banned. Reason: 广告."


def test_a_new_agreement_is_named_by_its_version_and_a_first_one_is_not() -> None:
    lapsed = decide(replace(GOOD, accepted=ACCEPTED_EARLIER), POLICY, IN_FORCE.accept_by)
    assert isinstance(lapsed, Refusal)
    assert lapsed.reasons[0].detail.zh == "用户协议已更新为 2026-11 版，同意后才能发布。"
    assert lapsed.reasons[0].detail.en == "The user agreement is now version 2026-11; accept it to post."
    assert lapsed.reasons[0].remedy is not None
    assert lapsed.reasons[0].remedy.en == "See what changed"
    never = decide(replace(GOOD, accepted=None), POLICY, NOW)
    assert isinstance(never, Refusal)
    assert never.reasons == (DENIALS[ReasonCode.AGREEMENT_NOT_ACCEPTED],)


_offsets = st.sampled_from([-LIFETIME, -timedelta(days=1), -MOMENT, timedelta(), MOMENT, timedelta(days=1), LIFETIME])
_times = _offsets.map(lambda offset: NOW + offset)
_identities = st.builds(
    Identity,
    st.sampled_from(IdentityLevel),
    st.sampled_from(Method),
    st.one_of(_times, _offsets.map(lambda offset: NOW - LIFETIME + offset)),
    sandbox=st.booleans(),
)
_versions = st.sampled_from(["2025-01", "2026-11"])
_standings = st.builds(
    Standing,
    st.sampled_from([ACCOUNT, CLOSED]),
    st.none() | st.builds(Sanction, st.sampled_from(SanctionKind), st.text(max_size=20), st.none() | _times),
    st.none() | _identities,
    st.none() | st.builds(AgreementInForce, _versions, _times),
    st.none() | st.builds(AcceptedAgreement, _versions, _times),
    paused=st.sampled_from([(), ("brd_1",), ("frm_1",), ("all", "brd_1")]),
)


@given(_standings)
def test_a_permit_is_given_only_to_the_identified_unexpired_agreed_and_unsanctioned_where_posting_goes_on(
    standing: Standing,
) -> None:
    identity, agreement, accepted, sanction = (
        standing.identity,
        standing.agreement,
        standing.accepted,
        standing.sanction,
    )
    identified = identity is not None and identity.level in {IdentityLevel.PHONE, IdentityLevel.DOCUMENT}
    unexpired = identity is not None and (
        identity.level is not IdentityLevel.PHONE or NOW - identity.verified_at < LIFETIME
    )
    agreed = (
        agreement is not None
        and accepted is not None
        and (accepted.version == agreement.version or agreement.accept_by > NOW)
    )
    unsanctioned = sanction is None or (sanction.until is not None and sanction.until <= NOW)

    permitted = isinstance(decide(standing, POLICY, NOW), Permit)

    is_open = standing.account.closed_at is None
    goes_on = standing.paused in {(), ("brd_1",)}
    assert permitted == (identified and unexpired and agreed and unsanctioned and is_open and goes_on)


@given(_standings)
def test_a_refusal_names_each_reason_once_and_never_none(standing: Standing) -> None:
    decision = decide(standing, POLICY, NOW)
    if isinstance(decision, Refusal):
        codes = [denial.code for denial in decision.reasons]
        assert codes
        assert len(set(codes)) == len(codes)
