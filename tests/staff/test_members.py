"""Members: who may hold what, what takes a second person, and that every change is on record before it happens."""

import json
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from app.audit.domain import Action
from app.audit.errors import AuditNotPublished
from app.audit.models import StagedEntryRow
from app.audit.receipts import Publisher, Receipts
from app.crypto import totp
from app.kernel.actor import OPERATOR, Actor
from app.kernel.errors import Invalid, NeedsSecondPerson, ShimingError
from app.kernel.ids import StaffId
from app.kernel.secret import Secret
from app.staff.access import EXCLUDES, OPENED_BY, Permission, Role
from app.staff.domain import Face, Handout, MemberChange, NewMember, SignedIn, SignInAttempt, Staff, StaffState
from app.staff.errors import (
    EmailTaken,
    EmailUnusable,
    LastAdmin,
    MemberChangedMeanwhile,
    MemberDisabled,
    MemberNotDisabled,
    MemberNotFound,
    NotWaiting,
    OwnReset,
    PrivacyNeedsConfirmation,
    RolesExclude,
    SignInFailed,
    StandingTooShort,
)
from app.staff.service import Members
from app.wiring import Services
from tests.support.at_once import at_once
from tests.support.clock import FakeClock
from tests.support.staff import StaffLogin, make_staff

_DOCUMENT = Path(__file__).parents[2] / "docs" / "staff.md"
_WEEK = timedelta(days=7)


class Office:
    """The use cases about members, each announced before it is done."""

    def __init__(self, services: Services) -> None:
        self.services, self.members = services, services.staff.members

    def add(self, actor: Actor, email: str, *roles: Role) -> Handout:
        announced = self.members.announce(actor, Action.STAFF_ADDED)
        return self.members.add(actor, announced, NewMember.of(email, roles))

    def give(self, actor: Actor, staff_id: StaffId, *roles: Role) -> Staff:
        announced = self.members.announce(actor, Action.STAFF_CHANGED, staff_id)
        version = self.members.get(staff_id).version
        return self.members.change(actor, announced, MemberChange(version, frozenset(roles)), "轮岗")

    def disable(self, actor: Actor, staff_id: StaffId) -> Staff:
        return self.members.disable(actor, self.members.announce(actor, Action.STAFF_DISABLED, staff_id), "离职")

    def restore(self, actor: Actor, staff_id: StaffId) -> Staff:
        return self.members.restore(actor, self.members.announce(actor, Action.STAFF_RESTORED, staff_id), "回来了")

    def reset(self, actor: Actor, staff_id: StaffId) -> Handout:
        return self.members.reset(actor, self.members.announce(actor, Action.STAFF_RESET, staff_id), "丢了手机")

    def confirm(self, actor: Actor, staff_id: StaffId) -> Handout:
        return self.members.confirm(actor, self.members.announce(actor, Action.STAFF_CONFIRMED, staff_id))

    def sign_in(self, handout: Handout) -> SignedIn:
        assert handout.credentials is not None
        seed = handout.credentials.authenticator.totp_uri.reveal().partition("secret=")[2].partition("&")[0]
        code = totp.code_at(Secret(seed), self.services.clock.now())
        attempt = SignInAttempt(handout.staff.email, handout.credentials.password, Secret(code), Face.API, "192.0.2.1")
        sessions = self.services.staff.sessions
        return sessions.sign_in(sessions.admit(attempt))


@pytest.fixture
def office(services: Services) -> Office:
    return Office(services)


@pytest.fixture
def admin(services: Services) -> Actor:
    return make_staff(services, Role.ADMIN).member().as_actor()


def _opens(services: Services, login: StaffLogin) -> bool:
    return services.staff.sessions.find(Secret(login.token), Face.API) is not None


# ---------------------------------------------------------------- who may what


def test_the_table_of_the_page_is_the_table_of_the_code() -> None:
    rows = [line.split("|")[1:-1] for line in _DOCUMENT.read_text("utf-8").splitlines() if line.count("|") == 7]
    roles = [Role(cell.strip()) for cell in rows[0][1:]]
    said = {
        row[0].split("`")[1]: {role for role, cell in zip(roles, row[1:], strict=True) if cell.strip() == "x"}
        for row in rows[2:]
    }
    assert said == {permission.value: set(holders) for permission, holders in OPENED_BY.items()}
    assert set(OPENED_BY) == set(Permission)


