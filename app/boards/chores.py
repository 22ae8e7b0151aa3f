"""Use cases of the background beside the clock: texts, risks, boards about to be left alone, the forum's own lists."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from app import policies
from app.boards import order_rows, repository, sweep_rows
from app.boards.announcements import announce_board, last_day
from app.boards.domain import Cause, OrderScope, ScopeKind
from app.boards.orders import place_order
from app.boards.schedules import day_of, end_of
from app.boards.service import attended_until
from app.boards.standings import standings_of
from app.crypto.mac import Mac, MacUse
from app.db.unit_of_work import Transaction, UnitOfWork
from app.events.catalogue import EventType, ReconciliationPayload
from app.events.service import hearing, publish
from app.forums.service import get_forum
from app.kernel.actor import SYSTEM
from app.kernel.ids import AccountId
from app.verification.progress import RecycledPhone, recycled_phones

TextPerson = Callable[[AccountId, str, str], bool]
"""Sends words to the phone on record for the person behind an account, under a message id; whether they went out."""
_RISK_REACH = timedelta(days=policies.RISK_REACH.value)
_LONGEST_DELAY = timedelta(hours=policies.EVENT_LONGEST_DELAY.value)
_UNATTENDED = timedelta(days=policies.UNATTENDED_NOTICE.value)
_EVERY = timedelta(days=policies.RECONCILIATION_EVERY.value)
_MICROSECOND = timedelta(microseconds=1)
_AT_ONCE = 100
_RISKS_AT_ONCE = 500
_RECYCLED = "绑定的手机号已归他人使用 / the phone on record belongs to somebody else now"


class Chores:
    def __init__(self, unit_of_work: UnitOfWork, mac: Mac, text_person: TextPerson) -> None:
        self._unit_of_work = unit_of_work
        self._mac = mac
        self._text_person = text_person

    def text_reminders(self) -> int:
        """Texts reminders to phones on record, each once at most: whether one arrived nobody knows."""
        with self._unit_of_work.read() as tx:
            if not sweep_rows.any_to_text(tx.session):
                return 0
        with self._unit_of_work.begin(SYSTEM) as tx:
            taken = sweep_rows.claim_to_text(tx.session, policies.TEXTED_AT_ONCE.value)
            forums = {one.forum_id: get_forum(tx, one.forum_id).name for one in taken}
            boards = repository.boards_named(tx.session, {one.board_id for one in taken})
        failed = []
        for one in taken:
            place = f"{forums[one.forum_id]}“{boards[one.board_id].name}”"
            words = f"【实名】你在{place}任版主，请在 {last_day(one.due_at)} 结束前完成定期核验。"
            if not self._text_person(one.account_id, words, f"reminder-{one.history_id}"):
                failed.append(one.history_id)
        if failed:
            with self._unit_of_work.begin(SYSTEM) as tx:
                sweep_rows.note_texting(tx.session, failed, sweep_rows.NOT_TEXTED)
        return len(taken)

    def order_for_risks(self) -> int:
        """Has moderators re-verify whose phone has become somebody else's; one order for each. Source: L8d.

        Each within `EVENT_LONGEST_DELAY`, at a time of its own: two forums that compare notes find no common moment.
        """
        with self._unit_of_work.read() as tx:
            found = self._risks_to_order_for(tx)
        placed = 0
        for risk in found:
            with self._unit_of_work.begin(SYSTEM) as tx:
                in_office = repository.of_accounts(tx.session, [risk.account_id])
                if not in_office or _known(tx, [risk]):
                    continue
                due_at = end_of(day_of(tx.now) + policies.RISK_ORDER.value)
                scope = OrderScope(ScopeKind.ACCOUNT, risk.account_id)
                forum_id = in_office[0].forum_id
                place_order(tx, forum_id, scope, Cause.PHONE_RECYCLED, _RECYCLED, due_at, risk.ref)
                placed += 1
        return placed

    def _risks_to_order_for(self, tx: Transaction) -> list[RecycledPhone]:
        """Those of moderators whose time has come and for which nothing was ordered yet."""
        risks = [
            risk
            for risk in recycled_phones(tx, tx.now - _RISK_REACH)
            if tx.now >= risk.frozen_at + self._delay_of(risk.ref)
        ]
        found = []
        for begin in range(0, len(risks), _RISKS_AT_ONCE):
            some = risks[begin : begin + _RISKS_AT_ONCE]
            offices = repository.of_accounts(tx.session, {risk.account_id for risk in some})
            in_office, known = {office.account_id for office in offices}, _known(tx, some)
            found += [risk for risk in some if risk.account_id in in_office and risk.ref not in known]
        return found

    def _delay_of(self, ref: str) -> timedelta:
        """The same whenever it is asked, and nobody outside can tell it."""
        seed = int.from_bytes(self._mac.digest(MacUse.RISK_DELAY, ref)[:8])
        return timedelta(microseconds=seed % (_LONGEST_DELAY // _MICROSECOND))

    def warn_of_unattended_boards(self) -> int:
        """Tells forums which boards lose their last working moderator within `UNATTENDED_NOTICE`, once for each date.

        How many boards were looked at.
        """
        with self._unit_of_work.begin(SYSTEM) as tx:
            found = sweep_rows.boards_losing_everybody(tx.session, tx.now + _UNATTENDED, _AT_ONCE)
            for one in found:
                until = attended_until(standings_of(tx, repository.of_boards(tx.session, [one.board.id])))
                at = tx.now if until is None else until
                is_ours = sweep_rows.note_unattended(tx.session, one, max(at, one.no_earlier))
                if is_ours and at <= tx.now + _UNATTENDED and (one.told is None or at > one.told):
                    announce_board(tx, EventType.BOARD_UNATTENDED, one.board, at)
            return len(found)

    def ask_for_lists(self) -> int:
        """Asks forums once a day for their own list of each board's moderators. Source: L8c."""
        with self._unit_of_work.begin(SYSTEM) as tx:
            forums = hearing(tx, EventType.RECONCILIATION_REQUESTED)
            boards = sweep_rows.claim_to_reconcile(tx.session, forums, tx.now, _EVERY, _AT_ONCE) if forums else []
            for board in boards:
                payload = ReconciliationPayload(board.id, board.slug)
                publish(tx, board.forum_id, EventType.RECONCILIATION_REQUESTED, payload, subject=board.id)
            return len(boards)


def _known(tx: Transaction, risks: Sequence[RecycledPhone]) -> set[str]:
    return order_rows.known_refs(tx.session, Cause.PHONE_RECYCLED, [risk.ref for risk in risks])
