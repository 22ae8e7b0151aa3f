"""What must not happen unseen waits until it is on record, and does not happen where that cannot be."""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from fcntl import LOCK_EX, flock
from functools import partial
from pathlib import Path
from threading import Event, Thread
from time import monotonic

import pytest
from sqlalchemy import select, text, update

from app import policies
from app.audit import service as audit
from app.audit.checkpoint import Checkpoint, open_checkpoint, verifier_key
from app.audit.domain import Action, AuditObject, ObjectKind
from app.audit.errors import AuditNotPublished, Inconsistency, NotProvable, SigningRefused
from app.audit.models import StagedEntryRow
from app.audit.proofs import Receipt
from app.audit.receipts import Act, Keeper, Publisher, Receipts
from app.audit.tree import leaf_hash, verify_inclusion
from app.boards.models import TermsRow
from app.boards.terms import WantedTerms
from app.crypto.ed25519 import is_signed_by
from app.kernel.actor import OPERATOR
from app.kernel.errors import Unavailable
from app.kernel.ids import AccountId
from app.settings import Settings
from app.upkeep.rotation import rotate_signing
from app.vault.domain import IdentityField
from app.web.problems import status_of
from app.wiring import Services
from tests.support.forum import NAME, ForumBackend, Json
from tests.support.opening import read_identity
from tests.support.unprotected import unprotected

ACT = Act(Action.FORUM_DISABLED, AuditObject(ObjectKind.FORUM, "frm_1"), "test", "case 1")
WITHIN = policies.AUDIT_PUBLISHED_WITHIN.value


@dataclass
class AnchorFile:
    """Somewhere else: each checkpoint on a line."""

    path: Path

    def keep(self, published: Checkpoint) -> None:
        try:
            with self.path.open("a") as file:
                file.write(f"{published.size}\n")
        except OSError:
            raise Unavailable from None


def receipts_over(services: Services, anchors: Keeper, patience: float = WITHIN) -> Receipts:
    desk = services.audit
    return Receipts(services.unit_of_work, desk.proofs, Publisher(desk.sequencer, anchors), patience)


def entries(services: Services) -> list[Json]:
    with services.unit_of_work.read() as tx:
        rows = tx.session.scalars(select(StagedEntryRow).order_by(StagedEntryRow.id))
        return [json.loads(row.entry) for row in rows]


@contextmanager
def unpublished(settings: Settings) -> Iterator[None]:
    """What is signed cannot be kept outside the database."""
    in_the_way = settings.audit_directory() / "audit-head.tmp"
    in_the_way.mkdir()
    try:
        yield
    finally:
        in_the_way.rmdir()


def check(services: Services, receipt: Receipt) -> None:
    """As whoever has the key and nothing else."""
    origin = receipt.checkpoint.partition("\n")[0]
    checkpoint = open_checkpoint(receipt.checkpoint, verifier_key(origin, services.audit.signer), is_signed_by)
    leaf = leaf_hash(receipt.entry.encode())
    verify_inclusion(leaf, receipt.index, checkpoint.size, receipt.proof, checkpoint.root)
    assert json.loads(receipt.entry)["id"] == receipt.entry_id


def test_an_act_goes_on_once_its_beginning_is_published_and_gets_a_receipt(
    services: Services, settings: Settings, tmp_path: Path
) -> None:
    anchors = AnchorFile(tmp_path / "anchors")
    receipt = receipts_over(services, anchors).fail_closed(OPERATOR, ACT)
    check(services, receipt)
    begun = json.loads(receipt.entry)
    assert (begun["action"], begun["outcome"], begun["reason"], begun["case"]) == (
        *("forum.disabled", "begun", "test"),
        "case 1",
    )
    assert (settings.audit_directory() / "audit-head.note").read_text() == receipt.checkpoint
    assert anchors.path.read_text().splitlines()[-1] == receipt.checkpoint.splitlines()[1]
    shown = json.loads(json.dumps(receipt.shown()))
    assert set(shown) == {"entry", "index", "proof", "checkpoint"}
    assert [base64.b64decode(one) for one in shown["proof"]] == list(receipt.proof)


def test_what_was_staged_before_is_published_with_it(services: Services) -> None:
    with services.unit_of_work.begin(OPERATOR) as tx:
        for number in range(2_100):
            audit.record(tx, Action.ACCOUNT_CREATED, ObjectKind.ACCOUNT, f"acc_{number}")
    receipt = services.audit.receipts.fail_closed(OPERATOR, ACT)
    check(services, receipt)
    assert services.audit.sequencer.go_on() == 0


@pytest.mark.parametrize("where", ["head", "anchor"])
def test_what_must_be_on_record_does_not_happen_while_nothing_can_be_published_and_all_else_goes_on(
    services: Services, settings: Settings, forum: ForumBackend, tmp_path: Path, where: str
) -> None:
    account, anchors = forum.member("山间清风"), AnchorFile(tmp_path / "elsewhere" / "anchors")
    receipts = receipts_over(services, anchors if where == "anchor" else services.audit.anchors, patience=0.2)
    services.boards._receipts = receipts
    files = _files(settings.keys_dir)
    with unpublished(settings) if where == "head" else nullcontext():
        for action, act in _acts(services, settings, forum, account["id"], receipts).items():
            known = entries(services)
            with pytest.raises(AuditNotPublished) as refused:
                act()
            assert (status_of(type(refused.value)), refused.value.code) == (503, "unavailable")
            (new,) = [one for one in entries(services) if one not in known]
            assert (new["action"], new["outcome"]) == (action, "begun")
            assert forum.token(account["id"]).status_code == 201
            for step in ("suspend", "reinstate"):
                done = forum.post(f"/v1/accounts/{account['id']}/{step}", {"reason": "核对"})
                assert done.status_code == 200
    assert _files(settings.keys_dir) == files
    with services.unit_of_work.read() as tx:
        assert tx.session.scalars(select(TermsRow)).all() == []
    anchors.path.parent.mkdir()
    receipt = _change(services, forum)
    check(services, receipt)
    (entry,) = [one for one in entries(services) if one["case"] == receipt.entry_id]
    assert (entry["action"], entry["outcome"]) == ("terms.changed", "done")


