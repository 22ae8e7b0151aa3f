"""What watches every test does see a change without its entry."""

from sqlalchemy import update

from app.accounts.models import AccountRow
from app.db.unit_of_work import UnitOfWork
from app.kernel.actor import OPERATOR
from app.wiring import Services
from tests.support import on_record
from tests.support.desk import Desk


def _as_a_use_case(source: str, unit_of_work: UnitOfWork) -> None:
    """Runs code that says it stands in the service."""
    space = {"unit_of_work": unit_of_work, "update": update, "AccountRow": AccountRow, "OPERATOR": OPERATOR}
    exec(compile(source, f"{on_record._APP}accounts/made_up.py", "exec"), space)  # noqa: S102 -- written below


def test_a_change_without_its_entry_is_seen_and_one_that_is_taken_back_is_none(services: Services) -> None:
    Desk(services, services.forums.add(OPERATOR, "测试论坛").forum_id).account("山间清风")
    change = "def change():\n with unit_of_work.begin(OPERATOR) as tx:\n  tx.session.execute(update(AccountRow)"
    _as_a_use_case(f"{change}.values(external_id='1'))\nchange()", services.unit_of_work)
    assert on_record.unrecorded == ["accounts.made_up.change wrote accounts"]
    on_record.unrecorded.clear()
    _as_a_use_case(f"{change}.where(AccountRow.id == '').values(external_id='2'))\nchange()", services.unit_of_work)
    again = f"{change}.values(external_id='3'))\n  raise KeyError\ntry:\n change()\nexcept KeyError:\n pass"
    _as_a_use_case(again, services.unit_of_work)
    assert on_record.unrecorded == []
