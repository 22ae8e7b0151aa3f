"""What the log shows of entries and of its growth can be checked with the key alone, and it can be searched."""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import httpx2
import pytest
from sqlalchemy import delete, update

from app.audit import service as audit
from app.audit.checkpoint import VerifierKey, open_checkpoint
from app.audit.domain import Action, ObjectKind
from app.audit.errors import EntryUnknown, NoSuchSizes, NotNumberedYet, NotProvable
from app.audit.models import CheckpointRow, LeafRow, StagedEntryRow
from app.audit.search import Question
from app.audit.tree import leaf_hash, verify_consistency, verify_inclusion
from app.crypto.ed25519 import is_signed_by
from app.kernel.actor import OPERATOR, Actor, ActorKind
from app.wiring import Services
from tests.support.clock import TODAY, FakeClock
from tests.support.forum import ForumBackend
from tests.support.serving import serving
from tests.support.unprotected import unprotected

CLIENT = Actor(ActorKind.CLIENT, "cli_1", "req_1")
STAFF = {"authorization": "Bearer of a staff member"}


def record(
    services: Services, count: int, action: Action = Action.ACCOUNT_CREATED, actor: Actor = OPERATOR
) -> list[str]:
    with services.unit_of_work.begin(actor) as tx:
        made = [audit.record(tx, action, ObjectKind.ACCOUNT, f"acc_{number}") for number in range(count)]
    services.audit.sequencer.catch_up()
    return made


@pytest.fixture
def desk(services: Services) -> Iterator[str]:
    """The service as it will be once there are staff members."""
    allowed = STAFF["authorization"].removeprefix("Bearer ")
    with serving(replace(services, auditor=lambda token: OPERATOR if token.reveal() == allowed else None)) as address:
        yield address


def test_a_proof_can_be_checked_with_the_published_key_alone(services: Services, desk: str) -> None:
    for entry_id in [record(services, 1)[0], record(services, 300)[150], record(services, 1)[0]]:
        answer = httpx2.get(f"{desk}/v1/audit/proofs/inclusion", params={"id": entry_id}, headers=STAFF)
        said = answer.raise_for_status().json()
        key = VerifierKey.parse(httpx2.get(f"{desk}/v1/audit/key").text.splitlines()[0])
        signed = open_checkpoint(said["checkpoint"], key, is_signed_by)
        proof = [base64.b64decode(one) for one in said["proof"]]
        verify_inclusion(leaf_hash(said["entry"].encode()), said["index"], signed.size, proof, signed.root)
        assert json.loads(said["entry"])["id"] == entry_id
        assert answer.headers["audit-checkpoint"] == f"{signed.size}:{base64.b64encode(signed.root).decode()}"
        assert answer.headers["cache-control"] == "no-store"


def test_two_checkpoints_that_anybody_kept_are_shown_to_be_of_one_log(
    services: Services, desk: str, clock: FakeClock
) -> None:
    kept = []
    for count in (1, 300, 40):
        record(services, count)
        clock.advance(hours=1)
        kept.append(httpx2.get(f"{desk}/v1/audit/checkpoint").raise_for_status().text)
    key = VerifierKey.parse(httpx2.get(f"{desk}/v1/audit/key").text.splitlines()[0])
    old, _, new = (open_checkpoint(note, key, is_signed_by) for note in kept)
    asked = {"from": old.size, "to": new.size}
    said = httpx2.get(f"{desk}/v1/audit/proofs/consistency", params=asked, headers=STAFF).raise_for_status().json()
    assert (said["origin"], base64.b64decode(said["from_root"]), base64.b64decode(said["to_root"])) == (
        *(key.name, old.root),
        new.root,
    )
    verify_consistency(old.size, new.size, [base64.b64decode(one) for one in said["proof"]], old.root, new.root)