def _acts(
    services: Services, settings: Settings, forum: ForumBackend, account_id: str, receipts: Receipts
) -> dict[str, Callable[[], object]]:
    person = services.verifications.person_behind(AccountId(account_id))
    assert person is not None
    read = partial(read_identity, services, OPERATOR, person, receipts=receipts)
    return {
        "identity.read": read,
        "terms.changed": lambda: _change(services, forum),
        "key.promoted": lambda: rotate_signing(services.unit_of_work, receipts, settings.keys_dir, OPERATOR),
    }


def _change(services: Services, forum: ForumBackend) -> Receipt:
    terms = WantedTerms(frozenset({"interval_days"}), 90)
    return services.boards.set_forum_terms(OPERATOR, forum.credentials.forum_id, terms, None, "design")


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_an_identity_is_opened_with_a_receipt_for_the_entry_that_says_so(
    services: Services, forum: ForumBackend
) -> None:
    person = services.verifications.person_behind(AccountId(forum.member("山间清风")["id"]))
    assert person is not None
    opened = read_identity(services, OPERATOR, person)
    assert opened.fields[IdentityField.NAME].reveal() == NAME
    check(services, opened.receipt)
    on_record = [one for one in entries(services) if one["action"] == "identity.read"]
    assert on_record == [json.loads(opened.receipt.entry)]


def test_a_log_that_must_not_be_signed_refuses_at_once_and_says_why(services: Services, settings: Settings) -> None:
    services.audit.receipts.fail_closed(OPERATOR, ACT)
    (settings.audit_directory() / "audit-head.note").unlink()
    began = monotonic()
    with pytest.raises(AuditNotPublished) as refused:
        services.audit.receipts.fail_closed(OPERATOR, ACT)
    assert monotonic() - began < WITHIN
    assert SigningRefused(Inconsistency.HEAD_GONE).detail.en in refused.value.detail.en


def test_a_log_that_was_bent_gives_no_receipt(services: Services) -> None:
    receipts = receipts_over(services, services.audit.anchors, patience=0.2)
    kept = receipts.fail_closed(OPERATOR, ACT)
    with services.unit_of_work.begin(OPERATOR) as tx, unprotected(tx):
        tx.session.execute(update(StagedEntryRow).where(StagedEntryRow.id == kept.entry_id).values(entry=b"{}"))
    with pytest.raises(NotProvable):
        services.audit.proofs.inclusion(kept.entry_id)


class _Hanging:
    """A disk that answers no more, until the test ends."""

    def __init__(self) -> None:
        self.let_go = Event()

    def keep(self, published: Checkpoint) -> None:  # noqa: ARG002 -- as of every anchor
        self.let_go.wait()


def test_an_anchor_that_hangs_keeps_nobody_longer_than_they_wait(services: Services) -> None:
    hanging = _Hanging()
    receipts = receipts_over(services, hanging, patience=0.2)
    for _ in range(3):
        began = monotonic()
        with pytest.raises(AuditNotPublished):
            receipts.fail_closed(OPERATOR, ACT)
        assert monotonic() - began < WITHIN
    hanging.let_go.set()
    check(services, services.audit.receipts.fail_closed(OPERATOR, ACT))


@contextmanager
def _database_locked(services: Services) -> Iterator[None]:
    """By another process: nobody can stage anything."""
    with services.engine.begin() as other:
        if other.dialect.name == "postgresql":
            other.execute(text("LOCK TABLE audit_stage"))
        yield


def test_a_locked_database_keeps_nobody_longer_than_they_wait(services: Services) -> None:
    receipts = receipts_over(services, services.audit.anchors, patience=0.3)
    with _database_locked(services):
        began = monotonic()
        with pytest.raises(AuditNotPublished):
            receipts.fail_closed(OPERATOR, ACT)
        assert monotonic() - began < 1
    check(services, services.audit.receipts.fail_closed(OPERATOR, ACT))


def test_a_head_file_that_somebody_holds_stops_one_round_and_not_the_next(
    services: Services, settings: Settings
) -> None:
    services.audit.receipts.fail_closed(OPERATOR, ACT)
    with (settings.audit_directory() / "audit-head.lock").open("w") as held:
        flock(held, LOCK_EX)
        with pytest.raises(AuditNotPublished) as refused:
            receipts_over(services, services.audit.anchors, policies.AUDIT_FILE_HELD.value + 1).fail_closed(
                OPERATOR, ACT
            )
        assert "audit-head.note" in refused.value.detail.en
    check(services, services.audit.receipts.fail_closed(OPERATOR, ACT))


def test_many_at_once_each_get_a_receipt_of_their_own(services: Services) -> None:
    found: list[Receipt] = []

    def act() -> None:
        found.append(services.audit.receipts.fail_closed(OPERATOR, ACT))

    threads = [Thread(target=act) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({receipt.index for receipt in found}) == 12
    for receipt in found:
        check(services, receipt)


def test_inside_a_transaction_it_is_refused_before_anything_is_written(services: Services) -> None:
    before = len(entries(services))
    with pytest.raises(RuntimeError, match="before it begins"), services.unit_of_work.together(OPERATOR):
        services.audit.receipts.fail_closed(OPERATOR, ACT)
    assert len(entries(services)) == before