def test_what_excludes_another_is_excluded_by_it() -> None:
    assert {(one, other) for one, others in EXCLUDES.items() for other in others} == {
        (other, one) for one, others in EXCLUDES.items() for other in others
    }
    for roles in ([], [Role.ADMIN, Role.PRIVACY], *([Role.AUDITOR, role] for role in Role if role is not Role.AUDITOR)):
        with pytest.raises(RolesExclude):
            NewMember.of("a@b.example", roles)
    for together in (Role.PRIVACY, Role.ADMIN):
        assert len(NewMember.of("a@b.example", [together, Role.COMPLIANCE, Role.REVIEWER]).roles) == 3


@pytest.mark.parametrize(
    "email", ["", "a", "a@", "@b", "a@b@c", "a b@c", "a@b\nc", "a\x00@b", "a\u200b@b", "a" * 250 + "@b.cn"]
)
def test_what_is_no_address_is_no_member(email: str) -> None:
    with pytest.raises(EmailUnusable):
        NewMember.of(email, [Role.ADMIN])


# ---------------------------------------------------------------- adding, changing


def test_a_new_member_signs_in_with_what_was_handed_out(office: Office, admin: Actor) -> None:
    added = office.add(admin, "New@Staff.example", Role.REVIEWER)
    assert added.staff.email == "new@staff.example"
    assert office.sign_in(added).session.staff.id == added.staff.id
    with pytest.raises(EmailTaken):
        office.add(admin, "ＮＥＷ@staff.example", Role.AUDITOR)


def test_a_change_from_an_old_page_is_refused(office: Office, admin: Actor) -> None:
    login = make_staff(office.services, Role.REVIEWER)
    assert office.give(admin, login.staff_id, Role.REVIEWER, Role.COMPLIANCE).version == 2
    announced = office.members.announce(admin, Action.STAFF_CHANGED, login.staff_id)
    with pytest.raises(MemberChangedMeanwhile):
        office.members.change(admin, announced, MemberChange(1, frozenset({Role.AUDITOR})), "轮岗")
    assert login.member().roles.keys() == {Role.REVIEWER, Role.COMPLIANCE}


def test_a_role_that_stays_keeps_its_standing(office: Office, admin: Actor, clock: FakeClock) -> None:
    login = make_staff(office.services, Role.REVIEWER)
    office.give(admin, login.staff_id, Role.REVIEWER, Role.COMPLIANCE)
    member = login.member()
    assert member.holds(Role.REVIEWER, clock.now(), timedelta(days=30))
    assert not member.holds(Role.COMPLIANCE, clock.now(), timedelta(seconds=1))


def test_whoever_is_disabled_is_out_and_back_with_the_credentials_of_before(office: Office, admin: Actor) -> None:
    login = make_staff(office.services, Role.REVIEWER)
    with pytest.raises(MemberNotDisabled):
        office.restore(admin, login.staff_id)
    office.disable(admin, login.staff_id)
    assert not _opens(office.services, login)
    for act in (office.disable, office.reset):
        with pytest.raises(MemberDisabled):
            act(admin, login.staff_id)
    restored = office.restore(admin, login.staff_id)
    assert set(restored.roles.values()) == {office.services.clock.now()}
    assert not _opens(office.services, login)
    sessions = office.services.staff.sessions
    assert sessions.sign_in(sessions.admit(login.attempt())).session.staff.id == login.staff_id


def test_a_reset_ends_everything_of_before(office: Office, admin: Actor) -> None:
    login = make_staff(office.services, Role.REVIEWER)
    handed = office.reset(admin, login.staff_id)
    assert not _opens(office.services, login)
    sessions = office.services.staff.sessions
    with pytest.raises(SignInFailed):
        sessions.sign_in(sessions.admit(login.attempt()))
    assert office.sign_in(handed).session.staff.id == login.staff_id


