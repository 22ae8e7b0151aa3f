"""Among several logs none is put in, none goes on after its end, and no honest recovery is an alarm for ever."""

import pytest

from app.audit.anchor_lines import anchor_line
from app.audit.checkpoint import Checkpoint, sign_checkpoint
from app.audit.errors import HeadNotWritten
from app.audit.findings import Kind, Outcome
from app.audit.tree import EMPTY_ROOT
from app.kernel.actor import OPERATOR
from tests.support.anchored import House, lose
from tests.support.clock import TODAY
from tests.support.log_keeping import put_back, rows_of_the_log


def _assert_clean(house: House, *, declared: int) -> None:
    report = house.look()
    assert (report.findings, report.outcome, len(report.declared)) == ([], Outcome.CLEAN, declared)


def test_a_log_that_was_put_before_all_others_is_found(house: House) -> None:
    house.forge(house.services.audit.sequencer.new_log(0), 3)
    report = house.look()
    forged, ours = (log.origin for log in report.logs)
    found = {(one.kind, one.origin, one.number) for one in report.tampering}
    assert found == {(Kind.HISTORY_REWRITTEN, forged, 0), (Kind.HISTORY_REWRITTEN, ours, 0)}


def test_a_log_that_was_put_before_all_others_is_found_though_the_heads_vouch_for_it(house: House) -> None:
    forged = house.forge(house.services.audit.sequencer.new_log(0), 3)
    heads = house.settings.audit_directory() / "audit-heads.notes"
    heads.write_text(anchor_line(sign_checkpoint(forged, house.signer), TODAY) + "\n", encoding="utf-8")
    assert house.kinds() == [(Kind.HISTORY_REWRITTEN, 0)]


def test_a_log_between_two_others_that_nothing_vouches_for_is_found(house: House) -> None:
    lose(house)
    house.recover()
    house.bend(
        "INSERT INTO audit_origins (id, name, began_at) SELECT 3, 'x/audit/1', began_at FROM audit_origins LIMIT 1"
    )
    assert (Kind.HISTORY_REWRITTEN, 0) in house.kinds()


def test_a_log_that_has_ended_goes_on_no_further(house: House) -> None:
    house.head.unlink()
    end = house.recover().old
    assert end
    _assert_clean(house, declared=0)
    house.forge(house.open(1), 5)
    assert house.kinds() == [(Kind.HISTORY_REWRITTEN, end.size)]
    assert house.kinds(anchored=False) == [(Kind.HISTORY_REWRITTEN, end.size)]


def test_the_same_backup_put_back_again_and_again_is_declared_whole(house: House) -> None:
    yesterday = rows_of_the_log(house.services)
    for times in (1, 2, 3):
        lost = house.grow(7 + times)
        house.services.audit.anchors.anchor_now()
        put_back(house.services, yesterday)
        assert house.recover().old == lost
        house.services.audit.sequencer.catch_up()
        house.services.audit.anchors.anchor_now()
        _assert_clean(house, declared=times)


def test_a_backup_of_before_an_earlier_recovery_is_declared_whole_too(house: House) -> None:
    before = rows_of_the_log(house.services)
    lose(house)
    house.recover()
    house.grow(3)
    between = rows_of_the_log(house.services)
    house.grow(5)
    house.services.audit.anchors.anchor_now()
    put_back(house.services, between)
    house.recover()
    _assert_clean(house, declared=2)
    put_back(house.services, before)
    house.head.write_text("?")
    house.recover()
    _assert_clean(house, declared=3)


def test_what_only_the_database_had_signed_is_kept_outside_before_another_log_begins(house: House) -> None:
    house.grow(9)  # no anchor has it
    house.head.unlink()
    house.recover()
    _assert_clean(house, declared=0)


def test_a_recovery_that_was_killed_and_whose_head_is_gone_is_no_alarm(house: House) -> None:
    house.head.unlink()
    in_the_way = house.head.with_suffix(".tmp")
    in_the_way.mkdir()
    with pytest.raises(HeadNotWritten):
        house.services.audit.recovery.recover(OPERATOR)
    in_the_way.rmdir()
    house.recover()
    assert len(house.look().logs) == 3
    _assert_clean(house, declared=0)


def test_a_recovery_of_several_logs_that_was_killed_before_its_head_file_is_finished(house: House) -> None:
    yesterday = rows_of_the_log(house.services)
    lose(house)
    house.recover()
    put_back(house.services, yesterday)
    in_the_way = house.head.with_suffix(".tmp")
    in_the_way.mkdir()
    with pytest.raises(HeadNotWritten):
        house.services.audit.recovery.recover(OPERATOR)
    in_the_way.rmdir()
    house.recover()
    assert len(house.look().logs) == 2
    _assert_clean(house, declared=2)


def test_litter_hides_no_log_and_does_not_say_which_one_was_the_last(house: House) -> None:
    yesterday = rows_of_the_log(house.services)
    lost = lose(house)
    house.recover()
    last = house.grow(2)
    house.services.audit.anchors.anchor_now()
    strange = Checkpoint("x/audit/1", 1, EMPTY_ROOT)
    house.anchor(*(line for line in house.anchors.read_text().splitlines() if lost.origin in line))  # said again
    house.anchor(*["litter"] * 100_000)
    put_back(house.services, yesterday)
    house.head.unlink()
    recovered = house.recover()
    assert recovered.old == lost
    declared = house.look().declared
    assert any(last.origin in said for said in declared)
    assert not any(strange.origin in said for said in declared)


def test_how_much_of_a_declared_loss_something_outside_agrees_with_is_told(house: House) -> None:
    agreed = house.sizes()[-1]
    house.grow(5)
    lose(house)
    house.recover()
    assert f"agrees with the first {agreed} of them" in house.look().declared[0]
