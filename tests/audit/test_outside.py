"""What lies outside the database counts: nothing that it should say is passed over, and nobody talks it away."""

import json
from collections.abc import Callable

import pytest

from app.audit.anchor_lines import anchor_line
from app.audit.canonical import columns_of_one
from app.audit.checkpoint import Checkpoint, sign_checkpoint
from app.audit.domain import Action, ObjectKind
from app.audit.errors import AnchorNotWritten, Inconsistency, NotProvable, SigningRefused
from app.audit.findings import Kind, Outcome
from app.audit.service import record
from app.audit.tree import EMPTY_ROOT
from app.crypto.ed25519 import AuditSigner
from app.installation import audit_places
from app.jobs.verifying import verify_nightly
from app.kernel.actor import OPERATOR
from app.upkeep.audit_doctor import examine_audit
from app.upkeep.doctor import Verdict
from app.wiring import Services
from tests.support.anchored import House, lose
from tests.support.clock import TODAY
from tests.support.inspector import searched_by


@pytest.mark.parametrize("kept_in", ["anchor", "head"])
def test_a_recovery_verifies_clean_and_the_loss_that_it_declares_is_told(
    house: House, kept_in: str, capfd: pytest.CaptureFixture[str]
) -> None:
    lost = lose(house)
    assert [kind for kind, _ in house.kinds(anchored=kept_in == "anchor")] == [Kind.ROLLED_BACK]
    house.services.audit.recovery.recover(OPERATOR)
    house.services.audit.anchors.anchor_now()
    report = house.look(anchored=kept_in == "anchor")
    assert (report.findings, report.outcome, len(report.declared)) == ([], Outcome.CLEAN, 1)
    assert f"up to {lost.size} entries" in report.declared[0]
    assert verify_nightly(house.services.audit_verifications) == 1
    assert "audit-loss-declared" in capfd.readouterr().err
    places = audit_places(house.settings)
    found = list(examine_audit(house.settings.database(), house.settings.keys_dir, places, house.clock))
    warned = [one.what for one in found if one.verdict is Verdict.WARNING]
    assert any(f"{lost.size} entries" in what for what in warned), found


def test_a_declared_loss_excuses_no_more_than_was_signed_outside(house: House) -> None:
    lost = lose(house)
    left = house.sizes()[-1]
    huge = Checkpoint(lost.origin, 10**9, EMPTY_ROOT)
    house.forge_recovery(huge)
    assert house.kinds() == [(Kind.ROLLED_BACK, left)]
    heads = house.settings.audit_directory() / "audit-heads.notes"  # whoever has the key may well have this file
    heads.write_text(anchor_line(sign_checkpoint(huge, house.signer), TODAY) + "\n", encoding="utf-8")
    assert (Kind.ROLLED_BACK, left) in house.kinds()
    assert "Nothing outside" in house.look().declared[0]


def test_what_was_anchored_beyond_a_declared_size_is_missed(house: House) -> None:
    smaller = house.services.audit.anchors.anchor_now()
    assert smaller
    lose(house)
    house.forge_recovery(smaller)
    assert house.kinds() == [(Kind.ROLLED_BACK, smaller.size)]


def test_a_recovery_under_an_anchor_that_is_out_of_reach_is_a_doubt_and_no_tampering(house: House) -> None:
    lose(house)
    house.services.audit.recovery.recover(OPERATOR)
    house.anchors.unlink()
    report = house.look()
    assert (report.tampering, report.outcome, len(report.declared)) == ([], Outcome.UNVERIFIABLE, 1)


def test_a_recovery_that_was_broken_off_is_done_again_whatever_was_kept_of_it(house: House) -> None:
    lost = lose(house)
    other = sign_checkpoint(Checkpoint(lost.origin, lost.size, bytes(32)), house.signer)
    (house.head.parent / "audit-heads.notes").write_text(anchor_line(other, TODAY) + "\n{", encoding="utf-8")
    assert house.services.audit.recovery.recover(OPERATOR).old == lost


