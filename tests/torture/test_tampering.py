"""A log that was bent in any of twelve ways is found out, with the kind and the place; one that was not is clean.

`tools/verify_audit.py`, which shares no line with the service, must say the same of every export.
"""

import random
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.audit import service as audit
from app.audit.checkpoint import Checkpoint, sign_checkpoint
from app.audit.details import Detail
from app.audit.domain import Action, AuditObject, ObjectKind
from app.audit.evidence import Outside, Trust
from app.audit.export import Export
from app.audit.findings import Finding, Kind
from app.audit.inspection import Inspection
from app.audit.verifying import Verifier
from app.crypto.envelope import Records
from app.crypto.keyring import load_keyring
from app.kernel.actor import OPERATOR, Actor, ActorKind
from app.kernel.secret import Secret
from app.settings import Settings
from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.inspector import TOOL, verify_export
from tests.support.tampering import (
    TAMPERINGS,
    Bent,
    Expected,
    drop_triggers_then_edit,
    rewrite_with_the_key,
    take_triggers_away,
)
from tests.torture.form import Form

_COMPARED = 90
"""Findings of one kind; of more than a hundred the service only tells the first."""


class _TakenBack(Exception):
    """Ends a transaction that nobody wants."""


@dataclass
class House:
    """A service with a log, the notes outside its database, and copies of the log to bend."""

    services: Services
    settings: Settings
    clock: FakeClock
    folder: Path
    chance: random.Random
    size: int = 0
    anchors: list[str] = field(default_factory=list)

    def fill(self, entries: int, a_transaction: int) -> None:
        """In transactions of different lengths, numbered now and then, anchored now and then."""
        records = Records(load_keyring(self.settings.keys_dir))
        left = entries
        while left > 0:
            count = min(left, self.chance.randint(1, a_transaction))
            with self.services.unit_of_work.begin(Actor(ActorKind.CLIENT, "cli_1", "req_1")) as tx:
                for number in range(count):
                    if self.chance.random() < 0.02:
                        acted_on = AuditObject(ObjectKind.ACCOUNT, f"acc_{number}")
                        audit.record_with(tx, Detail(records, Secret("广告")), Action.ACCOUNT_BANNED, acted_on)
                    else:
                        reason = self.chance.choice([None, "handle", "说明"])
                        audit.record(tx, Action.ACCOUNT_CHANGED, ObjectKind.ACCOUNT, f"acc_{number}", reason=reason)
            left -= count
            self.clock.advance(milliseconds=self.chance.randint(1, 900))
            if self.chance.random() < 0.7:
                self.services.audit.sequencer.catch_up()
        self.services.audit.sequencer.catch_up()
        head = self.services.audit.sequencer.publish()
        assert head
        self.size = head.size
        with self.copy() as log:
            notes = [log.one("SELECT note FROM audit_checkpoints WHERE size = :s", s=size)[0] for size in log.sizes()]
        self.anchors = [str(note) for note in notes[1::3]]

    @contextmanager
    def copy(self, *, triggers: bool = True) -> Iterator[Bent]:
        """What is done to it is never committed."""
        with suppress(_TakenBack), self.services.unit_of_work.together(OPERATOR) as tx:
            put_up = take_triggers_away(tx.session)
            yield Bent(tx.session, self.size, self.chance)
            if triggers:
                put_up()
            raise _TakenBack

    def inspection(self, *, anchored: bool = True) -> Inspection:
        def outside() -> Outside:
            return Outside(self.services.audit.head.read(), self.anchors if anchored else None)

        trust, unit = Trust([self.services.audit.signer.public]), self.services.unit_of_work
        records = Records(load_keyring(self.settings.keys_dir))
        return Inspection(Verifier(unit, outside, records=records), Export(unit, outside), trust, can_sign=False)

    def look(self, *, anchored: bool = True) -> list[Finding]:
        """What the service finds; the tool must find the same in what is exported."""
        inspection = self.inspection(anchored=anchored)
        report = inspection.verify()
        found = report.tampering
        shutil.rmtree(self.folder, ignore_errors=True)
        inspection.export.write(self.folder, inspection.trust)
        wrong, doubts = verify_export(self.folder)
        assert (doubts, list(report.unverified)) == ([], [])
        told = Counter(wrong)
        ours = Counter((one.kind.value, one.origin, one.number, one.through) for one in found)
        assert Kind.COMMITMENT_BROKEN not in {one.kind for one in found}
        assert {one: many for one, many in told.items() if one in ours} == dict(ours)
        more = {kind: many for kind, many in Counter(one[0] for one in told).items() if many <= _COMPARED}
        assert {kind: many for kind, many in Counter(one.kind.value for one in found).items() if kind in more} == more
        return found


