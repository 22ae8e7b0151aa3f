"""What is asked about disclosures: one good request for each route, and each refusal that belongs to one of them."""

from collections.abc import Iterator
from contextlib import ExitStack

from sqlalchemy import update

from app.staff.access import Role
from app.staff.domain import StaffState
from app.staff.models import StaffRow
from tests.support.disclosing import PATH, WANTED, Office
from tests.support.staff import StaffLogin, make_staff, settle
from tests.torture.asked import Asked, Line
from tests.torture.world import World

_ONE = f"{PATH}/{{disclosure_id}}"
_EMPTY: dict[str, object] = {"json": {}}


def good_disclosures(world: World) -> Iterator[Asked]:
    own, others = _office(world, world.staff["all"]), _office(world, make_staff(world.services, Role.COMPLIANCE))
    account = world.accounts["verified"]["id"]
    wanted = {**WANTED, "account_id": account, "notify_after": None}
    yield Asked(f"POST {PATH}", {}, {"json": wanted})
    yield Asked(f"GET {PATH}")
    yield Asked(f"GET {_ONE}", {"disclosure_id": own.ask(account)})
    yield Asked(f"POST {_ONE}/approve", {"disclosure_id": others.ask(account)}, _EMPTY)
    yield Asked(f"POST {_ONE}/refuse", {"disclosure_id": others.ask(account)}, _EMPTY)
    yield Asked(f"POST {_ONE}/withdraw", {"disclosure_id": own.ask(account)}, _EMPTY)
    yield Asked(f"POST {_ONE}/execute", {"disclosure_id": own.approved(account)}, _EMPTY)


def disclosure_lines(world: World) -> Iterator[Line]:
    everyone, forum = world.staff["all"], world.forum
    own, others = _office(world, everyone), _office(world, make_staff(world.services, Role.COMPLIANCE))
    account, nobody = world.accounts["verified"]["id"], world.accounts["fresh"]["id"]
    with ExitStack() as stack:
        staff = stack.enter_context(everyone.http(forum.address))
        answer = staff.post(PATH, json={**WANTED, "account_id": nobody})
        yield f"POST {PATH}", 409, "state-conflict", answer
        _set_state(world, StaffState.DISABLED)
        answer = staff.post(PATH, json={**WANTED, "account_id": account})
        _set_state(world, StaffState.ACTIVE)
        yield f"POST {PATH}", 409, "too-few-staff", answer
        mine, ended = own.ask(account), others.ask(account)
        for act in ("approve", "refuse"):
            yield f"POST {_ONE}/{act}", 403, "needs-second-person", staff.post(f"{PATH}/{mine}/{act}", json={})
        yield f"POST {_ONE}/execute", 409, "state-conflict", staff.post(f"{PATH}/{mine}/execute", json={})
        assert others.post(others.asker, f"/{ended}/withdraw").status_code == 200
        for act in ("approve", "refuse"):
            yield f"POST {_ONE}/{act}", 409, "state-conflict", staff.post(f"{PATH}/{ended}/{act}", json={})
        assert staff.post(f"{PATH}/{mine}/withdraw", json={}).status_code == 200
        yield f"POST {_ONE}/withdraw", 409, "state-conflict", staff.post(f"{PATH}/{mine}/withdraw", json={})


def _office(world: World, asker: StaffLogin) -> Office:
    return Office(
        world.forum.address, world.services, asker, tuple(make_staff(world.services, Role.PRIVACY) for _ in range(2))
    )


def _set_state(world: World, state: StaffState) -> None:
    """Of everybody who is active or disabled, but for the one who asks."""
    settled = StaffRow.state.in_([StaffState.ACTIVE, StaffState.DISABLED])
    others = update(StaffRow).where(StaffRow.id != world.staff["all"].staff_id, settled)
    settle(world.services, others.values(state=state))
