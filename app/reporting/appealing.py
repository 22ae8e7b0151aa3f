"""Use cases of who was acted on: what can be appealed and how, and the appeal itself.

Whoever comes without the link of a refusal learns nothing of the account: what they send is taken in, whatever stands
behind the name. Source: N15, `docs/appeals.md`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from app.accounts.domain import AccountName
from app.accounts.errors import AccountNotFound
from app.accounts.service import find_named
from app.db.unit_of_work import ConstraintViolated, Transaction, UnitOfWork
from app.kernel.errors import FieldError, Invalid
from app.kernel.ids import AccountId, ForumId, StaffId
from app.kernel.secret import Secret
from app.kernel.sentence import Sentence
from app.posting.domain import OpenedTicket
from app.posting.errors import RemedyPlace
from app.reporting import case_rows
from app.reporting.decisions import FirstDecision, FirstDecisions
from app.reporting.desk import complainant
from app.reporting.domain import Against, AgainstKind, Case, CaseKind, Contact, Queue
from app.reporting.errors import AlreadyAppealed, NothingToAppeal
from app.reporting.filing import Filed, Filing, NewCase, known_forum
from app.reporting.given import read_evidence, read_text, refuse_unusable_contact
from app.reporting.notices import BRING

_TICKET_DEAD = FieldError(
    "/ticket",
    "expired",
    Sentence(
        "这个链接已失效。回到论坛重新打开，或不带链接、写明账号提交。",
        "This link no longer works. Open it again from the forum, or send the appeal without it and name the account.",
    ),
)
_OTHER_FORUM = FieldError(
    "/ticket", "not-allowed", Sentence("链接属于另一个论坛。", "This link belongs to another forum.")
)
_BY_ITS_CODE = FieldError(
    "/against/kind",
    "not-allowed",
    Sentence(
        "对投诉结果的申诉凭追踪码提交：/v1/complaints/appeal。",
        "Appeal against the outcome of a complaint with its tracking code, at /v1/complaints/appeal.",
    ),
)
OpenTicket = Callable[[str], OpenedTicket | None]


@dataclass(frozen=True, slots=True)
class NewAppeal:
    """An appeal as it was sent: by the ticket of a refusal, or naming the account."""

    forum_id: str
    kind: AgainstKind
    grounds: Secret[str]
    ref: str | None = field(default=None, repr=False)
    account: AccountName | None = field(default=None, repr=False)
    ticket: str | None = field(default=None, repr=False)
    contact: Contact | None = None
    evidence: tuple[Secret[str], ...] = ()


@dataclass(frozen=True, slots=True)
class AppealNotice:
    """What was decided against an account, why, on what ground, what to bring, and whether an appeal waits already."""

    kind: AgainstKind
    ref: str
    reason: str | None
    ground: str | None
    since: datetime | None
    until: datetime | None
    bring: Sentence
    appealed: bool


class Appeals:
    def __init__(
        self, unit_of_work: UnitOfWork, filing: Filing, decisions: FirstDecisions, open_ticket: OpenTicket
    ) -> None:
        self._unit_of_work = unit_of_work
        self._filing = filing
        self._decisions = decisions
        self._open_ticket = open_ticket

    def file(self, new: NewAppeal, request_id: str | None = None) -> Filed:
        """Takes an appeal from anybody; with a ticket it is proven to be the account's own.

        Raises `NoSuchForumToComplainOf`, `Invalid`, and for a proven one `NothingToAppeal`, `AlreadyAppealed`.
        """
        if new.kind is AgainstKind.COMPLAINT_OUTCOME:
            raise Invalid([_BY_ITS_CODE])
        if new.ticket is None:
            return self._file(new, None, request_id)
        opened = self._open_ticket(new.ticket)
        if opened is None or opened.place is not RemedyPlace.APPEAL:
            raise Invalid([_TICKET_DEAD])
        if opened.forum_id != new.forum_id:
            raise Invalid([_OTHER_FORUM])
        return self._file(new, opened.account_id, request_id)

    def file_own(self, new: NewAppeal, account_id: AccountId, request_id: str | None = None) -> Filed:
        """Likewise from the person's own page, where it was proved that the account is theirs."""
        return self._file(new, account_id, request_id)

    def notices(self, forum_id: ForumId, account_id: AccountId) -> list[AppealNotice]:
        """What stands against an account, for its own person: the newest of each kind. Source: N15."""
        with self._unit_of_work.read() as tx:
            found = self._decisions.all_against(tx, forum_id, account_id)
            return [_notice(tx, kind, decision) for kind, decision in found.items()]

    def first_decision(self, case: Case) -> FirstDecision | None:
        """What an appeal is against, for whoever handles it; None where it was taken back, or nothing was found."""
        against = case.against
        if against is None or against.account_id is None:
            return None
        with self._unit_of_work.read() as tx:
            return self._decisions.against(tx, case.forum_id, against.account_id, against.kind, against.ref)

    def _file(self, new: NewAppeal, own: AccountId | None, request_id: str | None) -> Filed:
        new = _readable(new)
        try:
            with self._unit_of_work.begin(complainant(request_id)) as tx:
                forum_id = known_forum(tx, new.forum_id)
                against = self._against(tx, forum_id, new, own)
                case = NewCase(CaseKind.APPEAL, forum_id, Queue.APPEALS, new.grounds, new.evidence, new.contact)
                return self._filing.file(tx, replace(case, against=against))
        except ConstraintViolated:
            raise AlreadyAppealed from None

    def _against(self, tx: Transaction, forum_id: ForumId, new: NewAppeal, own: AccountId | None) -> Against:
        """What is appealed against; of an account that is proven to be one's own it must be there.

        Raises `NothingToAppeal`.
        """
        account_id = own or _named(tx, forum_id, new.account)
        found = self._decisions.against(tx, forum_id, account_id, new.kind, new.ref) if account_id else None
        if own is not None and found is None:
            raise NothingToAppeal
        by, ref = _member(found), found.ref if found else None
        return Against(new.kind, ref, account_id, proven=own is not None, decided_by=StaffId(by) if by else None)


def _readable(new: NewAppeal) -> NewAppeal:
    """Raises `Invalid`."""
    refuse_unusable_contact(new.contact)
    return replace(new, grounds=read_text("/grounds", new.grounds), evidence=read_evidence(new.evidence))


def _notice(tx: Transaction, kind: AgainstKind, found: FirstDecision) -> AppealNotice:
    waits = case_rows.own_appeal_waits(tx.session, kind, found.ref)
    return AppealNotice(kind, found.ref, found.reason, found.ground, found.since, found.until, BRING[kind], waits)


def _named(tx: Transaction, forum_id: ForumId, name: AccountName | None) -> AccountId | None:
    if name is None:
        return None
    try:
        return find_named(tx, forum_id, name).id
    except AccountNotFound:
        return None


def _member(found: FirstDecision | None) -> str | None:
    """Of the staff, who took the first decision; a forum's backend hears no appeal anyway."""
    return found.staff_id if found else None