@pytest.fixture
def house(services: Services, settings: Settings, clock: FakeClock, tmp_path: Path, form: Form) -> House:
    made = House(services, settings, clock, tmp_path / "export", random.Random(form.test))  # noqa: S311 -- the same in every run
    made.fill(form.size(short=300, long=10_000), form.size(short=40, long=150))
    return made


def _assert_found(found: list[Finding], expected: Expected, what: str) -> None:
    assert found, what
    first = found[0]
    assert first.kind is expected.kind, (what, found[:5])
    through = first.number if first.through is None else first.through
    assert first.number is not None
    assert through is not None
    assert first.number <= expected.number <= through, (what, expected, first)
    if expected.exact:
        assert first.number == expected.number == through, (what, expected, first)


def test_every_tampering_is_found_with_its_kind_and_its_place_and_the_tool_agrees(house: House, form: Form) -> None:
    times = form.size(short=5, long=50)
    exact = 0
    for tamper in TAMPERINGS:
        for turn in range(times):
            number = house.chance.randrange(house.size) if turn else house.size - 1
            with house.copy(triggers=tamper is not drop_triggers_then_edit) as log:
                expected = tamper(log, number)
                log.session.flush()
                found = house.look()
                _assert_found(found, expected, f"{tamper.__name__} at {number} of {house.size}")
            exact += expected.exact
    total = len(TAMPERINGS) * times
    form.tell(
        f"audit log bent, {house.services.engine.dialect.name}",
        f"{len(TAMPERINGS)} kinds x {times} on copies of a log of {house.size} entries: {total} of {total} found with"
        f" the right kind, {exact} at the exact place and the others within the two checkpoints around it;"
        " tools/verify_audit.py said the same of each",
    )


def test_clean_logs_raise_no_alarm(house: House, form: Form) -> None:
    """Whole, while entries wait, after the erasure of details, and with a copy of the key alone."""
    times = form.size(short=3, long=200)
    for _ in range(times):
        house.fill(house.chance.randint(0, form.size(short=20, long=50)), 5)
        with house.services.unit_of_work.begin(OPERATOR) as tx:
            for _ in range(house.chance.randrange(3)):
                audit.record(tx, Action.ACCOUNT_CREATED, ObjectKind.ACCOUNT, "acc_1")
        with house.copy() as log:
            if house.chance.random() < 0.5:
                log.run("DELETE FROM audit_detail")
            assert house.look(anchored=house.chance.random() < 0.5) == []
    form.tell(f"audit logs that are clean, {house.services.engine.dialect.name}", f"{times} logs, 0 alarms")


def test_whoever_has_the_database_and_the_key_is_found_by_the_anchor(house: House) -> None:
    signer, number = house.services.audit.signer, house.size // 2
    kept = house.services.audit.head.read()
    assert kept
    origin, newest = kept.split("\n")[0], ""

    def sign(size: int, root: bytes) -> str:
        nonlocal newest
        newest = sign_checkpoint(Checkpoint(origin, size, root), signer)
        return newest

    with house.copy() as log:
        rewrite_with_the_key(log, number, sign)
        assert [found.kind for found in house.look(anchored=False)] == [Kind.HISTORY_REWRITTEN]  # by what is outside
        house.services.audit.head.start_over(newest)  # and that they have as well
        assert house.look(anchored=False) == []
        (found,) = house.look()
        assert found.kind is Kind.ANCHOR_CONTRADICTS
        assert found.number is not None
        assert found.through is not None
        assert found.number <= number <= found.through
    house.services.audit.head.start_over(kept)


def test_the_tool_runs_by_itself_and_exits_by_what_it_found(house: House) -> None:
    def run(*arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-I", str(TOOL), *arguments], check=False, capture_output=True, text=True
        )
        return done.returncode, done.stdout

    assert house.look() == []
    assert run(str(house.folder)) == (0, "clean\n")
    keys = house.folder / "key.txt"
    assert run(str(house.folder), str(keys)) == (0, "clean\n")
    leaves = house.folder / "1" / "leaves.jsonl"
    lines = leaves.read_text(encoding="utf-8").splitlines(keepends=True)
    leaves.write_text("".join([*lines[:5], lines[6], lines[5], *lines[7:]]), encoding="utf-8")
    code, said = run(str(house.folder))
    assert (code, said.splitlines()[-1]) == (1, "tampered")
    leaves.write_text("{", encoding="utf-8")
    assert run(str(house.folder))[0] == 2
    assert len(TOOL.read_text(encoding="utf-8").splitlines()) <= 250
