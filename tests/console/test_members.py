"""Members at the console: added with what they sign in with shown once, changed after a preview, out and in again."""

import html
import re

import pytest
from sqlalchemy import update

from app.crypto import totp
from app.kernel.secret import Secret
from app.staff.access import Role
from app.staff.domain import Face, StaffState
from app.staff.models import StaffRow
from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.console import AtConsole
from tests.support.staff import PASSWORD, StaffLogin, make_staff, settle

HERE = "/console/members"
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def admin(services: Services) -> StaffLogin:
    return make_staff(services, Role.ADMIN)


def told(page: str) -> list[str]:
    """What stands on a page of credentials."""
    return [html.unescape(found) for found in re.findall(r'<code class="told" translate="no">([^<]*)</code>', page)]


def sign_in(at: AtConsole, email: str, password: str, code: str) -> int:
    at.http.cookies.clear()
    form = {"email": email, "password": password, "code": code}
    return at.http.post("/console/sign-in", data=form).status_code


def test_a_new_member_signs_in_with_what_is_shown_once(clock: FakeClock, address: str, admin: StaffLogin) -> None:
    with AtConsole(address, admin) as at:
        form = at.get(f"{HERE}/new")
        assert "emergency switch" in form.text
        assert "Excludes: Admin, Auditor" in form.text
        shown = at.send(HERE, email="New@Forum.example", role_compliance="yes", role_reviewer="yes")
        assert shown.status_code == 200
        assert "Shown this once" in shown.text
        assert "<svg" in shown.text
        assert shown.headers["cache-control"] == "no-store"
        password, setup_key, *recovery = told(shown.text)
        assert len(recovery) == 10
        assert password not in at.get(HERE).text
        assert at.get(HERE).text.count("new@forum.example") == 1
        code = totp.code_at(Secret(setup_key.replace(" ", "")), clock.now())
        assert sign_in(at, "new@forum.example", password, code) == 303
        assert sign_in(at, "new@forum.example", password, recovery[0]) == 303


def test_what_is_refused_is_said_beside_what_was_typed(address: str, admin: StaffLogin, services: Services) -> None:
    with AtConsole(address, admin) as at:
        at.get(f"{HERE}/new")
        refused = at.send(HERE, email=SCRIPT, role_auditor="yes", role_admin="yes", last_day="tomorrow")
        assert refused.status_code == 422
        assert html.escape(SCRIPT).replace("&#x27;", "&#39;") in refused.text
        assert SCRIPT not in refused.text
        assert 'id="roles-error"' in refused.text
        assert 'id="email-error"' in refused.text
        assert 'id="last_day-error"' in refused.text
        assert 'value="tomorrow"' in refused.text
        assert 'name="role_auditor" value="yes" id="role_auditor" checked' in refused.text
        taken = at.send(HERE, email=admin.email, role_auditor="yes")
        assert taken.status_code == 409
        assert 'id="email-error"' in taken.text
    assert len(services.staff.members.list_all()) == 1


def test_a_dangerous_act_takes_a_reason_and_a_recent_second_factor(
    services: Services, clock: FakeClock, address: str, admin: StaffLogin
) -> None:
    other = make_staff(services, Role.COMPLIANCE)
    clock.advance(minutes=6)
    path = f"{HERE}/{other.staff_id}/disable"
    with AtConsole(address, admin) as at:
        at.get(path)
        assert at.send(path, reason=" ", code=admin.code()).status_code == 422
        without = at.send(path, reason="=left")
        assert without.status_code == 403
        assert 'id="code-error"' in without.text
        assert 'value="=left"' in without.text
        assert services.staff.members.get(other.staff_id).state is StaffState.ACTIVE
        done = at.send(path, reason="left", code=admin.code())
        assert "disabled and signed out" in done.text
        assert services.staff.sessions.find(Secret(other.cookie), Face.CONSOLE) is None
        clock.advance(seconds=30)
        restore = f"{HERE}/{other.staff_id}/restore"
        at.get(restore)
        assert "The member is restored" in at.send(restore, reason="back").text


def test_a_refusal_after_a_second_factor_can_be_mended_on_the_same_page(
    services: Services, clock: FakeClock, address: str, admin: StaffLogin
) -> None:
    clock.advance(minutes=6)
    with AtConsole(address, admin) as at:
        at.get(f"{HERE}/new")
        assert at.send(HERE, email=admin.email, role_auditor="yes", code=admin.code()).status_code == 409
        assert 'name="code"' not in at.page.text
        assert at.send(HERE, email="other@forum.example", role_auditor="yes").status_code == 200
    assert len(services.staff.members.list_all()) == 2


def test_roles_change_after_a_preview_of_what_opens_and_closes(
    services: Services, address: str, admin: StaffLogin
) -> None:
    other = make_staff(services, Role.COMPLIANCE)
    path = f"{HERE}/{other.staff_id}/change"
    with AtConsole(address, admin) as at:
        assert "Nothing would change" in at.get(f"{path}/preview", role_compliance="yes").text
        assert at.get(f"{path}/preview").status_code == 422
        preview = at.get(f"{path}/preview", role_reviewer="yes", last_day="2199-12-31")
        assert re.search(r"Opens</dt><dd>reviews, lexicons<", preview.text)
        assert re.search(r"Closes</dt><dd>[^<]*emergency switch", preview.text)
        assert "Reviewer" in at.send(path, reason="moved").text
        member = services.staff.members.get(other.staff_id)
        assert set(member.roles) == {Role.REVIEWER}
        assert member.ends_at is not None
        at.get(f"{path}/preview", role_reviewer="yes", role_compliance="yes", last_day="2199-12-31")
        held = at.page.text.replace(f'name="version" value="{member.version}"', 'name="version" value="1"')
        assert held != at.page.text
        form = {**dict(re.findall(r'name="([a-z_]+)" value="([^"]*)"', held)), "reason": "late"}
        assert at.post(path, form).status_code == 409
        assert 'value="late"' in at.page.text
        at.get(f"{HERE}/{admin.staff_id}/change/preview", role_reviewer="yes")
        assert "last admin" in at.send(f"{HERE}/{admin.staff_id}/change", reason="no").text