def test_two_notes_of_one_size_that_say_different_things_contradict_each_other_after_the_loss_too(house: House) -> None:
    lost = lose(house)
    house.services.audit.recovery.recover(OPERATOR)
    house.services.audit.anchors.anchor_now()
    house.anchor(anchor_line(sign_checkpoint(Checkpoint(lost.origin, lost.size, bytes(32)), house.signer), TODAY))
    (kind,) = {kind for kind, _ in house.kinds()}
    assert kind in {Kind.ANCHOR_CONTRADICTS, Kind.HISTORY_REWRITTEN}


def test_nothing_begins_anew_before_an_anchor_holds_what_was_there(house: House) -> None:
    lost = lose(house)
    kept = house.anchors.read_bytes()
    house.anchors.unlink()
    house.anchors.mkdir()
    with pytest.raises(AnchorNotWritten):
        house.services.audit.recovery.recover(OPERATOR)
    house.anchors.rmdir()
    house.anchors.write_bytes(kept)
    with house.services.unit_of_work.read() as tx:
        assert house.services.audit.sequencer.inconsistency(tx) is Inconsistency.WENT_BACK
    assert house.services.audit.recovery.recover(OPERATOR).old == lost


def _note_of_nobody(house: House, stranger: AuditSigner) -> None:
    house.anchor(anchor_line(sign_checkpoint(house.grow(1), stranger), TODAY))


def _note_of_another_log(house: House, stranger: AuditSigner) -> None:
    house.anchor(anchor_line(sign_checkpoint(Checkpoint("other.example/audit/1", 5, bytes(32)), stranger), TODAY))


_DOUBTS: dict[str, Callable[[House, AuditSigner], object]] = {
    "a note of our log under no known key": _note_of_nobody,
    "a note of another log under no known key": _note_of_another_log,
    "litter": lambda house, _: house.anchor("litter {"),
    "litter in a note": lambda house, _: house.anchor(json.dumps({"at": "", "note": "a\ud800\n5\n\n— a AAAA\n"})),
    "another's line": lambda house, _: house.anchor('{"at":"now","note":7}'),
    "an anchor file that is empty": lambda house, _: house.anchors.write_bytes(b""),
    "an anchor file that is gone": lambda house, _: house.anchors.unlink(),
    "a head file that is empty": lambda house, _: house.head.write_bytes(b""),
    "a head file that is gone": lambda house, _: house.head.unlink(),
    "a head file under no known key": lambda house, key: house.head.write_text(sign_checkpoint(house.grow(1), key)),
    "the heads before a recovery": lambda house, _: (house.head.parent / "audit-heads.notes").write_text("?"),
}


@pytest.mark.parametrize("what", _DOUBTS)
def test_what_nobody_can_read_is_no_tampering_and_is_not_passed_over(
    house: House, stranger: AuditSigner, what: str
) -> None:
    assert house.look().outcome is Outcome.CLEAN
    _DOUBTS[what](house, stranger)
    report = house.look()
    assert (report.tampering, report.outcome) == ([], Outcome.UNVERIFIABLE)
    assert report.unverified


def test_a_head_file_that_is_gone_is_not_made_again_from_the_database(house: House) -> None:
    house.head.unlink()
    with pytest.raises(SigningRefused) as refused:
        house.services.audit.anchors.anchor_now()
    assert refused.value.inconsistency is Inconsistency.HEAD_GONE
    assert not house.head.exists()


def test_a_night_that_could_not_be_sure_says_so(house: House, capfd: pytest.CaptureFixture[str]) -> None:
    house.anchors.unlink()
    assert verify_nightly(house.services.audit_verifications) == 1
    last = house.services.audit_verifications.newest()
    assert last
    assert last.outcome is Outcome.UNVERIFIABLE
    assert "audit-unverifiable" in capfd.readouterr().err


def test_a_line_that_a_full_disk_broke_off_is_told_and_no_more(house: House) -> None:
    house.anchor('{"at":"2026-11-30T04:00:00Z","note":"127.')
    report = house.look()
    assert report.outcome is Outcome.CLEAN
    assert report.unchecked[0].startswith("anchors: 1 ")


def test_without_an_anchor_a_log_is_clean_and_the_report_says_what_was_not_looked_at(house: House) -> None:
    report = house.look(anchored=False)
    assert report.outcome is Outcome.CLEAN
    assert any(what.startswith("anchors") for what in report.unchecked)


