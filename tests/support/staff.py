"""Members of the staff as tests need them: made at once, signed in, and able to sign in over HTTP."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from uuid import uuid4

import httpx2
from sqlalchemy import Executable, select

from app.crypto import passwords, totp
from app.crypto.envelope import Place
from app.db.unit_of_work import Transaction
from app.kernel.actor import OPERATOR
from app.kernel.ids import StaffId, new_id
from app.kernel.secret import Secret
from app.staff import repository
from app.staff.access import Role
from app.staff.domain import Face, SignInAttempt, Staff, StaffSession, StaffState
from app.staff.models import StaffRoleRow, StaffRow, StaffSessionRow
from app.wiring import Services
from tests.support.forum import NO_CERTIFICATES

PASSWORD = "sandbox-password-of-a-test"
_LONG_AGO = timedelta(days=30)
_KEPT = "staff", "totp_seed"


@dataclass(frozen=True)
class StaffLogin:
    """One member: `token` is a session of the API, `cookie` one of the console, both fresh when they were made."""

    services: Services
    staff_id: StaffId
    email: str
    seed: Secret[str]
    token: str
    cookie: str

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}

    def code(self, at: datetime | None = None) -> str:
        """What the authenticator shows; it serves once in 30 seconds, so advance the clock for another."""
        return totp.code_at(self.seed, at or self.services.clock.now())

    def http(self, address: str) -> httpx2.Client:
        """Signed in; close it, or use it as a context."""
        headers = {**self.headers, "accept-language": "en"}
        return httpx2.Client(base_url=address, timeout=30, headers=headers, verify=NO_CERTIFICATES)

    def sign_in(self, address: str, **instead: str) -> httpx2.Response:
        body = {"email": self.email, "password": PASSWORD, "code": self.code(), **instead}
        return httpx2.post(f"{address}/v1/staff/sessions", json=body, verify=NO_CERTIFICATES)

    def step_up(self, address: str, code: str | None = None) -> httpx2.Response:
        path = f"{address}/v1/staff/sessions/current/step-up"
        return httpx2.post(path, json={"code": code or self.code()}, headers=self.headers, verify=NO_CERTIFICATES)

    def attempt(self, password: str = PASSWORD, code: str | None = None, address: str = "192.0.2.1") -> SignInAttempt:
        """One to sign in, without HTTP."""
        return SignInAttempt(self.email, Secret(password), Secret(code or self.code()), Face.API, address)

    def session(self, face: Face = Face.API) -> StaffSession:
        """As it is now."""
        session = self.services.staff.sessions.find(Secret(self.token if face is Face.API else self.cookie), face)
        assert session is not None
        return session

    def member(self) -> Staff:
        """As they are now."""
        return self.session().staff


def make_staff(
    services: Services, *roles: Role | str, since: datetime | None = None, email: str | None = None
) -> StaffLogin:
    """An active member with these roles, for 30 days unless `since` says another moment, and signed in.

    Written as rows, so that no test waits for Argon2 or for the audit log.
    """
    seed, email = totp.new_seed(), email or f"{uuid4().hex[:12]}@staff.example"
    with services.unit_of_work.begin(OPERATOR) as tx:
        staff_id = StaffId(new_id("stf", tx.now))
        made_at = since or tx.now - _LONG_AGO
        tx.session.add(_row(services, staff_id, email, seed, made_at))
        tx.session.flush()
        tx.session.add_all(StaffRoleRow(staff_id=staff_id, role=Role(role), granted_at=made_at) for role in roles)
        tx.session.flush()
        made = repository.find(tx.session, staff_id)
        assert made is not None
        tx.session.get_one(StaffRow, staff_id).seal = services.staff.sessions._seals.sealed(made).seal
        tokens = [open_session(services, tx, staff_id, face) for face in Face]
    return StaffLogin(services, staff_id, email, seed, *tokens)


def open_session(services: Services, tx: Transaction, staff_id: StaffId, face: Face) -> str:
    """One more session of a member; its token."""
    staff = repository.find(tx.session, staff_id)
    assert staff is not None
    return services.staff.sessions._open(tx, staff, face).token.reveal()


def _row(services: Services, staff_id: StaffId, email: str, seed: Secret[str], made_at: datetime) -> StaffRow:
    table, field = _KEPT
    return StaffRow(
        id=staff_id,
        email=email,
        password_hash=_hash(),
        sealed_totp_seed=services.staff.sessions._second_factors._records.seal(seed, Place(table, staff_id, field)),
        state=StaffState.ACTIVE,
        proposed_by=None,
        created_at=made_at,
        disabled_at=None,
        ends_at=None,
        own_password_at=made_at,
        version=1,
        seal=b"",
    )


def settle(services: Services, *statements: Executable) -> None:
    """Changes members and their sessions as the service would: under its seals."""
    with services.unit_of_work.begin(OPERATOR) as tx:
        for statement in statements:
            tx.session.execute(statement)
        tx.session.expire_all()
        seals = services.staff.sessions._seals
        for staff in repository.all_members(tx.session):
            tx.session.get_one(StaffRow, staff.id).seal = seals.sealed(staff).seal
        for row in tx.session.scalars(select(StaffSessionRow)):
            seals.seal_session(row)


@cache
def _hash() -> str:
    return passwords.hash_password(Secret(PASSWORD))