def test_a_privacy_member_is_confirmed_by_another_who_sees_nobody_else(
    services: Services, clock: FakeClock, address: str, admin: StaffLogin
) -> None:
    privacy = make_staff(services, Role.PRIVACY)
    with AtConsole(address, admin) as at:
        at.get(f"{HERE}/new")
        waits = at.send(HERE, email="qi@forum.example", role_privacy="yes")
        assert "waits for a privacy officer" in waits.text
        assert told(waits.text) == []
        [waiting] = services.staff.members.waiting()
        confirm = f"{HERE}/{waiting.id}/confirm"
        assert at.http.get(confirm).status_code == 403
    with AtConsole(address, privacy) as at:
        listed = at.get(HERE)
        assert "qi@forum.example" in listed.text
        assert admin.email not in re.sub(r"<header.*?</header>", "", listed.text, flags=re.DOTALL)
        assert at.get(f"{HERE}/{admin.staff_id}").status_code == 404
        assert at.get(f"{HERE}/{waiting.id}/reset").status_code == 403
        assert admin.email in at.get(f"{HERE}/{waiting.id}").text
        at.get(confirm)
        shown = at.send(confirm)
        assert shown.status_code == 200
        password, setup_key, *_ = told(shown.text)
        code = totp.code_at(Secret(setup_key.replace(" ", "")), clock.now())
        assert sign_in(at, "qi@forum.example", password, code) == 303


def test_who_is_to_be_no_privacy_member_after_all_signs_in_once_they_are_reset(
    services: Services, address: str, admin: StaffLogin
) -> None:
    with AtConsole(address, admin) as at:
        at.get(f"{HERE}/new")
        at.send(HERE, email="qi@forum.example", role_privacy="yes")
        [waiting] = services.staff.members.waiting()
        assert "/reset" not in at.get(f"{HERE}/{waiting.id}").text
        at.get(f"{HERE}/{waiting.id}/change/preview", role_reviewer="yes")
        assert "reset them" in at.send(f"{HERE}/{waiting.id}/change", reason="a reviewer").text
        at.get(f"{HERE}/{waiting.id}/reset")
        assert len(told(at.send(f"{HERE}/{waiting.id}/reset", reason="now").text)) == 12
    assert services.staff.members.get(waiting.id).state is StaffState.ACTIVE


def test_the_list_is_filtered_by_its_address_and_exported_without_formulas(
    services: Services, address: str, admin: StaffLogin
) -> None:
    make_staff(services, Role.AUDITOR, email="=sum@forum.example")
    with AtConsole(address, admin) as at:
        assert "Nobody" not in at.get(HERE).text
        assert "No match" in at.get(HERE, state="disabled").text
        rows = at.http.get(HERE, params={"csv": "1"}).text
        assert "'=sum@forum.example" in rows
        assert at.get(f"{HERE}/stf_nobody").status_code == 404


@pytest.mark.parametrize("role", [Role.COMPLIANCE, Role.REVIEWER, Role.AUDITOR])
def test_other_roles_open_neither_members_nor_forums_nor_work(services: Services, address: str, role: Role) -> None:
    with AtConsole(address, make_staff(services, role)) as at:
        for page in ("members", "members/new", "members/stf_x/change", "forums", "forums/new", "forums/frm_x", "work"):
            assert at.get(f"/console/{page}").status_code == 403, page
        form = {"form": "x"}
        assert at.post(HERE, form).status_code == 403


def test_members_change_their_own_password_and_authenticator_whatever_their_roles(
    services: Services, clock: FakeClock, address: str
) -> None:
    auditor, told_one = make_staff(services, Role.AUDITOR), "password that was handed to you"
    with AtConsole(address, make_staff(services, Role.COMPLIANCE)) as at:
        assert told_one not in at.get("/console").text
        settle(services, update(StaffRow).values(own_password_at=None))
        assert told_one in at.get("/console").text
    with AtConsole(address, auditor) as at:
        assert "the audit log" in at.get("/console/me").text
        at.get("/console/me/password")
        path, new = "/console/me/password", "another-sandbox-secret"
        differ = at.send(path, password=PASSWORD, new_password=new, repeated="x")
        assert 'id="repeated-error"' in differ.text
        assert new not in differ.text
        assert 'id="new_password-error"' in at.send(path, password=PASSWORD, new_password="abc", repeated="abc").text
        assert 'id="password-error"' in at.send(path, password="wrong", new_password=new, repeated=new).text
        assert "sessions elsewhere are over" in at.send(path, password=PASSWORD, new_password=new, repeated=new).text
        path = "/console/me/authenticator"
        at.get(path)
        assert 'id="password-error"' in at.send(path, password="").text
        setup_key, *recovery = told(at.send(path, password=new).text)
        assert len(recovery) == 10
        assert "10 recovery codes left" in at.get("/console/me").text
        code = totp.code_at(Secret(setup_key.replace(" ", "")), clock.now())
        assert sign_in(at, auditor.email, new, code) == 303
