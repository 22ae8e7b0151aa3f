"""Sessions: at which face and for how long they are good, whose they are, and what renews them."""

from datetime import timedelta

import httpx2
import pytest
from sqlalchemy import delete, insert, update

from app.audit.domain import Action
from app.kernel.actor import OPERATOR
from app.kernel.secret import Secret
from app.staff.access import Permission, Role
from app.staff.domain import Face, MemberChange, SignedIn
from app.staff.errors import CodeNotRight, PasswordWrong, SessionOver, SignInFailed
from app.staff.models import StaffRoleRow, StaffRow, StaffSessionRow
from app.wiring import Services
from tests.support.at_once import at_once
from tests.support.clock import FakeClock
from tests.support.staff import PASSWORD, StaffLogin, make_staff, open_session, settle

_CURRENT = "/v1/staff/sessions/current"


@pytest.fixture
def login(services: Services) -> StaffLogin:
    return make_staff(services, Role.COMPLIANCE)


def _signed_in(services: Services, login: StaffLogin) -> SignedIn:
    sessions = services.staff.sessions
    return sessions.sign_in(sessions.admit(login.attempt()))


def test_a_member_signs_in_and_out(login: StaffLogin, address: str) -> None:
    answer = login.sign_in(address)
    assert answer.status_code == 201, answer.text
    said = answer.json()
    assert said["staff"] == {"id": login.staff_id, "email": login.email, "roles": ["compliance"]}
    assert said["expires_at"] == "2026-11-21T16:00:00.000Z"
    assert answer.headers["cache-control"] == "no-store"
    headers = {"authorization": f"Bearer {said['token']}"}
    shown = httpx2.get(f"{address}{_CURRENT}", headers=headers)
    assert (shown.status_code, shown.json()["id"]) == (200, said["id"])
    assert "token" not in shown.json()
    assert httpx2.delete(f"{address}{_CURRENT}", headers=headers).status_code == 204
    for again in (httpx2.get, httpx2.delete):
        gone = again(f"{address}{_CURRENT}", headers=headers)
        assert (gone.status_code, gone.json()["code"]) == (401, "invalid-token")


