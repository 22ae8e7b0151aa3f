"""The log is taken away whole, into new files, and never unseen where it can be put on record."""

import json
from pathlib import Path
from runpy import run_path

import pytest
from sqlalchemy import insert

from app.audit.checkpoint import Checkpoint
from app.audit.errors import AnchorNotWritten, AuditNotPublished
from app.audit.export import RecordedExport
from app.audit.models import StagedEntryRow
from app.audit.receipts import Publisher, Receipts
from app.installation import inspect
from app.kernel.actor import OPERATOR
from app.kernel.errors import StartRefused
from app.settings import Settings
from app.wiring import Services
from tests.support.log_keeping import record_entries
from tests.torture.form import ROOT


class _Nowhere:
    def keep(self, published: Checkpoint) -> None:  # noqa: ARG002 -- as of every anchor
        raise AnchorNotWritten


def _export(services: Services, settings: Settings, receipts: Receipts | None = None) -> RecordedExport:
    inspecting = inspect(settings, services.unit_of_work)
    assert inspecting.can_sign
    return RecordedExport(services.unit_of_work, receipts or services.audit.receipts, inspecting.export)


def test_an_export_holds_the_entry_that_says_so_and_another_says_how_many_went(
    services: Services, settings: Settings, tmp_path: Path
) -> None:
    record_entries(services, 3)
    trust = inspect(settings, services.unit_of_work).trust
    done = _export(services, settings).write(OPERATOR, tmp_path / "out", trust)
    entries = (tmp_path / "out" / "1" / "entries.jsonl").read_text().splitlines()
    assert len(entries) == done.entries
    begun = json.loads(entries[done.receipt.index])
    assert (begun["id"], begun["outcome"]) == (done.receipt.entry_id, "begun")
    services.audit.sequencer.catch_up()
    found = services.audit.proofs.newest()
    assert found.size == done.entries + 1
    mode = {file.stat().st_mode & 0o777 for file in (tmp_path / "out").rglob("*") if file.is_file()}
    assert mode == {0o600}


def test_what_was_set_aside_is_exported_and_the_tool_takes_it_for_no_tampering(
    services: Services, settings: Settings, tmp_path: Path
) -> None:
    with services.unit_of_work.begin(OPERATOR) as tx:
        rows = [{"id": "a", "entry": b"no entry"}, {"id": "b", "entry": b""}]
        tx.session.execute(insert(StagedEntryRow), rows)
    inspecting = inspect(settings, services.unit_of_work)
    _export(services, settings).write(OPERATOR, tmp_path / "out", inspecting.trust)
    assert len((tmp_path / "out" / "staged.jsonl").read_text().splitlines()) == 2
    assert run_path(str(ROOT / "tools" / "verify_audit.py"))["verify"](tmp_path / "out") == ([], [])


def test_what_cannot_be_put_on_record_is_not_exported(services: Services, settings: Settings, tmp_path: Path) -> None:
    desk = services.audit
    receipts = Receipts(services.unit_of_work, desk.proofs, Publisher(desk.sequencer, _Nowhere()), patience=0.2)
    with pytest.raises(AuditNotPublished):
        _export(services, settings, receipts).write(
            OPERATOR, tmp_path / "out", inspect(settings, services.unit_of_work).trust
        )
    assert not (tmp_path / "out").exists()


def test_an_export_follows_no_link_and_writes_over_nothing(
    services: Services, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    (tmp_path / "nowhere").symlink_to(tmp_path / "later")
    (tmp_path / "file").write_text("kept")
    inspecting = inspect(settings, services.unit_of_work)
    for name in ("link", "nowhere", "file", "file/below"):
        with pytest.raises(StartRefused):
            inspecting.export.write(tmp_path / name, inspecting.trust)
    assert (tmp_path / "file").read_text() == "kept"
    assert not any((tmp_path / "empty").iterdir())
