"""Every act leaves an entry that belongs to its transaction and names nobody."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
import rfc8785
from sqlalchemy import select

from app.audit.domain import Action, ObjectKind
from app.audit.models import StagedEntryRow
from app.audit.service import record
from app.kernel.actor import OPERATOR, Actor, ActorKind
from app.kernel.errors import ShimingError
from app.vault.models import PersonRow
from app.wiring import Services
from tests.support.clock import TODAY, FakeClock
from tests.support.forum import NAME, PERSON, ForumBackend, sandbox_number

if TYPE_CHECKING:
    import httpx2

MEMBERS = {
    *("v", "log", "id", "ts", "writer", "actor", "action", "object", "outcome", "reason", "case", "req", "commit")
}
HANDLE = "山间清风"
EXTERNAL_ID = "canary-external-7731"
SUSPENDED_BECAUSE = "刷屏，还骂了 canary-victim"
REINSTATED_BECAUSE = "误会 canary-mistake"
PHONE = "14000000042"
CLIENT = Actor(ActorKind.CLIENT, "cli_1", "req_1")
Entry = dict[str, Any]


def _rows(services: Services) -> list[StagedEntryRow]:
    with services.unit_of_work.read() as tx:
        return list(tx.session.scalars(select(StagedEntryRow).order_by(StagedEntryRow.id)))


def _entries(services: Services) -> dict[str, Entry]:
    return {row.id: json.loads(row.entry) for row in _rows(services)}


def _recorded_by(services: Services, act: Callable[[], object]) -> list[Entry]:
    before = _entries(services)
    act()
    return [entry for entry_id, entry in _entries(services).items() if entry_id not in before]


def _acts(entries: list[Entry]) -> list[str]:
    return sorted(entry["action"] for entry in entries)


def test_an_entry_has_every_member_of_the_design_and_no_other(services: Services) -> None:
    def act() -> None:
        with services.unit_of_work.begin(CLIENT) as tx:
            record(tx, Action.IDENTITY_READ, ObjectKind.PERSON, "aud_1", outcome="done", reason="court", case="case_1")

    (entry,) = _recorded_by(services, act)
    assert set(entry) == MEMBERS
    assert entry["v"] == 1
    assert entry["log"] == "shiming"
    assert entry["ts"] == "2026-11-21T04:00:00.000Z"
    assert entry["actor"] == {"kind": "client", "id": "cli_1"}
    assert entry["action"] == "identity.read"
    assert entry["object"] == {"kind": "person", "id": "aud_1"}
    assert (entry["outcome"], entry["reason"], entry["case"]) == ("done", "court", "case_1")
    assert entry["req"] == "req_1"
    assert entry["commit"] is None


def test_an_entry_is_named_by_a_uuid_of_its_own_time(services: Services) -> None:
    with services.unit_of_work.begin(OPERATOR) as tx:
        record(tx, Action.FORUM_ADDED, ObjectKind.FORUM, "frm_1")
    row = _rows(services)[-1]
    entry = json.loads(row.entry)
    assert row.id == entry["id"]
    assert UUID(row.id).version == 7
    assert UUID(row.id).int >> 80 == int(TODAY.timestamp()) * 1000


def test_an_entry_is_stored_in_its_canonical_form(forum: ForumBackend, services: Services) -> None:
    account = forum.member(HANDLE)
    forum.post(f"/v1/accounts/{account['id']}/suspend", {"reason": SUSPENDED_BECAUSE})
    rows = _rows(services)
    assert len(rows) >= 5
    for row in rows:
        assert rfc8785.dumps(json.loads(row.entry)) == row.entry
        assert set(json.loads(row.entry)) == MEMBERS


def test_an_entry_is_gone_when_its_transaction_is_taken_back(services: Services) -> None:
    def halfway() -> None:
        with services.unit_of_work.begin(OPERATOR) as tx:
            record(tx, Action.FORUM_ADDED, ObjectKind.FORUM, "frm_1")
            tx.session.flush()
            raise RuntimeError

    before = _entries(services)
    with pytest.raises(RuntimeError):
        halfway()
    assert _entries(services) == before


def test_an_act_that_was_refused_leaves_no_entry_of_having_happened(forum: ForumBackend, services: Services) -> None:
    account = forum.register(HANDLE)
    refused: list[Callable[[], httpx2.Response]] = [
        lambda: forum.post("/v1/accounts", {"handle": HANDLE}),
        lambda: forum.post(f"/v1/accounts/{account['id']}/reinstate", {"reason": "x"}),
        lambda: forum.post(f"/v1/accounts/{account['id']}/agreements", {"kind": "user", "version": "none"}),
        lambda: forum.post("/v1/accounts/acc_none/suspend", {"reason": "x"}),
    ]
    for act in refused:
        before = _entries(services)
        assert 400 <= act().status_code < 500
        assert _entries(services) == before


def test_a_walk_through_the_main_job_leaves_an_entry_for_each_act(forum: ForumBackend, services: Services) -> None:
    client = {"kind": "client", "id": forum.credentials.client_id}
    (registered,) = _recorded_by(services, lambda: forum.register(HANDLE, EXTERNAL_ID))
    account_id = registered["object"]["id"]
    assert forum.account(account_id)["handle"] == HANDLE
    assert (registered["action"], registered["object"]["kind"]) == ("account.created", "account")

    (accepted,) = _recorded_by(services, lambda: forum.accept_agreement(account_id))
    assert (accepted["action"], accepted["object"]) == ("agreement.accepted", registered["object"])

    verified = _recorded_by(services, lambda: forum.check_document(account_id))
    assert _acts(verified) == ["account.linked", "verification.completed", "verification.started"]

    until = (TODAY + timedelta(days=1)).isoformat().replace("+00:00", "Z")
    (suspended,) = _recorded_by(
        services,
        lambda: forum.post(f"/v1/accounts/{account_id}/suspend", {"reason": SUSPENDED_BECAUSE, "until": until}),
    )
    assert (suspended["action"], suspended["object"]) == ("account.suspended", registered["object"])

    (reinstated,) = _recorded_by(
        services, lambda: forum.post(f"/v1/accounts/{account_id}/reinstate", {"reason": REINSTATED_BECAUSE})
    )
    assert (reinstated["action"], reinstated["object"]) == ("account.reinstated", registered["object"])

    for entry in (registered, accepted, suspended, reinstated, *verified):
        assert entry["actor"] == client
        assert entry["outcome"]


def test_a_phone_verification_and_a_wrong_code_leave_entries(forum: ForumBackend, services: Services) -> None:
    account_id = forum.register(HANDLE)["id"]
    asked: list[str] = []
    started = _recorded_by(services, lambda: asked.append(forum.ask_code(account_id, PHONE).json()["id"]))
    assert "verification.started" in _acts(started)
    code = forum.read_code(PHONE)
    wrong = "000000" if code != "000000" else "111111"
    (refused,) = _recorded_by(services, lambda: forum.enter_code(asked[0], wrong))
    assert refused["action"] == "verification.code-refused"
    right = _recorded_by(services, lambda: forum.enter_code(asked[0], code))
    assert _acts(right) == ["account.linked", "verification.completed"]


def test_a_rejected_document_leaves_the_outcome_as_a_code(forum: ForumBackend, services: Services) -> None:
    account_id = forum.register(HANDLE)["id"]
    entries = _recorded_by(services, lambda: forum.check_document(account_id, "110199199003070033"))
    completed = next(entry for entry in entries if entry["action"] == "verification.completed")
    assert completed["outcome"] == "rejected"
    assert re.fullmatch(r"[a-z0-9-]+", completed["reason"])
    assert "account.linked" not in _acts(entries)


def test_what_the_operator_does_to_a_forum_leaves_entries(services: Services) -> None:
    made = services.forums.add(OPERATOR, "canary 论坛")
    services.forums.rotate_secret(OPERATOR, made.forum_id)
    services.forums.confirm_acts(OPERATOR, made.forum_id)
    services.forums.disable(OPERATOR, made.forum_id)
    services.forums.disable(OPERATOR, made.forum_id)  # changes nothing, so there is nothing to record
    entries = [entry for entry in _entries(services).values() if entry["actor"]["kind"] == "operator"]
    acts = _acts(entries)
    for act in ("forum.added", "client.secret-rotated", "forum.acts-confirmed", "forum.disabled"):
        assert acts.count(act) == 1
    with pytest.raises(ShimingError):
        services.forums.disable(OPERATOR, "frm_none")
    assert len(_entries(services)) == len(_rows(services))
    assert b"canary" not in b"".join(row.entry for row in _rows(services))


def test_a_token_that_is_taken_back_leaves_one_entry_and_one_that_was_dead_none(
    forum: ForumBackend, services: Services
) -> None:
    token = forum.log_in()["access_token"]
    basic = (forum.credentials.client_id, forum.credentials.client_secret.reveal())
    answered: list[str] = []

    def revoke() -> None:
        answer = forum.http.post("/oauth/revoke", data={"token": token}, auth=basic)
        answered.append(answer.raise_for_status().headers["x-request-id"])

    (entry,) = _recorded_by(services, revoke)
    assert (entry["action"], entry["object"]["kind"], entry["req"]) == ("token.revoked", "token", answered[0])
    assert entry["actor"] == {"kind": "client", "id": forum.credentials.client_id}
    assert _recorded_by(services, revoke) == []


def test_an_entry_names_the_request_that_its_answer_named(forum: ForumBackend, services: Services) -> None:
    answered: list[str] = []
    (entry,) = _recorded_by(
        services, lambda: answered.append(forum.post("/v1/accounts", {"handle": HANDLE}).headers["x-request-id"])
    )
    assert entry["req"] == answered[0]


def test_no_entry_holds_a_handle_a_forums_own_id_a_reason_a_document_or_a_person(
    forum: ForumBackend, services: Services, clock: FakeClock
) -> None:
    forum.http.headers["x-request-id"] = PHONE  # a forum may name its requests by whatever it has
    account = forum.register(HANDLE, EXTERNAL_ID)
    forum.accept_agreement(account["id"])
    assert forum.phone_code(account["id"], PHONE)["outcome"] == "verified"
    clock.advance(minutes=1)
    assert forum.check_document(account["id"]).json()["outcome"] == "verified"
    forum.post(f"/v1/accounts/{account['id']}/suspend", {"reason": SUSPENDED_BECAUSE})
    forum.post(f"/v1/accounts/{account['id']}/reinstate", {"reason": REINSTATED_BECAUSE})
    another = forum.register("另一个人")
    forum.accept_agreement(another["id"])
    clock.advance(days=1)
    forum.log_in()
    assert forum.phone_code(another["id"], PHONE)["outcome"] == "verified"
    # the phone now belongs to the newcomer, and is frozen for the first
    assert forum.check_document(another["id"], sandbox_number(2)).json()["outcome"] == "verified"
    with services.unit_of_work.read() as tx:
        persons = list(tx.session.scalars(select(PersonRow.id)))
    assert persons
    stored = b"\n".join(row.entry for row in _rows(services)).decode()
    assert "account.suspended" in stored
    assert "phone.frozen" in stored
    for word in (
        *(HANDLE, "另一个人", EXTERNAL_ID, SUSPENDED_BECAUSE, REINSTATED_BECAUSE, "canary"),
        *(PERSON, sandbox_number(2), PERSON[:14], NAME, PHONE, "测试论坛", forum.credentials.client_secret.reveal()),
        *(*persons, "per_"),
    ):
        assert word not in stored
