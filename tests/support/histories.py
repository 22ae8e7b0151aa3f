"""Random histories of an account in two offices, through the real services, compared with the model step by step."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from sqlalchemy import select

from app.accounts.domain import Account, AccountName
from app.agreements.domain import AcceptanceChannel, AgreementKind
from app.boards.domain import BoardChange, ModeratorFilter, ModeratorView, NewBoard, OrderScope, ScopeKind, Step
from app.boards.filing import change_terms
from app.boards.models import ModeratorRow
from app.boards.schedules import ModeratorState
from app.boards.terms import WantedTerms, Why
from app.forums.service import hold_every_forum
from app.kernel.actor import OPERATOR
from app.kernel.ids import ModeratorId
from app.posting.domain import PostingScope, Use
from app.posting.errors import PostingDenied
from app.verification.domain import IdentityLevel
from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.desk import Desk
from tests.support.forum import sandbox_number
from tests.support.obligations import Asked, Judged, Obligations, Placed, end_of_day_after

_POWERLESS = {"suspended", "ended"}
_TICK = timedelta(microseconds=1)
_BIRTH = "19850101"


@dataclass
class Office:
    """One appointment, and what the model knows of it."""

    board: str
    id: ModeratorId
    model: Obligations
    sanction_id: str = ""


@dataclass
class History:
    """One forum and one person in it. `told` is what happened, for whoever reads a failure."""

    services: Services
    clock: FakeClock
    random: Random
    number: int
    offices: list[Office] = field(default_factory=list)
    told: list[tuple[str, datetime]] = field(default_factory=list)

    def begin(self) -> None:
        """A founder of two boards, at two moments."""
        self._desk = Desk(self.services, self.services.forums.add(OPERATOR, "测试论坛").forum_id)
        self._phone = f"1400000{1000 + self.number:04}"
        self._document = sandbox_number(self.number, _BIRTH)
        self._account: Account = self._desk.on_file("山间清风", self._phone, self._document)
        proved_at = self.clock.now()
        for kind in AgreementKind:
            version = self.services.agreements.current(kind).version
            self.services.agreements.accept(OPERATOR, self._account.id, kind, version, AcceptanceChannel.FORUM)
        for slug in ("tea", "chess"):
            new = NewBoard(slug, "茶馆", "喝茶聊天", WantedTerms(frozenset()), IdentityLevel.PHONE)
            self.services.boards.create(OPERATOR, self._desk.forum_id, new, self._name)
            self.clock.advance(hours=self.random.randrange(1, 200))
        for view in self._listed():
            appointment = view.standing.appointment
            model = Obligations(appointment.filed_at, [proved_at], self._asked_of_all())
            self.offices.append(Office(view.board.slug, appointment.id, model))
        self._begun = self._latest = self.clock.now()
        self.compare()

    def _asked_of_all(self) -> list[Asked]:
        """What the operator asked of all forums in lives before this one."""
        made = self.services.term_changes.history(None, None, 10_000)[::-1]
        of_all = [one.change for one in made if one.forum_id is None]
        return [Asked(one.effective_at, False, one.interval_days, one.grace_days, everywhere=True) for one in of_all]

    def live(self, steps: int) -> None:
        acts = (
            *(self._prove, self._order, self._change_terms, self._cancel_or_lift, self._sweep, self._sweep),
            *(self._to_an_edge, self._to_an_edge, self._ahead, self._back),
        )
        for _ in range(steps):
            act = self.random.choice(acts)
            act()
            self.told.append((act.__name__, self.clock.now()))
            self.compare()

    def end(self) -> None:
        """No sweep looks at it any more."""
        for office in self.offices:
            if not office.model.ended:
                self.services.moderators.end(OPERATOR, self._desk.forum_id, office.id, "到此为止")

    def compare(self) -> None:
        now, listed = self.clock.now(), {view.standing.appointment.id: view for view in self._listed()}
        chosen = self.random.choice(self.offices)
        state = chosen.model.judge(now).state
        assert self._may_moderate(chosen) == (state not in _POWERLESS), (self.told, chosen)
        if not self._before_terms_that_held(now):
            found_by_state = {view.standing.appointment.id for view in self._listed(ModeratorState(state))}
            assert chosen.id in found_by_state, self.told
        for office in self.offices:
            judged = office.model.judge(now)
            assert (office.id in listed) == (judged.state != "ended"), self.told
            if office.id in listed:
                standing = listed[office.id].standing
                found = Judged(standing.state, standing.deadline.due_at, standing.deadline.suspends_at)
                assert found == judged, (self.told, office)
        self._compare_rows(now)

    def _compare_rows(self, now: datetime) -> None:
        """What is stored to search by is never later than what is so; after a look, what was told of powers is so."""
        if self._before_terms_that_held(now):
            return
        with self.services.unit_of_work.read() as tx:
            query = select(ModeratorRow).filter_by(forum_id=self._desk.forum_id, ended_at=None)
            rows = {row.id: row for row in tx.session.scalars(query)}
        for office in self.offices:
            judged = office.model.judge(now)
            if judged.state == "ended":
                continue
            row = rows[office.id]
            assert row.due_at <= judged.due, (self.told, row.due_at, judged)
            assert row.suspends_at <= judged.suspends, (self.told, row.suspends_at, judged)
            if self.told and self.told[-1][0] == "_sweep":
                assert (row.told_state == "suspended") == (judged.state == "suspended"), (self.told, row.told_state)

    def _before_terms_that_held(self, now: datetime) -> bool:
        """Whether the clock was set back behind terms that were in force already: a worker may have gone by them."""
        self._latest = max(now, self._latest)
        return any(now < asked.since <= self._latest for office in self.offices for asked in office.model.asked)

    def _prove(self) -> None:
        assert self._desk.prove(self._account, self._phone).outcome == "verified"
        assert self._desk.check(self._account, self._document).outcome == "verified"
        for office in self.offices:
            office.model.proofs.append(self.clock.now())

    def _order(self) -> None:
        office, days = self.random.choice(self.offices), self.random.choice((0, 1, 3, 7, 30, 60))
        scope = self.random.choice(
            [
                OrderScope(ScopeKind.BOARD, office.board),
                OrderScope(ScopeKind.ACCOUNT, self._account.id),
                OrderScope(ScopeKind.ALL),
                *([] if office.model.ended else [OrderScope(ScopeKind.MODERATOR, office.id)]),
            ]
        )
        now, forum_id = self.clock.now(), self._desk.forum_id
        placed = self.services.reverifications.order(OPERATOR, forum_id, scope, "年度核验", days)
        due = end_of_day_after(now, days) if days else now
        everybody = scope.kind in {ScopeKind.ACCOUNT, ScopeKind.ALL}
        concerned = [one for one in self.offices if (everybody or one is office) and not one.model.ended]
        for one in concerned:
            one.model.orders.append(Placed(now, due, len(one.model.proofs)))
        assert (placed.affected, placed.order.due_at) == (len(concerned), due)

    def _change_terms(self) -> None:
        random = self.random
        interval, grace = random.choice((None, 30, 45, 60, 180, 365)), random.choice((None, 0, 3, 14, 60))
        wanted = WantedTerms(frozenset({"interval_days", "grace_days"}), interval, grace)
        if random.random() < 0.5:
            office, since = random.choice(self.offices), self.clock.now()
            change = BoardChange(terms=wanted)
            self.services.boards.change(OPERATOR, self._desk.forum_id, office.board, change)
            office.model.asked.append(Asked(since, True, interval, grace))
            return
        since = self.clock.now() + timedelta(days=random.choice((0, 0, 1, 30, 45)))
        everywhere = random.random() < 0.3
        if everywhere:
            with self.services.unit_of_work.begin(OPERATOR) as tx:
                hold_every_forum(tx)
                change_terms(tx, None, None, wanted, since, Why("design"))
        else:
            self.services.boards.set_forum_terms(OPERATOR, self._desk.forum_id, wanted, since, "design")
        for office in self.offices:
            office.model.asked.append(Asked(since, False, interval, grace, everywhere))

    def _cancel_or_lift(self) -> None:
        office, forum_id, moderators = self.random.choice(self.offices), self._desk.forum_id, self.services.moderators
        if office.model.ended:
            moderators.lift(OPERATOR, forum_id, office.id, office.sanction_id, "误判")
        else:
            imposed = moderators.sanction(OPERATOR, forum_id, office.id, Step.CANCEL, "失职", "L6e")
            office.sanction_id = imposed.id
        office.model.ended = not office.model.ended

    def _sweep(self) -> None:
        """At some time: a worker looks at who is overdue every five minutes."""
        self.clock.advance(minutes=6)
        while self.services.sweeps.look():
            pass

    def _to_an_edge(self) -> None:
        """Exactly to where something changes, or a moment before."""
        now = self.clock.now()
        judged = self.random.choice(self.offices).model.judge(now)
        edges = [judged.due - timedelta(days=days) for days in (30, 22, 15, 7, 1, 0)] + [judged.suspends]
        ahead = [edge - tick for edge in edges for tick in (_TICK, timedelta()) if edge - tick > now]
        if ahead:
            self.clock.advance(seconds=(self.random.choice(ahead) - now) / timedelta(seconds=1))

    def _ahead(self) -> None:
        self.clock.advance(seconds=self.random.random() * self.random.choice((3_600, 86_400, 90 * 86_400)))

    def _back(self) -> None:
        """The clock is set back, as far as to the beginning at most."""
        latest = (self.clock.now() - self._begun) / timedelta(seconds=1)
        self.clock.advance(seconds=-min(latest, self.random.random() * self.random.choice((3_600, 40 * 86_400))))

    @property
    def _name(self) -> AccountName:
        return AccountName(account_id=self._account.id)

    def _listed(self, state: ModeratorState | None = None) -> list[ModeratorView]:
        return self.services.moderators.list_all(ModeratorFilter(self._desk.forum_id, state=state, limit=10))

    def _may_moderate(self, office: Office) -> bool:
        use = Use((PostingScope.MODERATE,), office.board)
        try:
            self.services.posting.issue(self._desk.forum_id, self._name, use)
        except PostingDenied:
            return False
        return True
