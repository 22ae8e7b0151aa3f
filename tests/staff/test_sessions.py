"""Signing in, sessions and second factors."""

from app.kernel.secret import Secret
from app.staff.access import Permission, Role
from app.staff.domain import Face
from app.wiring import Services
from tests.support.staff import make_staff


def test_a_member_is_found_by_a_token_of_its_own_face_alone(services: Services) -> None:
    login = make_staff(services, Role.COMPLIANCE)
    find = services.staff.sessions.find
    assert login.member().may(Permission.PAUSES, services.clock.now())
    assert find(Secret(login.cookie), Face.CONSOLE) is not None
    assert find(Secret(login.cookie), Face.API) is None
    assert find(Secret(login.token), Face.CONSOLE) is None


def test_a_member_signs_in_steps_up_and_out(services: Services, address: str) -> None:
    login = make_staff(services, Role.ADMIN)
    answer = login.sign_in(address)
    assert answer.status_code == 201, answer.text
    assert login.sign_in(address).status_code == 401
    assert login.step_up(address).status_code == 403
    assert login.sign_in(address, email="nobody@x.example").status_code == 401
    with login.http(address) as http:
        made = http.post("/v1/staff/members", json={"email": "x@y.example", "roles": ["reviewer"]})
        assert made.status_code == 201, made.text
        assert http.delete("/v1/staff/sessions/current").status_code == 204
        assert http.get("/v1/staff/members").status_code == 401