def test_a_log_that_was_put_in_beside_the_one_that_was_signed_last_is_not_clean(house: House) -> None:
    head = house.head.read_text()
    lost = lose(house)
    house.forge_recovery(lost)
    house.head.write_text(head)
    assert house.look().outcome is Outcome.UNVERIFIABLE


def test_a_key_that_was_replaced_signs_nothing_more(house: House, stranger: AuditSigner) -> None:
    first, second, third = house.sizes()
    old, new = house.signer, stranger
    assert house.kinds(keys=(new, old)) == []  # the new one has signed nothing yet
    house.sign_anew(new, second)
    assert house.kinds(keys=(new, old)) == [(Kind.KEY_SUPERSEDED, third)]
    house.head.write_text(house.sign_anew(new, third))
    assert house.kinds(keys=(new, old)) == [(Kind.KEY_SUPERSEDED, third)]  # the anchor still is what the old one signed
    house.anchors.write_text("")
    house.anchor(anchor_line(house.head.read_text(), TODAY))
    assert house.kinds(keys=(new, old)) == []
    assert house.kinds(keys=(old, new)) == [(Kind.KEY_SUPERSEDED, second), (Kind.KEY_SUPERSEDED, third)]
    assert first < second < third


def test_a_key_that_was_replaced_begins_no_new_log_either(house: House, stranger: AuditSigner) -> None:
    lose(house)
    house.services.audit.recovery.recover(OPERATOR)
    house.services.audit.anchors.anchor_now()
    size = house.sizes()[-1]
    house.sign_anew(stranger, size)
    found = house.kinds(keys=(stranger, house.signer))
    assert (Kind.KEY_SUPERSEDED, 1) in found
    assert {kind for kind, _ in found} == {Kind.KEY_SUPERSEDED}


_ENTRY = {
    "v": 1,
    "log": "shiming",
    "id": "1",
    "ts": "now",
    "writer": "service",
    "action": "a",
    "outcome": "done",
    "actor": {"kind": "k", "id": "i"},
    "object": {"kind": "k", "id": "i"},
    "reason": None,
    "case": "说",
    "req": None,
    "commit": None,
}


_TEXTS: list[object] = [None, 1, ["x"]]
_PERHAPS: list[object] = [0, False, [], {}]
_PARTS: list[object] = [None, [], ["kind", "id"], {}, "x", {"kind": "k"}, {"kind": "k", "id": 1}]


@pytest.mark.parametrize(
    "change",
    [
        *({"actor": part} for part in _PARTS),
        *({"object": {"kind": "k", "id": "i", "more": "x"}}, {"object": {"kind": ["k"], "id": "i"}}),
        *({"v": version} for version in (True, 1.0, 2, "1")),
        *({name: text} for name in ("id", "ts", "action", "outcome") for text in _TEXTS),
        *({name: text} for name in ("reason", "case", "req", "commit") for text in _PERHAPS),
        *({"log": "other"}, {"writer": "x"}, {"more": 1}),
    ],
)
def test_service_and_tool_take_the_same_bytes_for_no_entry(change: dict[str, object]) -> None:
    def spelt(said: object) -> bytes:
        return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

    assert columns_of_one(spelt(_ENTRY))
    assert searched_by(spelt(_ENTRY))
    changed = spelt({**_ENTRY, **change})
    assert (columns_of_one(changed), searched_by(changed)) == (None, None)


@pytest.mark.parametrize("wrong", ["\ud800", "x" * 1001, "说" * 334])
def test_what_has_no_bytes_or_no_bound_is_not_staged(services: Services, wrong: str) -> None:
    with services.unit_of_work.begin(OPERATOR) as tx:
        for how in ({"reason": wrong}, {"case": wrong}, {"outcome": wrong}):
            with pytest.raises(ValueError, match=r"."):
                record(tx, Action.KEY_CREATED, ObjectKind.KEY, "x", **how)
        with pytest.raises(ValueError, match=r"."):
            record(tx, Action.KEY_CREATED, ObjectKind.KEY, wrong)


def test_nobody_is_given_a_checkpoint_that_we_have_not_signed(house: House, stranger: AuditSigner) -> None:
    house.sign_anew(stranger, house.sizes()[0])
    with pytest.raises(NotProvable):
        house.services.audit.public_checkpoints.newest()
