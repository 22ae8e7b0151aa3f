"""The one step by which every case comes in, complaint or appeal: found, sealed, on record, with its code."""

import unicodedata
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from app.accounts.domain import AccountName
from app.accounts.errors import AccountNotFound
from app.accounts.service import find_named
from app.audit import service as audit
from app.audit.domain import Action, ObjectKind
from app.boards.service import find_board
from app.boards.standings import boards_held_by, office_in
from app.crypto.envelope import Records
from app.crypto.mac import Mac, MacUse
from app.db.unit_of_work import Transaction
from app.events.catalogue import ComplaintPayload, EventType
from app.events.service import publish
from app.forums.errors import ForumNotFound
from app.forums.service import get_forum
from app.kernel.ids import AccountId, BoardId, ForumId, new_id
from app.kernel.secret import Secret
from app.reporting import recusal_rows
from app.reporting.case_rows import case_of
from app.reporting.case_texts import CaseTexts, channels_of, packed_contact, packed_evidence
from app.reporting.clocks import CLOCKS
from app.reporting.domain import PREFIX, Against, Case, CaseKind, Category, Contact, OnBehalf, Queue, Target, TargetKind
from app.reporting.errors import NoSuchForumToComplainOf
from app.reporting.models import CaseRow
from app.reporting.tracking import digest_of, new_tracking_code

_MODERATOR, _ACCOUNT = "mod_", "acc_"
_RECEIVED = {CaseKind.COMPLAINT: Action.COMPLAINT_RECEIVED, CaseKind.APPEAL: Action.APPEAL_RECEIVED}


@dataclass(frozen=True, slots=True)
class NamedTarget:
    """What a complaint is about, as somebody named it. `account` and `board` say whose it is, where they know."""

    kind: TargetKind
    ref: str = field(repr=False)
    account: str | None = field(default=None, repr=False)
    board: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class NewCase:
    """A case as it comes in. A complaint has `category` and `target`, an appeal has `against`."""

    kind: CaseKind
    forum_id: ForumId
    queue: Queue
    description: Secret[str]
    evidence: tuple[Secret[str], ...] = ()
    contact: Contact | None = None
    on_behalf: OnBehalf = OnBehalf.PERSON
    category: Category | None = None
    target: Target | None = None
    against: Against | None = None


@dataclass(frozen=True, slots=True)
class Filed:
    """What came of it. The code is told this once."""

    case: Case
    tracking_code: Secret[str]

    @property
    def received_at(self) -> datetime:
        return self.case.received_at

    @property
    def respond_by(self) -> datetime:
        return self.case.respond_by


class Filing:
    def __init__(self, records: Records, mac: Mac) -> None:
        self.texts = CaseTexts(records)
        self._mac = mac

    def digest(self, code: Secret[str]) -> bytes:
        """What a code is looked for by. Raises `TrackingCodeMistyped`."""
        return digest_of(self._mac, code)

    def target_digest(self, forum_id: ForumId, kind: TargetKind, ref: str) -> bytes:
        """By which cases about the same are found."""
        return self._mac.digest(MacUse.COMPLAINT_TARGET, forum_id, kind, _compared(ref))

    def file(self, tx: Transaction, new: NewCase) -> Filed:
        """A step. Raises `ConstraintViolated` where a proven appeal against the same is open already."""
        code, clock = new_tracking_code(), CLOCKS[new.queue]
        row = CaseRow(
            id=new_id(PREFIX[new.kind], tx.now),
            kind=new.kind,
            forum_id=new.forum_id,
            queue=new.queue,
            on_behalf=new.on_behalf,
            code_digest=self.digest(code),
            received_at=tx.now,
            respond_by=clock.decide_by(tx.now),
            next_by=clock.acknowledge_by(tx.now),
            measures=[],
            contact_channels=channels_of(new.contact),
            version=1,
        )
        self._seal(row, new)
        self._name(row, new)
        tx.session.add(row)
        tx.session.flush()
        case = case_of(row)
        audit.record(tx, _RECEIVED[new.kind], object_kind(case), case.id, reason=new.queue)
        announce(tx, case, EventType.COMPLAINT_RECEIVED)
        return Filed(case, code)

    def _seal(self, row: CaseRow, new: NewCase) -> None:
        row.sealed_description = self.texts.seal(row.id, "description", new.description)
        row.sealed_evidence = self.texts.seal(row.id, "evidence", packed_evidence(new.evidence))
        row.sealed_contact = self.texts.seal(row.id, "contact", packed_contact(new.contact))

    def _name(self, row: CaseRow, new: NewCase) -> None:
        if new.target is not None and new.category is not None:
            row.category, row.target_kind = new.category, new.target.kind
            row.target_account_id, row.target_board_id = new.target.account_id, new.target.board_id
            row.sealed_target_ref = self.texts.seal(row.id, "target_ref", Secret(new.target.ref))
            row.target_digest = self.target_digest(new.forum_id, new.target.kind, new.target.ref)
        if new.against is not None:
            row.against_kind, row.against_ref = new.against.kind, new.against.ref
            row.account_id, row.proven = new.against.account_id, new.against.proven
            row.against_decided_by = new.against.decided_by


