"""Whoever writes past the service stops no verification, and service and tool read the same words alike."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from app.audit import repository
from app.audit.canonical import columns_of_one
from app.audit.checkpoint import Checkpoint, sign_checkpoint
from app.audit.domain import Action, AuditObject, Entry, ObjectKind
from app.audit.evidence import Trust
from app.audit.findings import Kind, Outcome
from app.audit.models import LeafRow
from app.audit.service import newest_entry_at
from app.audit.sifting import sift
from app.crypto.ed25519 import AuditSigner
from app.kernel.actor import OPERATOR, SYSTEM
from tests.support.anchored import House
from tests.support.clock import TODAY
from tests.support.inspector import opened, searched_by

_NO_BYTES = {"sqlite": "CAST(x'ff' AS TEXT)", "postgresql": "decode(repeat('00', 100000), 'hex')"}


def _dialect(house: House) -> str:
    return house.services.engine.dialect.name


def _numbered(house: House, number: int) -> str:
    with house.services.unit_of_work.read() as tx:
        wanted = select(LeafRow.entry_id).where(LeafRow.number == number, LeafRow.origin_id == 1)
        return tx.session.scalars(wanted).one()


def test_bytes_that_cannot_be_read_among_the_staged_stop_no_verification(house: House) -> None:
    between = _numbered(house, 5)[:-1] + "g"
    house.bend(f"INSERT INTO audit_stage (id, entry) VALUES (:id, {_NO_BYTES[_dialect(house)]})", id=between)
    if _dialect(house) == "sqlite":
        odd = _numbered(house, 5)[:-1].encode().hex() + "ff"  # between the others, too
        house.bend(f"INSERT INTO audit_stage (id, entry) VALUES (CAST(x'{odd}' AS TEXT), x'00')")
    for _ in range(2):
        report = house.look()
        assert (report.tampering, report.outcome) == ([], Outcome.CLEAN)
        house.services.audit.sequencer.catch_up()
    assert Kind.STAGED_NO_ENTRY in {one.kind for one in house.look().findings}
    house.head.unlink()
    house.recover()
    assert house.kinds() == []


def test_an_entry_whose_bytes_cannot_be_read_any_more_was_changed(house: House) -> None:
    house.bend(f"UPDATE audit_stage SET entry = {_NO_BYTES[_dialect(house)]} WHERE id = :id", id=_numbered(house, 7))
    assert house.kinds() == [(Kind.ENTRY_CHANGED, 7)]
    house.bend("UPDATE audit_stage SET entry = :none WHERE id = :id", none=b"", id=_numbered(house, 7))
    assert house.kinds() == [(Kind.ENTRY_CHANGED, 7)]


def test_what_no_column_is_for_is_exported_as_far_as_it_can_be_said(house: House) -> None:
    value = {"sqlite": "x'00'", "postgresql": "'no text'"}[_dialect(house)]
    house.bend(f"UPDATE audit_leaves SET actor_id = {value} WHERE number = 7 AND origin_id = 1")
    assert house.kinds() == [(Kind.SEARCH_COLUMN_CHANGED, 7)]


def test_what_was_only_staged_says_nothing_about_the_time(house: House) -> None:
    later = "f" + _numbered(house, 59)[1:]
    house.bend("INSERT INTO audit_stage (id, entry) VALUES (:id, :entry)", id=later, entry=b"?")
    house.services.audit.sequencer.catch_up()
    with house.services.unit_of_work.read() as tx:
        assert newest_entry_at(tx) == TODAY


def test_a_place_in_the_queue_without_bytes_can_be_told_whatever_it_is_called(house: House) -> None:
    house.bend(f"INSERT INTO audit_waiting (id) VALUES ({_ODD_ID[_dialect(house)]})")
    for _ in range(2):
        assert [kind for kind, _ in house.kinds()] == [Kind.ENTRY_MISSING]
        house.services.audit.sequencer.catch_up()


_ODD_ID = {"sqlite": "CAST(x'30ff' AS TEXT)", "postgresql": "'odd'"}


@pytest.mark.parametrize("name", ["0191\u200b", "x" * 36, "0191"])
def test_what_is_not_called_as_entries_are_gets_no_number(house: House, name: str) -> None:
    moment, subject = "2026-01-01T00:00:00.000Z", AuditObject(ObjectKind.PERSON, "p")
    entry = Entry(name, moment, SYSTEM, Action.IDENTITY_READ, subject, "done", None, None).canonical()
    columns = columns_of_one(entry)
    assert columns
    assert (columns[3], (searched_by(entry) or [""])[-1]) == (name, name)
    assert sift([(name, entry)]).strangers == [name]
    with house.services.unit_of_work.begin(OPERATOR) as tx:
        repository.stage(tx.session, name, entry)
    house.services.audit.sequencer.catch_up()
    assert house.kinds() == []
    assert house.look().outcome is Outcome.CLEAN


_CHANGES: dict[str, Callable[[str], str]] = {
    "a line more": lambda note: note + "junk\n",
    "a signature more that is none": lambda note: note + "— a ?\n",
    "its last newline cut": lambda note: note[:-1],
    "a signature that names nobody": lambda note: note.replace("— h/audit/1 ", ""),
    "a signature in another's name": lambda note: note.replace("— h/audit/1 ", "— h/audit/2 "),
    "a signature spelt otherwise": lambda note: note[:-2] + "\n",
    "spare bits in a signature": lambda note: f"{note[:-3]}{chr(ord(note[-3]) + 1)}=\n",
    "spare bits in a root": lambda note: note.replace("E=\n\n", "F=\n\n"),
    "too long": lambda note: note + note.split("\n\n")[1] * 100,
    "a size with a zero before it": lambda note: note.replace("\n3\n", "\n03\n"),
    "a line more in its body": lambda note: note.replace("\n\n", "\nmore\n\n"),
    "another line break": lambda note: note.replace("\n", "\r\n"),
}


@pytest.mark.parametrize("what", _CHANGES)
def test_service_and_tool_take_the_same_notes(stranger: AuditSigner, what: str) -> None:
    note = sign_checkpoint(Checkpoint("h/audit/1", 3, b"a" * 32), stranger)
    keys = [stranger.public]
    assert Trust(keys).open("h/audit/1", note)
    assert opened(note, keys)
    changed = _CHANGES[what](note)
    assert changed != note
    assert Trust(keys).open(changed.partition("\n")[0], changed) is None
    assert opened(changed, keys) is None
