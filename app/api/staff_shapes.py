"""Shapes of the staff's own routes."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from app.api.shapes import Answer, Moment, Request, Stamp, ToldOnce
from app.staff.access import Role
from app.staff.domain import Authenticator, Credentials, Handout, SignedIn, Staff, StaffSession

_Reason = Annotated[str, Field(min_length=1, max_length=400)]
_Typed = Annotated[str, Field(min_length=1, max_length=256)]
_Code = Annotated[str, Field(min_length=1, max_length=40, description="Of the authenticator, or a recovery code.")]
_Roles = Annotated[
    list[Literal["admin", "compliance", "reviewer", "privacy", "auditor"]], Field(min_length=1, max_length=len(Role))
]


class SignInGiven(Request):
    email: _Typed
    password: _Typed
    code: _Code


class CodeGiven(Request):
    code: _Code


class PasswordGiven(Request):
    password: _Typed = Field(description="The present one.")


class NewPasswordGiven(PasswordGiven):
    new_password: _Typed


class NewMemberGiven(Request):
    email: _Typed
    roles: _Roles
    ends_at: Moment | None = None


class ChangedMember(Request):
    version: int
    roles: _Roles | None = None
    ends_at: Moment | None = None
    reason: _Reason


class ActOnMember(Request):
    reason: _Reason


class Confirmation(Request):
    version: int | None = Field(None, description="Of the member as you saw them; any other is not confirmed.")


class StaffShown(Answer):
    id: str
    email: str
    roles: list[Role]


class SessionShown(Answer):
    id: str
    expires_at: Stamp = Field(description="However it is used; without any use it ends after 15 minutes.")
    second_factor_until: Stamp
    staff: StaffShown


class SignedInShown(SessionShown):
    token: str


class RoleShown(Answer):
    role: Role
    since: Stamp


class MemberShown(StaffShown):
    standing: list[RoleShown]
    state: Literal["active", "pending", "disabled", "ended"] = Field(description="At this moment.")
    created_at: Stamp
    disabled_at: Stamp | None
    ends_at: Stamp | None
    proposed_by: str | None
    own_password_at: Stamp | None = Field(description="Null while the password that was handed out is in use.")
    version: int


class MemberPage(Answer):
    items: list[MemberShown]
    next_cursor: str | None


class MembersWaiting(Answer):
    items: list[MemberShown]


class AuthenticatorShown(ToldOnce):
    totp_uri: str | None = Field(description="Told this once; null in a replayed answer.")
    recovery_codes: list[str] = Field(description="Told this once; empty in a replayed answer.")

    def without_it(self) -> Self:
        return self.model_copy(update={"totp_uri": None, "recovery_codes": []})


class CredentialsShown(Answer):
    totp_uri: str
    recovery_codes: list[str]
    password: str


class HandoutShown(MemberShown, ToldOnce):
    credentials: CredentialsShown | None = Field(
        description="Told this once; null while the member is pending, and in a replayed answer."
    )

    def without_it(self) -> Self:
        return self.model_copy(update={"credentials": None})


class PasswordChanged(Answer):
    own_password_at: Stamp


def session_out(session: StaffSession) -> SessionShown:
    return SessionShown(**_session(session))


def signed_in_out(signed_in: SignedIn) -> SignedInShown:
    return SignedInShown(**_session(signed_in.session), token=signed_in.token.reveal())


def member_out(staff: Staff, now: datetime) -> MemberShown:
    return MemberShown(**_member(staff, now))


def handout_out(handout: Handout, now: datetime) -> HandoutShown:
    given = _credentials(handout.credentials) if handout.credentials else None
    return HandoutShown(**_member(handout.staff, now), credentials=given)


def authenticator_out(given: Authenticator) -> AuthenticatorShown:
    return AuthenticatorShown(**_authenticator(given))


def _session(session: StaffSession) -> dict[str, Any]:
    return {
        "id": session.id,
        "expires_at": session.expires_at,
        "second_factor_until": session.second_factor_until,
        "staff": StaffShown(id=session.staff.id, email=session.staff.email, roles=sorted(session.staff.roles)),
    }


def _member(staff: Staff, now: datetime) -> dict[str, Any]:
    return {
        "id": staff.id,
        "email": staff.email,
        "roles": sorted(staff.roles),
        "standing": [RoleShown(role=role, since=since) for role, since in sorted(staff.roles.items())],
        "state": staff.shown_state(now),
        "created_at": staff.created_at,
        "disabled_at": staff.disabled_at,
        "ends_at": staff.ends_at,
        "proposed_by": staff.proposed_by,
        "own_password_at": staff.own_password_at,
        "version": staff.version,
    }


def _credentials(given: Credentials) -> CredentialsShown:
    return CredentialsShown(password=given.password.reveal(), **_authenticator(given.authenticator))


def _authenticator(given: Authenticator) -> dict[str, Any]:
    codes = [code.reveal() for code in given.recovery_codes]
    return {"totp_uri": given.totp_uri.reveal(), "recovery_codes": codes}
