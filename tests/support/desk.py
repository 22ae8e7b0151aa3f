"""The use cases of verification without HTTP and without Argon2: for tests that start a hundred of them at once."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from app.accounts import repository as accounts
from app.accounts.domain import Account, AccountName, Profile, Sanction, SanctionKind
from app.accounts.models import AccountRow
from app.accounts.service import find_named
from app.agreements.domain import AcceptanceChannel, AgreementKind
from app.boards.domain import BoardView, NewBoard
from app.boards.terms import WantedTerms
from app.crypto.blind_index import IndexValue
from app.db.unit_of_work import Transaction
from app.forums.service import hold_forum
from app.kernel.actor import OPERATOR
from app.kernel.ids import AccountId, ForumId, VerificationId
from app.kernel.secret import Secret
from app.verification.codes import PhoneRequest
from app.verification.documents import DocumentType
from app.verification.domain import IdentityLevel, InnerReason, Link, Method, Verification
from app.verification.links import DocumentProof
from app.verification.models import LinkRow, SlotRow, VerificationRow
from app.verification.service import AskedProvider, GivenDocument, _record
from app.wiring import Services
from tests.support.forum import NAME

CODE = "123456"


def quick_index(scheme: str, number: Secret[str]) -> IndexValue:
    return IndexValue(scheme, "1", sha256(number.reveal().encode()).digest())


@dataclass(frozen=True)
class Desk:
    """One forum of an installation. `index` stands for the slow one, and may be it."""

    services: Services
    forum_id: ForumId
    index: Callable[[str, Secret[str]], IndexValue] = quick_index

    def account(self, handle: str, external_id: str | None = None) -> Account:
        return self.services.accounts.register(OPERATOR, self.forum_id, handle, external_id, Profile())

    def text(self, account: Account, phone: str) -> VerificationId:
        """A code on its way to a phone, whatever the limits of texts say."""
        codes, request = self.services.codes, PhoneRequest(self.forum_id, account.id, Secret(phone))
        with self.services.unit_of_work.begin(OPERATOR) as tx:
            return codes._stage(tx, request, self.index("phone", request.phone), Secret(CODE))

    def enter(self, verification_id: VerificationId) -> Verification:
        return self.services.codes.confirm(OPERATOR, self.forum_id, verification_id, Secret(CODE))

    def prove(self, account: Account, phone: str) -> Verification:
        return self.enter(self.text(account, phone))

    def ask(self, account: Account, number: str) -> AskedProvider:
        """A document check whose answer is here and not yet settled."""
        checks, name = self.services.verifications, AccountName(account_id=account.id)
        given = GivenDocument(DocumentType.RESIDENT_ID, Secret(number), Secret(NAME))
        request = checks.prepare(self.forum_id, name, Method.ID2, given)
        return checks.ask(checks.start(OPERATOR, request, lambda _tx, _begun: None))

    def settle(self, asked: AskedProvider) -> Verification:
        return self.services.verifications.settle(OPERATOR, asked, self._index_of(asked))

    def check(self, account: Account, number: str) -> Verification:
        return self.settle(self.ask(account, number))

    def on_file(self, handle: str, phone: str, number: str) -> Account:
        """An account whose person has this phone and this document."""
        account = self.account(handle)
        assert self.prove(account, phone).outcome == "verified"
        assert self.check(account, number).outcome == "verified"
        return account

    def bind(self, account: Account) -> None:
        """By the moderator agreement."""
        agreements, kind = self.services.agreements, AgreementKind.MODERATOR
        agreements.accept(OPERATOR, account.id, kind, agreements.current(kind).version, AcceptanceChannel.FORUM)

    def moderator_to_be(self, handle: str, number: str, external_id: str | None = None) -> Account:
        """Verified by document and bound by the moderator agreement."""
        account = self.account(handle, external_id)
        assert self.check(account, number).outcome == "verified"
        self.bind(account)
        return account

    def board(self, founder: Account, slug: str) -> BoardView:
        new = NewBoard(slug, "茶馆", "", WantedTerms(frozenset()), IdentityLevel.PHONE)
        return self.services.boards.create(OPERATOR, self.forum_id, new, AccountName(account_id=founder.id))

    def ban(self, account: Account) -> frozenset[AccountId]:
        """Bans an account; gives the accounts for which its person answered at that moment."""
        with self.services.unit_of_work.begin(OPERATOR) as tx:
            return self.ban_in(tx, account)

    def suspend(self, account: Account) -> None:
        with self.services.unit_of_work.begin(OPERATOR) as tx:
            hold_forum(tx, self.forum_id)
            accounts.impose_sanction(tx.session, account.id, Sanction(SanctionKind.SUSPENSION, "刷屏", None), tx.now)

    def ban_in(self, tx: Transaction, account: Account) -> frozenset[AccountId]:
        hold_forum(tx, self.forum_id)
        accounts.lift_sanction(tx.session, account.id, tx.now, "replaced")
        accounts.impose_sanction(tx.session, account.id, Sanction(SanctionKind.BAN, "刷屏", None), tx.now)
        return _answers_for(tx, account)

    def link_in(self, tx: Transaction, asked: AskedProvider) -> None:
        """What settling a match does to persons, in a transaction of the caller's."""
        record = _record(asked.request.document, self._index_of(asked))
        proof = DocumentProof(Method.ID2, record, matched=True, proved_since=tx.now, sandbox=True)
        account = find_named(tx, self.forum_id, AccountName(account_id=asked.request.account_id))
        hold_forum(tx, self.forum_id)
        assert isinstance(self.services.verifications._links.confirm_document(tx, account, proof), Link)

    def lift(self, account: Account) -> None:
        with self.services.unit_of_work.begin(OPERATOR) as tx:
            hold_forum(tx, self.forum_id)
            accounts.lift_sanction(tx.session, account.id, tx.now, "误判")

    def close(self, account: Account) -> None:
        self.act("close", account.id)

    def act(self, act: str, account_id: AccountId) -> None:
        """`ban`, `close` or `reinstate`, as the forum would."""
        with self.services.unit_of_work.begin(OPERATOR) as tx:
            hold_forum(tx, self.forum_id)
            if act == "ban":
                accounts.impose_sanction(tx.session, account_id, Sanction(SanctionKind.BAN, "刷屏", None), tx.now)
            if act == "reinstate":
                accounts.lift_sanction(tx.session, account_id, tx.now, "误判")
            tx.session.get_one(AccountRow, account_id).closed_at = tx.now if act == "close" else None

    def _index_of(self, asked: AskedProvider) -> IndexValue:
        return self.index("resident_id", asked.request.document.key)

    def answers_for(self, account: Account) -> frozenset[AccountId]:
        """The accounts of all forums for which this one's answerer answers."""
        with self.services.unit_of_work.read() as tx:
            return _answers_for(tx, account)

    def person(self, account: Account) -> str | None:
        with self.services.unit_of_work.read() as tx:
            link = tx.session.get(LinkRow, account.id)
            return link.person_id if link else None

    def inner_reason(self, verification: Verification) -> InnerReason | None:
        with self.services.unit_of_work.read() as tx:
            row = tx.session.get_one(VerificationRow, verification.id)
            return InnerReason(row.inner_reason) if row.inner_reason else None


def _answers_for(tx: Transaction, account: Account) -> frozenset[AccountId]:
    slot = tx.session.get(SlotRow, account.id)
    rows = tx.session.query(SlotRow).filter_by(person_id=slot.person_id if slot else "")
    return frozenset(AccountId(row.account_id) for row in rows)