def test_nobody_resets_themselves(office: Office) -> None:
    login = make_staff(office.services, Role.ADMIN)
    with pytest.raises(OwnReset):
        office.reset(login.member().as_actor(), login.staff_id)
    assert _opens(office.services, login)
    assert office.reset(OPERATOR, login.staff_id).credentials is not None


def test_it_stands_with_a_member_when_and_to_whom_their_credentials_went(
    office: Office, admin: Actor, clock: FakeClock
) -> None:
    login, confirmer = make_staff(office.services, Role.REVIEWER), _privacy(office.services)
    assert login.member().credentials_at is None
    assert office.reset(admin, login.staff_id).staff.credentials_at == clock.now()
    added = office.add(admin, "new@staff.example", Role.PRIVACY).staff
    assert (added.credentials_at, added.confirmed_by) == (None, None)
    clock.advance(minutes=1)
    office.confirm(confirmer.member().as_actor(), added.id)
    confirmed = office.members.get(added.id)
    assert (confirmed.credentials_at, confirmed.confirmed_by) == (clock.now(), confirmer.staff_id)


def test_nobody_is_changed_who_is_not_there(office: Office, admin: Actor) -> None:
    for unknown in ("stf_nobody", "没有"):
        with pytest.raises(MemberNotFound):
            office.disable(admin, StaffId(unknown))


# ---------------------------------------------------------------- the last admin


def test_the_last_admin_stays_whoever_asks_and_in_whatever_way(office: Office, clock: FakeClock) -> None:
    login = make_staff(office.services, Role.ADMIN)
    admin = login.member().as_actor()
    announced = office.members.announce(admin, Action.STAFF_CHANGED, login.staff_id)
    soon = MemberChange(1, sets_end=True, ends_at=clock.now() + _WEEK)
    tries = [
        partial(office.disable, admin, login.staff_id),
        partial(office.disable, OPERATOR, login.staff_id),
        partial(office.give, admin, login.staff_id, Role.REVIEWER),
        partial(office.members.change, admin, announced, soon, "轮岗"),
    ]
    for act in tries:
        with pytest.raises(LastAdmin):
            act()
    assert login.member().may(Permission.MEMBERS, clock.now())
    make_staff(office.services, Role.ADMIN)
    office.disable(admin, login.staff_id)


def test_two_admins_who_disable_each_other_at_once_leave_one(office: Office) -> None:
    logins = [make_staff(office.services, Role.ADMIN) for _ in range(2)]
    actors = [login.member().as_actor() for login in logins]

    def act(number: int) -> str:
        try:
            office.disable(actors[number], logins[1 - number].staff_id)
        except LastAdmin:
            return "refused"
        return "done"

    assert sorted(at_once([lambda: act(0), lambda: act(1)])) == ["done", "refused"]
    assert office.members.has_admin()


# ---------------------------------------------------------------- privacy takes a second person


def _privacy(services: Services, days: int = 30) -> StaffLogin:
    return make_staff(services, Role.PRIVACY, since=services.clock.now() - timedelta(days=days))


def test_an_admin_alone_makes_nobody_who_approves(office: Office, admin: Actor, clock: FakeClock) -> None:
    confirmer = _privacy(office.services).member().as_actor()
    added = office.add(admin, "new@staff.example", Role.PRIVACY)
    assert (added.staff.state, added.credentials) == (StaffState.PENDING, None)
    assert [staff.id for staff in office.members.waiting()] == [added.staff.id]
    assert not added.staff.may(Permission.DISCLOSURE_APPROVE, clock.now())
    clock.advance(days=3)
    handed = office.confirm(confirmer, added.staff.id)
    assert office.sign_in(handed).session.staff.may(Permission.DISCLOSURE_APPROVE, clock.now())
    assert handed.staff.roles == {Role.PRIVACY: clock.now()}  # the standing begins with the confirmation
    with pytest.raises(NotWaiting):
        office.confirm(confirmer, added.staff.id)


