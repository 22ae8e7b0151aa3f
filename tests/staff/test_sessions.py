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