def known_forum(tx: Transaction, forum_id: str) -> ForumId:
    """A step: also one that is cut off. Raises `NoSuchForumToComplainOf`."""
    if not forum_id.isascii() or "\0" in forum_id:
        raise NoSuchForumToComplainOf
    try:
        return get_forum(tx, ForumId(forum_id)).id
    except ForumNotFound:
        raise NoSuchForumToComplainOf from None


def found_target(tx: Transaction, forum_id: ForumId, named: NamedTarget) -> Target:
    """A step: whose it is, as far as that is known here. Whoever complains is told nothing of it."""
    account_id = account_named(tx, forum_id, named.account) if named.account else None
    board_id = _board(tx, forum_id, named.board) if named.board else None
    if named.kind is TargetKind.BOARD:
        board_id = _board(tx, forum_id, named.ref) or board_id
    if named.kind is TargetKind.MODERATOR and named.ref.startswith(_MODERATOR):
        office = office_in(tx, forum_id, named.ref)
        if office is not None:
            account_id, board_id = office.account_id, office.board_id
    elif named.kind in {TargetKind.ACCOUNT, TargetKind.MODERATOR, TargetKind.IDENTITY_MISUSE}:
        account_id = account_named(tx, forum_id, named.ref) or account_id
    return Target(named.kind, named.ref, account_id, board_id)


def object_kind(case: Case) -> ObjectKind:
    return ObjectKind.APPEAL if case.kind is CaseKind.APPEAL else ObjectKind.COMPLAINT


def announce(tx: Transaction, case: Case, event: EventType) -> None:
    """A step: tells the forum of a complaint, and never of whom or by whom. Source: L11, reporter protection."""
    if case.category is None:
        return
    ended = case.appeal_decided or case.decided
    payload = ComplaintPayload(
        case.id, case.category, case.queue, case.state, case.respond_by, ended.outcome if ended else None
    )
    publish(tx, case.forum_id, event, payload, subject=case.id)


def account_named(tx: Transaction, forum_id: ForumId, named: str) -> AccountId | None:
    """A step: by id, handle or the forum's own id.

    Where these are different accounts' it is the one from whom somebody would have to be kept: a member's own, or a
    moderator's. Source: L9.
    """
    names = [AccountName(handle=named), AccountName(external_id=named)]
    if named.startswith(_ACCOUNT):
        names.insert(0, AccountName(account_id=named))
    found: dict[AccountId, None] = {}
    for name in names:
        with suppress(AccountNotFound):
            found[find_named(tx, forum_id, name).id] = None
    if len(found) > 1:
        concerned = [one for one in found if recusal_rows.is_anybodys(tx.session, one) or boards_held_by(tx, [one])]
        return next(iter(concerned or found))
    return next(iter(found), None)


def _board(tx: Transaction, forum_id: ForumId, named: str) -> BoardId | None:
    board = find_board(tx, forum_id, named)
    return board.id if board else None


def _compared(ref: str) -> str:
    return unicodedata.normalize("NFKC", ref).strip().casefold()