@pytest.mark.parametrize("way", ["restore", "reset", "give", "take and give"])
def test_whatever_an_admin_does_to_get_at_a_privacy_member_they_are_out_until_it_is_confirmed(
    office: Office, admin: Actor, way: str
) -> None:
    services, confirmer = office.services, _privacy(office.services).member().as_actor()
    login = make_staff(services, Role.REVIEWER if way == "give" else Role.PRIVACY)
    if way == "restore":
        office.disable(admin, login.staff_id)
        office.restore(admin, login.staff_id)
    elif way == "reset":
        assert office.reset(admin, login.staff_id).credentials is None
    elif way == "give":
        office.give(admin, login.staff_id, Role.REVIEWER, Role.PRIVACY)
    else:
        office.give(admin, login.staff_id, Role.REVIEWER)
        known = office.reset(admin, login.staff_id)
        office.sign_in(known)
        office.give(admin, login.staff_id, Role.PRIVACY)
    assert office.members.get(login.staff_id).state is StaffState.PENDING
    assert not _opens(services, login)
    sessions = services.staff.sessions
    with pytest.raises(SignInFailed):
        sessions.sign_in(sessions.admit(login.attempt()))
    assert office.sign_in(office.confirm(confirmer, login.staff_id)).session.staff.id == login.staff_id


@pytest.mark.parametrize("way", ["after the end", "with more", "longer", "for good", "sooner", "without the role"])
def test_an_admin_alone_brings_no_privacy_member_back_and_keeps_none_longer(
    office: Office, admin: Actor, clock: FakeClock, way: str
) -> None:
    login, ends = make_staff(office.services, Role.PRIVACY), clock.now() + timedelta(minutes=5)

    def end(at: datetime | None, *roles: Role) -> Staff:
        announced = office.members.announce(admin, Action.STAFF_CHANGED, login.staff_id)
        wanted = MemberChange(announced.version, frozenset(roles) or None, sets_end=True, ends_at=at)
        return office.members.change(admin, announced, wanted, "续约")

    end(ends)
    assert _opens(office.services, login)
    if way in {"after the end", "with more", "without the role"}:
        clock.advance(minutes=5)
    roles = {"with more": (Role.PRIVACY, Role.REVIEWER), "without the role": (Role.REVIEWER,)}.get(way, ())
    later = {"for good": None, "sooner": ends - timedelta(seconds=1)}.get(way, ends + timedelta(seconds=1))
    after = end(later, *roles)
    if way == "sooner":
        assert _opens(office.services, login)
        return
    assert not _opens(office.services, login)
    assert set(after.roles.values()) == {clock.now()}
    assert after.state is (StaffState.ACTIVE if way == "without the role" else StaffState.PENDING)


def test_who_confirms_confirms_what_they_saw(office: Office, admin: Actor) -> None:
    confirmer = _privacy(office.services).member().as_actor()
    added = office.add(admin, "new@staff.example", Role.PRIVACY).staff
    announced = office.members.announce(confirmer, Action.STAFF_CONFIRMED, added.id)
    office.give(admin, added.id, Role.PRIVACY, Role.COMPLIANCE)
    with pytest.raises(MemberChangedMeanwhile):
        office.members.confirm(confirmer, announced)
    with pytest.raises(MemberChangedMeanwhile):
        office.members.announce(confirmer, Action.STAFF_CONFIRMED, added.id, seen=added.version)
    assert office.confirm(confirmer, added.id).staff.roles.keys() == {Role.PRIVACY, Role.COMPLIANCE}


def test_who_proposed_it_who_is_meant_and_who_is_new_do_not_confirm(
    office: Office, admin: Actor, clock: FakeClock
) -> None:
    services = office.services
    added = office.add(admin, "new@staff.example", Role.PRIVACY).staff.id
    fresh = _privacy(services, days=7)
    clock.advance(seconds=-1)
    refusals: list[tuple[Actor, type[ShimingError]]] = [
        (admin, NeedsSecondPerson),
        (Actor(admin.kind, added), NeedsSecondPerson),
        (fresh.member().as_actor(), StandingTooShort),
        (make_staff(services, Role.ADMIN).member().as_actor(), StandingTooShort),
    ]
    for actor, refusal in refusals:
        with pytest.raises(refusal):
            office.confirm(actor, added)
    clock.advance(seconds=1)
    assert office.confirm(fresh.member().as_actor(), added).credentials is not None


