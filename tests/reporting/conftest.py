"""Somebody who complains, and members of the staff whose sessions never end, whatever the clock says."""

from collections.abc import Callable, Iterator

import httpx2
import pytest

from app.kernel.actor import OPERATOR
from app.staff.domain import Face
from app.wiring import Services
from tests.reporting.complaining import Anybody
from tests.support.forum import NO_CERTIFICATES, ForumBackend
from tests.support.staff import StaffLogin, make_staff, open_session

SignedIn = Callable[[StaffLogin], httpx2.Client]


@pytest.fixture
def anybody(address: str, forum: ForumBackend) -> Iterator[Anybody]:
    with httpx2.Client(base_url=address, timeout=30, verify=NO_CERTIFICATES) as http:
        yield Anybody(http, forum.credentials.forum_id)


@pytest.fixture
def signed_in(services: Services, address: str) -> Iterator[SignedIn]:
    """Makes a client that signs in again whenever time has passed."""
    made: list[httpx2.Client] = []

    def sign_in(member: StaffLogin) -> httpx2.Client:
        tokens = {services.clock.now(): member.token}

        def session(request: httpx2.Request) -> httpx2.Request:
            now = services.clock.now()
            if now not in tokens:
                with services.unit_of_work.begin(OPERATOR) as tx:
                    tokens[now] = open_session(services, tx, member.staff_id, Face.API)
            request.headers["authorization"] = f"Bearer {tokens[now]}"
            return request

        made.append(httpx2.Client(base_url=address, auth=session, timeout=30, verify=NO_CERTIFICATES))
        return made[-1]

    yield sign_in
    for http in made:
        http.close()


@pytest.fixture
def reviewer(services: Services, signed_in: SignedIn) -> httpx2.Client:
    return signed_in(make_staff(services, "reviewer"))


@pytest.fixture
def colleague(services: Services, signed_in: SignedIn) -> httpx2.Client:
    return signed_in(make_staff(services, "compliance"))
