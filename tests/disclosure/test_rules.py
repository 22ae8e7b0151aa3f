"""Who may approve, what counts, and when a reader has had enough: the pure rules."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from app.disclosure import rules
from app.disclosure.domain import Approval, Closing, Disclosure, DisclosureRequest, DisclosureState, Execution, Wanted
from app.disclosure.errors import (
    CredentialsHandedOut,
    NotApproved,
    RequestAltered,
    RequestClosed,
    RequestExpired,
    TooManyOpened,
)
from app.kernel.ids import DisclosureId, ForumId, StaffId
from app.staff.access import Role
from app.staff.domain import Staff, StaffState
from tests.support.clock import TODAY

DAY, HOUR, TICK = timedelta(days=1), timedelta(hours=1), timedelta(microseconds=1)
TEXTS = ("沙箱市法院", "〔2026〕1号", "《刑事诉讼法》第五十四条")
WANTED = Wanted.of("acc_1", ["name"], TEXTS, "court_order", None)
REQUEST = DisclosureRequest(
    DisclosureId("dsc_1"), StaffId("stf_asker"), ForumId("frm_1"), WANTED, TODAY, "山间清风", b"p"
)
OPEN = Disclosure(REQUEST, REQUEST.digest(), (), None, None, None, None, altered=False)


def member(name: str, since: datetime = TODAY - DAY, state: StaffState = StaffState.ACTIVE) -> Staff:
    roles = {Role.PRIVACY: since}
    return Staff(StaffId(name), f"{name}@staff.example", state, roles, TODAY - 9 * DAY, None, None, None, None, 1)


def approval(
    name: str = "stf_1", at: datetime = TODAY, *, genuine: bool = True, digest: bytes | None = None
) -> Approval:
    return Approval(StaffId(name), digest or REQUEST.digest(), at, genuine)


def state(disclosure: Disclosure, now: datetime = TODAY, members: tuple[Staff, ...] = ()) -> DisclosureState:
    return rules.view(disclosure, {one.id: one for one in members}, 2, now).state


def test_everything_that_a_request_says_is_in_its_digest() -> None:
    others = [
        replace(REQUEST, id=DisclosureId("dsc_2")),
        replace(REQUEST, requester_id=StaffId("stf_2")),
        replace(REQUEST, forum_id=ForumId("frm_2")),
        replace(REQUEST, requested_at=TODAY + TICK),
        replace(REQUEST, handle="静水"),
        replace(REQUEST, person_digest=b"q"),
        *(
            replace(REQUEST, wanted=Wanted.of(*said))
            for said in (
                ("acc_2", ["name"], TEXTS, "court_order", None),
                ("acc_1", ["name", "phone"], TEXTS, "court_order", None),
                ("acc_1", ["name"], (TEXTS[0], TEXTS[2], TEXTS[1]), "court_order", None),
                ("acc_1", ["name"], ("沙箱市法院〔2026〕1号", "", TEXTS[2]), "court_order", None),
                ("acc_1", ["name"], TEXTS, "lawful_request", None),
                ("acc_1", ["name"], TEXTS, "court_order", TODAY),
            )
        ),
    ]
    assert len({one.digest() for one in (REQUEST, *others)}) == 1 + len(others)
    again = replace(REQUEST, wanted=Wanted.of("acc_1", ["name", "name"], TEXTS, "court_order", None))
    assert again.digest() == REQUEST.digest()


def test_an_approval_counts_from_exactly_24_hours_in_the_role_as_long_as_the_role_is_held() -> None:
    def counts(one: Approval, who: Staff | None, now: datetime = TODAY) -> bool:
        return rules.counts(one, REQUEST, who, now)

    assert counts(approval(), member("stf_1"))
    assert not counts(approval(), member("stf_1", TODAY - DAY + TICK))
    assert not counts(approval(), member("stf_1", TODAY - DAY + TICK), TODAY + DAY)  # it was too early then
    assert not counts(approval(), member("stf_1", TODAY + TICK), TODAY + 2 * DAY)  # taken away and given back
    assert not counts(approval(), replace(member("stf_1"), created_at=TODAY - DAY + TICK))
    assert not counts(approval(), replace(member("stf_1"), roles={Role.COMPLIANCE: TODAY - 9 * DAY}))
    for gone in (StaffState.DISABLED, StaffState.PENDING):
        assert not counts(approval(), member("stf_1", state=gone))
    assert not counts(approval(), replace(member("stf_1"), ends_at=TODAY))
    assert not counts(approval(), None)
    assert not counts(approval("stf_asker"), member("stf_asker"))
    assert not counts(approval(genuine=False), member("stf_1"))
    assert not counts(approval(digest=b"another"), member("stf_1"))


def test_a_request_is_what_time_and_people_have_made_of_it() -> None:
    both, people = (approval("stf_1"), approval("stf_2")), (member("stf_1"), member("stf_2"))
    approved = replace(OPEN, approvals=both)
    begun = replace(approved, execution=Execution("entry", TODAY, None))
    done = replace(approved, execution=Execution("entry", TODAY, TODAY))
    assert state(OPEN) is DisclosureState.REQUESTED
    assert state(replace(OPEN, approvals=both[:1]), members=people) is DisclosureState.REQUESTED
    assert state(approved, members=people) is DisclosureState.APPROVED
    assert state(approved, members=people[:1]) is DisclosureState.REQUESTED
    assert state(begun, members=people) is DisclosureState.EXECUTING
    assert state(done) is DisclosureState.EXECUTED
    assert state(approved, TODAY + DAY - TICK, people) is DisclosureState.APPROVED
    assert state(approved, TODAY + DAY, people) is state(begun, TODAY + DAY, people) is DisclosureState.EXPIRED
    assert state(done, TODAY + 99 * DAY) is DisclosureState.EXECUTED
    assert state(replace(begun, closed_as=Closing.REFUSED)) is DisclosureState.REFUSED
    assert state(replace(OPEN, closed_as=Closing.WITHDRAWN), TODAY + DAY) is DisclosureState.WITHDRAWN
    assert state(replace(approved, altered=True)) is DisclosureState.ALTERED


def test_what_has_ended_or_was_altered_is_refused_even_after_it_was_executed() -> None:
    people = {one.id: one for one in (member("stf_1"), member("stf_2"))}
    done = replace(OPEN, approvals=(approval("stf_1"), approval("stf_2")), execution=Execution("entry", TODAY, TODAY))
    for disclosure, now, refusal in (
        (replace(OPEN, altered=True), TODAY, RequestAltered),
        (replace(done, altered=True), TODAY, RequestAltered),
        (replace(OPEN, closed_as=Closing.REFUSED), TODAY, RequestClosed),
        (OPEN, TODAY + DAY, RequestExpired),
    ):
        with pytest.raises(refusal):
            rules.refuse_ended(rules.view(disclosure, {}, 2, now))
    asker = replace(member("stf_asker"), roles={Role.COMPLIANCE: TODAY})
    rules.judge_execution(rules.view(done, people, 2, TODAY), asker, TODAY + DAY - TICK)
    with pytest.raises(RequestExpired):
        rules.judge_execution(rules.view(done, people, 2, TODAY), asker, TODAY + DAY)
    with pytest.raises(NotApproved):
        rules.judge_execution(rules.view(done, {}, 2, TODAY), asker, TODAY)


def test_a_reader_opens_5_in_an_hour_and_20_in_24_hours() -> None:
    def waits(*ago: timedelta) -> int | None:
        try:
            rules.refuse_too_many(sorted(TODAY - one for one in ago), TODAY)
        except TooManyOpened as refused:
            return refused.retry_after
        return None

    assert waits(*[timedelta(minutes=10)] * 4) is None
    assert waits(*[timedelta(minutes=10)] * 5) == 3000
    assert waits(HOUR, *[timedelta(0)] * 4) is None
    assert waits(HOUR - TICK, *[timedelta(0)] * 4) == 1
    assert waits(*[2 * HOUR] * 19) is None
    assert waits(*[2 * HOUR] * 20) == 22 * 3600
    assert waits(DAY, *[2 * HOUR] * 19) is None
    assert waits(DAY - TICK, *[2 * HOUR] * 19) == 1


def test_whoever_was_handed_new_credentials_after_asking_or_approving_counts_no_more() -> None:
    asker = replace(member("stf_asker"), roles={Role.COMPLIANCE: TODAY - 9 * DAY})
    members = {one.id: one for one in (asker, member("stf_1"), member("stf_2"))}
    done = replace(OPEN, approvals=(approval("stf_1"), approval("stf_2")))
    for execution in (None, Execution("entry", TODAY, None), Execution("entry", TODAY, TODAY)):
        seen = rules.view(replace(done, execution=execution), members, 2, TODAY)
        rules.judge_execution(seen, replace(asker, credentials_at=TODAY), TODAY)
        with pytest.raises(CredentialsHandedOut):
            rules.judge_execution(seen, replace(asker, credentials_at=TODAY + TICK), TODAY + HOUR)
    assert rules.counts(approval(), REQUEST, replace(member("stf_1"), credentials_at=TODAY), TODAY)
    assert not rules.counts(approval(), REQUEST, replace(member("stf_1"), credentials_at=TODAY + TICK), TODAY + HOUR)


def test_who_confirmed_somebody_and_whom_they_confirmed_count_as_one_for_30_days() -> None:
    def confirmed(name: str, by: str, ago: timedelta = 2 * DAY) -> Staff:
        return replace(member(name), credentials_at=TODAY - ago, confirmed_by=StaffId(by))

    def counted(*members: Staff) -> list[bool]:
        given = replace(OPEN, approvals=tuple(approval(name) for name in ("stf_1", "stf_2", "stf_3")))
        return [one.counts for one in rules.view(given, {one.id: one for one in members}, 2, TODAY).approvals]

    one, two, three, asker = member("stf_1"), member("stf_2"), member("stf_3"), member("stf_asker")
    assert counted(one, two, three, asker) == [True, True, True]
    assert counted(one, confirmed("stf_2", "stf_1"), three) == [True, False, True]
    assert counted(confirmed("stf_1", "stf_2"), two, three) == [True, False, True]
    assert counted(one, confirmed("stf_2", "stf_1"), confirmed("stf_3", "stf_2")) == [True, False, False]
    assert counted(one, confirmed("stf_2", "stf_9"), confirmed("stf_3", "stf_9")) == [True, True, False]
    assert counted(one, confirmed("stf_2", "stf_1", 30 * DAY), three) == [True, True, True]
    assert counted(one, confirmed("stf_2", "stf_1", 30 * DAY - TICK), three) == [True, False, True]
    assert counted(one, confirmed("stf_2", "stf_asker"), three) == [True, False, True]
    assert counted(one, two, three, confirmed("stf_asker", "stf_3")) == [True, True, False]
    assert counted(confirmed("stf_1", "stf_2"), confirmed("stf_2", "stf_1"), three) == [True, False, True]