def test_a_proposal_whose_role_was_taken_back_is_nothing_to_confirm(office: Office, admin: Actor) -> None:
    confirmer = _privacy(office.services).member().as_actor()
    added = office.add(admin, "new@staff.example", Role.PRIVACY).staff.id
    office.give(admin, added, Role.REVIEWER)
    with pytest.raises(NotWaiting):
        office.confirm(confirmer, added)
    assert office.sign_in(office.reset(admin, added)).session.staff.roles.keys() == {Role.REVIEWER}


def test_the_command_line_makes_the_first_two_and_no_third(office: Office) -> None:
    for email in ("one@staff.example", "two@staff.example"):
        assert office.sign_in(office.add(OPERATOR, email, Role.PRIVACY)).session.staff.email == email
    with pytest.raises(PrivacyNeedsConfirmation):
        office.add(OPERATOR, "three@staff.example", Role.PRIVACY)
    assert office.add(OPERATOR, "three@staff.example", Role.COMPLIANCE).credentials is not None


def test_of_five_privacy_members_at_once_the_command_line_makes_two(office: Office) -> None:
    def add(number: int) -> str:
        try:
            return office.add(OPERATOR, f"{number}@staff.example", Role.PRIVACY).staff.state
        except PrivacyNeedsConfirmation:
            return "refused"

    found = at_once([lambda number=number: add(number) for number in range(5)])  # type: ignore[misc]
    assert sorted(found) == ["active", "active", "refused", "refused", "refused"]


# ---------------------------------------------------------------- on record before it happens


class _NowhereToKeep:
    def keep(self, _published: object) -> None:
        raise AuditNotPublished


def test_while_the_record_cannot_be_kept_nobody_is_changed(office: Office, admin: Actor) -> None:
    services, desk = office.services, office.services.audit
    receipts = Receipts(services.unit_of_work, desk.proofs, Publisher(desk.sequencer, _NowhereToKeep()), patience=0.2)
    inner = services.staff.members
    blocked = Members(
        services.unit_of_work, inner._records, receipts, inner._second_factors, inner._seals, services.clock
    )
    login, before = make_staff(services, Role.REVIEWER), len(office.members.list_all())
    for action, target in ((Action.STAFF_ADDED, None), (Action.STAFF_DISABLED, login.staff_id)):
        with pytest.raises(AuditNotPublished):
            blocked.announce(admin, action, target)
    assert len(office.members.list_all()) == before
    assert _opens(services, login)


def test_each_change_is_begun_and_done_and_names_nobody(office: Office, admin: Actor) -> None:
    added = office.add(admin, "canary@staff.example", Role.REVIEWER).staff
    office.disable(admin, added.id)
    with office.services.unit_of_work.read() as tx:
        entries = [json.loads(row.entry) for row in tx.session.scalars(select(StagedEntryRow))]
    found = [entry for entry in entries if entry["object"] == {"kind": "staff", "id": added.id}]
    found.sort(key=lambda entry: (entry["action"], entry["outcome"] != "begun"))
    assert [(entry["action"], entry["outcome"]) for entry in found] == [
        ("staff.added", "begun"),
        ("staff.added", "active"),
        ("staff.disabled", "begun"),
        ("staff.disabled", "done"),
    ]
    assert [entry["case"] for entry in found[1::2]] == [entry["id"] for entry in found[0::2]]
    assert {entry["actor"]["kind"] for entry in found} == {"staff"}
    assert "canary" not in json.dumps(entries)
    assert "离职" not in json.dumps(entries, ensure_ascii=False)
    assert found[3]["commit"] is not None


def test_a_member_shows_no_address_by_accident(office: Office, admin: Actor) -> None:
    added = office.add(admin, "canary@staff.example", Role.REVIEWER)
    announced = office.members.announce(admin, Action.STAFF_RESET, added.staff.id)
    for shown in (added, announced, NewMember.of("canary@staff.example", [Role.ADMIN]), Invalid()):
        assert "canary" not in repr(shown)
        assert "argon2" not in repr(shown)
