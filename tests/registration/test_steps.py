"""The one rule of which step comes next, over everything that can be on record."""

from dataclasses import replace
from datetime import timedelta
from itertools import product

from app.accounts.domain import Account, Profile
from app.kernel.ids import AccountId, ForumId, VerificationId
from app.registration.domain import Flow, FlowKind, FlowStatus, Stand, Step, Stop, Way, is_same_place, with_query
from app.verification.domain import IdentityLevel, InnerReason, Method, Outcome, Reason, Verification
from app.verification.progress import Progress
from tests.support.clock import TODAY

_FORUM = ForumId("frm_1")
_ACCOUNT = Account(AccountId("acc_1"), _FORUM, "山间清风", None, Profile(), TODAY, TODAY)
_ATTEMPTS = {
    None: None,
    "sent": (Outcome.PENDING, None, None),
    "wrong": (Outcome.PENDING, Reason.CODE_WRONG, None),
    "down": (Outcome.PENDING, Reason.PROVIDER_UNAVAILABLE, None),
    "refused": (Outcome.REJECTED, Reason.NOT_CONFIRMED, None),
    "banned": (Outcome.REJECTED, Reason.NOT_CONFIRMED, InnerReason.BANNED),
    "proved": (Outcome.VERIFIED, None, None),
}
_ORDER = [Step.NOTICE, Step.HANDLE, Step.AGREEMENT, Step.WAY, Step.PHONE, Step.DOCUMENT, Step.ORGANISATION, Step.DONE]


def _progress(how: str | None, method: Method) -> Progress | None:
    found = _ATTEMPTS[how]
    if found is None:
        return None
    verification = Verification(
        VerificationId("vrf_1"), _ACCOUNT.id, method, found[0], found[1], IdentityLevel.NONE, None, sandbox=True
    )
    return Progress(verification, found[2], 3, TODAY, TODAY)


def _stand(
    *, bound: bool, account: bool, agreed: bool, way: Way | None, phone: str | None, document: str | None
) -> Stand:
    attempts = {Step.PHONE: _progress(phone, Method.PHONE_CODE), Step.DOCUMENT: _progress(document, Method.ID2)}
    flow = Flow(
        id="reg_1",
        kind=FlowKind.REGISTRATION,
        forum_id=_FORUM,
        account_id=_ACCOUNT.id if account else None,
        return_url=None,
        state=None,
        language=None,
        wanted_handle=None,
        external_id=None,
        ended=None,
        created_at=TODAY,
        expires_at=TODAY + timedelta(minutes=30),
        version=1,
        bound_digest=b"1" if bound else None,
        entry_digest=None,
        bound_at=None,
        bound_version=0,
        agreed=agreed,
        agreement_only=False,
        handle_only=False,
        way=way,
        without_phone=False,
        phone_ending=None,
        attempts={},
    )
    progress = {step: one for step, one in attempts.items() if one is not None}
    return Stand(flow, "论坛", _ACCOUNT if account else None, IdentityLevel.NONE, False, False, progress, TODAY)


def test_nobody_passes_a_step_before_what_it_asks_for_is_there() -> None:
    both = (False, True)
    seen = set()
    for bound, account, agreed, way, phone, document in product(both, both, both, (None, *Way), _ATTEMPTS, _ATTEMPTS):
        stand = _stand(bound=bound, account=account, agreed=agreed, way=way, phone=phone, document=document)
        step = stand.step
        seen.add(step)
        proofs = stand.flow.proofs
        given = {Step.PHONE: phone, Step.DOCUMENT: document, Step.ORGANISATION: None}
        if any(given[proof] == "banned" for proof in proofs):
            assert step is Step.STOPPED
            assert stand.stop is Stop.PERSON_BANNED
            continue
        reached = {Step.CODE: Step.PHONE, Step.WAITING: next((p for p in proofs if given[p] != "proved"), None)}
        at = _ORDER.index(reached.get(step) or step)
        done = [bound, account, agreed, way is not None, *(given.get(proof) == "proved" for proof in proofs)]
        assert all(done[: min(at, len(done))]), stand
        assert (step is Step.DONE) == all(done)
        assert (stand.status is FlowStatus.COMPLETED) == all(done)
    assert seen == set(Step)


def test_time_ends_a_flow_exactly_at_its_expiry_and_takes_nothing_from_one_that_is_done() -> None:
    begun = _stand(bound=True, account=True, agreed=True, way=Way.PHONE, phone="sent", document=None)
    done = _stand(bound=True, account=True, agreed=True, way=Way.PHONE, phone="proved", document=None)
    at_expiry = begun.flow.expires_at
    assert replace(begun, now=at_expiry - timedelta(microseconds=1)).status is FlowStatus.OPEN
    assert replace(begun, now=at_expiry).status is FlowStatus.EXPIRED
    assert replace(done, now=at_expiry).status is FlowStatus.COMPLETED


def test_what_was_proved_cannot_be_filled_in_again() -> None:
    at_code = _stand(bound=True, account=True, agreed=True, way=Way.PHONE, phone="sent", document=None)
    assert [step for step in Step if at_code.may_return_to(step)] == [Step.HANDLE, Step.WAY, Step.PHONE]
    at_document = _stand(bound=True, account=True, agreed=True, way=Way.RESIDENT_ID, phone="proved", document=None)
    assert [step for step in Step if at_document.may_return_to(step)] == [Step.WAY]


def test_places_are_the_same_by_scheme_host_port_and_path_and_a_query_is_added_to_what_is_there() -> None:
    assert is_same_place("https://Forum.example:443/back?a=1", "https://forum.example/back")
    assert is_same_place("https://forum.example", "https://forum.example/")
    for other in ("http://forum.example/back", "https://forum.example/Back", "https://forum.example:444/back"):
        assert not is_same_place(other, "https://forum.example/back")
    told = with_query("https://f.example/b?x=1&state=old", {"state": "a b", "status": None, "registration": "reg_1"})
    assert told == "https://f.example/b?x=1&state=a+b&registration=reg_1"