def test_what_is_not_there_or_not_yet_or_not_provable_is_said(services: Services) -> None:
    first, second = record(services, 2)
    proofs = services.audit.proofs
    with pytest.raises(EntryUnknown):
        proofs.inclusion("nobody")
    with services.unit_of_work.begin(OPERATOR) as tx:
        staged = audit.record(tx, Action.ACCOUNT_CREATED, ObjectKind.ACCOUNT, "acc_1")
    with pytest.raises(NotNumberedYet):
        proofs.inclusion(staged)
    size = proofs.newest().size
    for old, new in ((0, 1), (2, 1), (1, size + 1)):
        with pytest.raises(NoSuchSizes):
            proofs.consistency(old, new)
    with services.unit_of_work.begin(OPERATOR) as tx, unprotected(tx):
        tx.session.execute(update(StagedEntryRow).where(StagedEntryRow.id == first).values(entry=b"\xff"))
        tx.session.execute(delete(StagedEntryRow).where(StagedEntryRow.id == second))
    for bent in (first, second):
        with pytest.raises(NotProvable):
            proofs.inclusion(bent)
    with services.unit_of_work.begin(OPERATOR) as tx, unprotected(tx):
        tx.session.execute(update(LeafRow).values(leaf_hash=bytes(32)))
    with pytest.raises(NotProvable):
        proofs.consistency(1, size)
    with services.unit_of_work.begin(OPERATOR) as tx, unprotected(tx):
        tx.session.execute(update(CheckpointRow).values(note="of nobody"))
    with pytest.raises(NotProvable):
        proofs.newest()


def test_entries_are_found_by_what_was_done_by_whom_to_what_and_when_page_by_page(
    services: Services, clock: FakeClock
) -> None:
    mine = record(services, 3, actor=CLIENT)
    clock.advance(hours=1)
    later = record(services, 2, Action.ACCOUNT_BANNED)
    search = services.audit.search

    def ids(question: Question) -> set[str]:
        return {found.entry_id for found in search.find(question, 100)}

    assert ids(Question(actor="cli_1")) == set(mine)
    assert ids(Question(action="account.banned")) == set(later)
    assert ids(Question(object="acc_2")) == {mine[2]}
    assert ids(Question(object="acc_0", action="account.banned")) == {later[0]}
    assert ids(Question(after=TODAY + timedelta(hours=1))) == set(later)
    assert ids(Question(after=TODAY, before=TODAY + timedelta(hours=1), actor="cli_1")) == set(mine)
    assert (
        ids(Question(object="' OR 1=1 --")) == ids(Question(object="号" * 999)) == ids(Question(object="\x00")) == set()
    )
    everything = search.find(Question(), 1000)
    assert [found.place for found in everything] == sorted((found.place for found in everything), reverse=True)
    pages = [page := search.find(Question(), 2)]
    while page := search.find(Question(), 2, below=page[-1].place):
        pages.append(page)
    assert [found for page in pages for found in page] == everything
    assert everything[-1].entry
    with services.unit_of_work.begin(OPERATOR) as tx, unprotected(tx):
        tx.session.execute(update(StagedEntryRow).where(StagedEntryRow.id == mine[0]).values(entry=b"[]"))
        tx.session.execute(delete(StagedEntryRow).where(StagedEntryRow.id == mine[1]))
    assert [found.entry for found in search.find(Question(actor="cli_1"), 9)].count(None) == 2


def test_until_there_are_staff_members_nobody_gets_a_proof(services: Services, forum: ForumBackend) -> None:
    (entry,) = record(services, 1)
    asked = f"/v1/audit/proofs/inclusion?id={entry}"
    assert forum.get(asked).status_code == 403
    for header in ("", "Bearer", "Bearer x", "Basic x", STAFF["authorization"]):
        assert forum.http.get(asked, headers={"authorization": header}).status_code == 401
    assert forum.http.get("/v1/audit/checkpoint", headers={"authorization": ""}).status_code == 200
