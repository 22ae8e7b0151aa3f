"""What a decision on a case does elsewhere: an appeal that is granted takes the first decision back, exactly.

Each is a step of the transaction in which another person decides. An appeal that is granted in part changes nothing by
itself: whoever decides it sees to what is softened.
"""

from collections.abc import Mapping

from app.accounts.domain import Sanction, SanctionKind
from app.accounts.restoring import Why, find_sanction, freeze_handle, overturn_sanction, release_handle
from app.accounts.sanctions import suspend_account
from app.accounts.service import get_account, sanction_in_force
from app.boards.moderators import lift_measure, measures_on
from app.db.unit_of_work import Transaction
from app.forums.service import hold_forum
from app.kernel.ids import AccountId
from app.reporting.decisions import FirstDecisions
from app.reporting.domain import AgainstKind, Case, TargetKind
from app.reporting.errors import NeedsAnotherPerson, NothingToAppeal
from app.reporting.handling import Decision, Effect
from app.reporting.outcomes import GRANTED, UPHELD
from app.screening.overturning import Overturning
from app.verification.errors import MisuseNotProved
from app.verification.forgiving import forgive_attempts
from app.verification.links import has_person
from app.verification.misuse import MisuseProofs

MISUSED = "冒用他人身份：此账号曾用他人的身份信息通过验证，已解除关联。"
"""What the holder of the account reads; it names nobody."""
GROUND = "《互联网跟帖评论服务管理规定》第四条"


class Effects:
    def __init__(self, decisions: FirstDecisions, overturning: Overturning, misuse: MisuseProofs) -> None:
        self._decisions = decisions
        self._overturning = overturning
        self._misuse = misuse

    def table(self) -> Mapping[AgainstKind | TargetKind, Effect]:
        """By what an appeal is against, and by what a complaint is about."""
        return {
            AgainstKind.SUSPENSION: self._lift_sanction,
            AgainstKind.BAN: self._lift_sanction,
            AgainstKind.REFUSED_VERIFICATION: self._forgive,
            AgainstKind.SCREENING_DECISION: self._let_pass,
            AgainstKind.MODERATOR_SANCTION: self._lift_measure,
            TargetKind.IDENTITY_MISUSE: self._cut,
        }

    def _lift_sanction(self, tx: Transaction, case: Case, decision: Decision) -> None:
        """Source: N15, lifted at once when cleared."""
        if decision.outcome != GRANTED:
            return
        account_id, ref = self._named(tx, case)
        found = find_sanction(tx, account_id, ref)
        if found is None or found.overturned_at is not None:
            return
        overturn_sanction(tx, case.forum_id, account_id, ref, Why(_because(case), case.id), has_person)
        account = get_account(tx, case.forum_id, account_id)
        if account.handle_frozen_at == found.imposed_at:
            release_handle(tx, account_id, case.id)

    def _forgive(self, tx: Transaction, case: Case, decision: Decision) -> None:
        if decision.outcome != GRANTED:
            return
        account_id, _ = self._named(tx, case)
        get_account(tx, case.forum_id, account_id, lock=True)
        forgive_attempts(tx, account_id, case.id)

    def _let_pass(self, tx: Transaction, case: Case, decision: Decision) -> None:
        if decision.outcome != GRANTED:
            return
        account_id, ref = self._named(tx, case)
        objection = self._overturning.find(tx, case.forum_id, account_id, ref)
        if objection is not None:
            self._overturning.let_pass(tx, objection, _because(case), case.id)

    def _lift_measure(self, tx: Transaction, case: Case, decision: Decision) -> None:
        if decision.outcome != GRANTED:
            return
        account_id, ref = self._named(tx, case)
        for measure in measures_on(tx, account_id):
            if measure.id == ref:
                lift_measure(tx, case.forum_id, measure.moderator_id, measure.id, _because(case), case.id)

    def _cut(self, tx: Transaction, case: Case, decision: Decision) -> None:
        """A complaint of misuse that is upheld, or upheld on its appeal. Raises `MisuseNotProved`. Source: N5."""
        if decision.outcome not in {UPHELD, GRANTED}:
            return
        account_id = case.target_account_id
        if account_id is None:
            raise MisuseNotProved
        hold_forum(tx, case.forum_id)
        account = get_account(tx, case.forum_id, account_id, lock=True)
        if not self._misuse.cut(tx, case.id, account_id):
            return
        freeze_handle(tx, account_id, case.id)
        sanction = sanction_in_force(tx, account_id)
        if account.closed_at is None and (sanction is None or sanction.kind is not SanctionKind.BAN):
            suspension = Sanction(SanctionKind.SUSPENSION, MISUSED, None, GROUND)
            suspend_account(tx, case.forum_id, account_id, suspension, has_person, case.id)

    def _named(self, tx: Transaction, case: Case) -> tuple[AccountId, str]:
        """What is to be taken back; what was so already, by its forum or another appeal, changes no more.

        Where nothing was found when the appeal came in, whatever stands by now, and was not imposed by the same member.
        Raises `NothingToAppeal`, `NeedsAnotherPerson`.
        """
        against = case.against
        if against is None or against.account_id is None:
            raise NothingToAppeal
        if against.ref is not None:
            return against.account_id, against.ref
        found = self._decisions.against(tx, case.forum_id, against.account_id, against.kind, None)
        if found is None:
            raise NothingToAppeal
        if found.staff_id == tx.actor.id:
            raise NeedsAnotherPerson
        return against.account_id, found.ref


def _because(case: Case) -> str:
    return f"申诉成立（{case.id}）"