def test_a_token_is_good_at_its_own_face_alone_and_in_its_own_place(login: StaffLogin, address: str) -> None:
    find = login.services.staff.sessions.find
    assert find(Secret(login.cookie), Face.CONSOLE) is not None
    assert find(Secret(login.cookie), Face.API) is None
    assert find(Secret(login.token), Face.CONSOLE) is None
    as_cookies = {"cookie": f"__Host-staff={login.token}; session={login.token}; token={login.token}"}
    for headers in ({"authorization": f"Bearer {login.cookie}"}, {"authorization": f"Basic {login.token}"}, as_cookies):
        answer = httpx2.get(f"{address}{_CURRENT}", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid-token")


@pytest.mark.parametrize("token", ["", " ", "x" * 65, "é", "\x00", "stf_1", "eyJhbGciOiJub25lIn0.e30."])
def test_what_is_no_token_opens_nothing(services: Services, token: str) -> None:
    assert services.staff.sessions.find(Secret(token), Face.API) is None


def test_a_session_ends_15_minutes_after_it_was_used_last(
    services: Services, clock: FakeClock, login: StaffLogin
) -> None:
    find = services.staff.sessions.find
    for _ in range(3):
        clock.advance(minutes=14, seconds=59)
        assert find(Secret(login.token), Face.API) is not None
    clock.advance(minutes=15)
    assert find(Secret(login.token), Face.API) is None
    clock.advance(minutes=-1)
    assert find(Secret(login.token), Face.API) is not None  # it was never ended, and no clock was asked twice


def test_a_session_ends_after_12_hours_however_it_is_used(
    services: Services, clock: FakeClock, login: StaffLogin
) -> None:
    find = services.staff.sessions.find
    for _ in range(71):
        clock.advance(minutes=10)
        assert find(Secret(login.token), Face.API) is not None
    clock.advance(minutes=10)
    assert find(Secret(login.token), Face.API) is None


def test_roles_are_read_at_every_request(login: StaffLogin, address: str) -> None:
    members, admin = login.services.staff.members, make_staff(login.services, Role.ADMIN)
    with admin.http(address) as http:
        assert http.get("/v1/staff/members").status_code == 200
        make_staff(login.services, Role.ADMIN)  # or the last one could not lose it
        announced = members.announce(OPERATOR, Action.STAFF_CHANGED, admin.staff_id)
        members.change(OPERATOR, announced, MemberChange(1, frozenset({Role.REVIEWER})), "轮岗")
        refused = http.get("/v1/staff/members")
        assert (refused.status_code, refused.json()["code"]) == (403, "role-not-sufficient")
        assert http.get(_CURRENT).json()["staff"]["roles"] == ["reviewer"]
        members.disable(OPERATOR, members.announce(OPERATOR, Action.STAFF_DISABLED, admin.staff_id), "离职")
        assert http.get(_CURRENT).status_code == 401


def test_an_end_date_counts_at_its_moment(services: Services, clock: FakeClock, login: StaffLogin) -> None:
    ends = clock.now() + timedelta(minutes=5)
    settle(services, update(StaffRow).where(StaffRow.id == login.staff_id).values(ends_at=ends))
    find = services.staff.sessions.find
    clock.advance(minutes=4, seconds=59)
    found = find(Secret(login.token), Face.API)
    assert found is not None
    clock.advance(seconds=1)
    assert find(Secret(login.token), Face.API) is None
    assert not found.staff.may(Permission.PAUSES, clock.now())
    assert found.staff.shown_state(clock.now()) == "ended"


def test_stepping_up_counts_for_5_minutes_and_not_at_their_end(
    services: Services, clock: FakeClock, login: StaffLogin, address: str
) -> None:
    assert login.session().is_fresh(clock.now())
    clock.advance(minutes=5)
    assert not login.session().is_fresh(clock.now())
    done = login.step_up(address)
    assert (done.status_code, done.json()["second_factor_until"]) == (200, "2026-11-21T04:10:00.000Z")
    clock.advance(minutes=4, seconds=59)
    assert login.session().is_fresh(clock.now())
    clock.advance(seconds=1)
    assert not login.session().is_fresh(clock.now())
    assert services.staff.sessions.find(Secret(login.token), Face.API) is not None  # the API's token stays


def test_at_the_console_stepping_up_gives_another_token_and_the_old_one_is_dead(
    services: Services, clock: FakeClock, login: StaffLogin
) -> None:
    sessions = services.staff.sessions
    renewed = sessions.step_up(login.session(Face.CONSOLE), Secret(login.code()))
    assert renewed.token is not None
    assert sessions.find(Secret(login.cookie), Face.CONSOLE) is None
    found = sessions.find(renewed.token, Face.CONSOLE)
    assert found is not None
    assert found.id == renewed.session.id
    clock.advance(seconds=30)
    assert sessions.step_up(login.session(), Secret(login.code())).token is None


def test_nobody_can_bring_their_own_session(services: Services, clock: FakeClock, login: StaffLogin) -> None:
    first = _signed_in(services, login)
    clock.advance(seconds=30)
    second = _signed_in(services, login)
    assert first.token.reveal() != second.token.reveal()
    assert len({len(token.reveal()) for token in (first.token, second.token)}) == 1
    assert services.staff.sessions.find(first.token, Face.API) is not None  # two devices


def test_five_wrong_codes_in_a_row_end_a_session_and_no_other(services: Services, clock: FakeClock) -> None:
    login = make_staff(services, Role.REVIEWER)
    sessions, session = services.staff.sessions, login.session()
    for _ in range(4):
        with pytest.raises(CodeNotRight):
            sessions.step_up(session, Secret("000000"))
    sessions.step_up(session, Secret(login.code()))
    clock.advance(seconds=30)
    heard = at_once([lambda: _heard(services, login) for _ in range(12)])
    assert heard.count(CodeNotRight) == 5
    assert set(heard) == {CodeNotRight, SessionOver}
    assert sessions.find(Secret(login.token), Face.API) is None
    assert sessions.find(Secret(login.cookie), Face.CONSOLE) is not None


def test_wrong_passwords_and_wrong_codes_are_counted_each_on_its_own(services: Services) -> None:
    login, own = make_staff(services, Role.REVIEWER), services.staff.own
    session, actor = login.session(), login.member().as_actor()
    for _ in range(4):
        with pytest.raises(CodeNotRight):
            services.staff.sessions.step_up(session, Secret("000000"))
        with pytest.raises(PasswordWrong):
            own.prove(actor, session, Secret("not mine at all"))
    own.prove(actor, session, Secret(PASSWORD))  # forgives no wrong code
    with pytest.raises(CodeNotRight):
        services.staff.sessions.step_up(session, Secret("000000"))
    assert services.staff.sessions.find(Secret(login.token), Face.API) is None


def _heard(services: Services, login: StaffLogin) -> type[Exception]:
    try:
        services.staff.sessions.step_up(login.session(), Secret("000000"))
    except (CodeNotRight, SessionOver) as refused:
        return type(refused)
    except AssertionError:  # it was over before it was asked
        return SessionOver
    return Exception


def test_a_code_serves_once_among_sign_ins_and_step_ups(services: Services, login: StaffLogin) -> None:
    sessions, code = services.staff.sessions, Secret(login.code())
    sessions.step_up(login.session(), code)
    with pytest.raises(CodeNotRight):
        sessions.step_up(login.session(Face.CONSOLE), code)


def test_a_session_that_was_changed_in_the_database_is_none(
    services: Services, clock: FakeClock, login: StaffLogin
) -> None:
    other, find = make_staff(services, Role.PRIVACY), services.staff.sessions.find
    mine = StaffSessionRow.staff_id == login.staff_id
    for change in (
        {"staff_id": other.staff_id},
        {"second_factor_at": clock.now() + timedelta(minutes=4)},
        {"created_at": clock.now() + timedelta(hours=4)},
    ):
        with services.unit_of_work.begin(OPERATOR) as tx:
            token = open_session(services, tx, login.staff_id, Face.API)
        assert find(Secret(token), Face.API) is not None
        with services.unit_of_work.begin(OPERATOR) as tx:
            tx.session.execute(update(StaffSessionRow).where(mine).values(change))
        assert find(Secret(token), Face.API) is None
        with services.unit_of_work.begin(OPERATOR) as tx:
            tx.session.execute(
                delete(StaffSessionRow).where(StaffSessionRow.staff_id.in_([login.staff_id, other.staff_id]))
            )


def test_whoever_was_made_something_in_the_database_is_nobody_and_has_no_role_to_keep(
    services: Services, clock: FakeClock, login: StaffLogin
) -> None:
    mine, long_ago = StaffRoleRow.staff_id == login.staff_id, clock.now() - timedelta(days=90)
    granted = insert(StaffRoleRow).values(staff_id=login.staff_id, role=Role.PRIVACY, granted_at=long_ago)
    row = update(StaffRow).where(StaffRow.id == login.staff_id)
    for change in (
        granted,
        update(StaffRoleRow).where(mine).values(granted_at=long_ago),
        update(StaffRoleRow).where(mine).values(role=Role.ADMIN),
        update(StaffRoleRow).where(mine).values(role="owner"),
        row.values(state="superb"),
        row.values(created_at=long_ago),
        row.values(ends_at=clock.now() + timedelta(days=90)),
    ):
        assert services.staff.sessions.find(Secret(login.token), Face.API) is not None
        before = login.member()
        with services.unit_of_work.begin(OPERATOR) as tx:
            tx.session.execute(change)
        assert services.staff.sessions.find(Secret(login.token), Face.API) is None
        with pytest.raises(SignInFailed):
            _signed_in(services, login)
        with services.unit_of_work.begin(OPERATOR) as tx:
            tx.session.execute(delete(StaffRoleRow).where(mine))
            tx.session.execute(row.values(state=before.state, created_at=before.created_at, ends_at=before.ends_at))
            tx.session.add_all(
                StaffRoleRow(staff_id=login.staff_id, role=role, granted_at=at) for role, at in before.roles.items()
            )
    with services.unit_of_work.begin(OPERATOR) as tx:
        tx.session.execute(granted)
    members = services.staff.members
    announced = members.announce(OPERATOR, Action.STAFF_DISABLED, login.staff_id)
    assert members.disable(OPERATOR, announced, "被改动").roles == {}
