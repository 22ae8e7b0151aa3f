"""Use cases: show an account with its standing, issue a permit, judge one that comes back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app import policies
from app.accounts.domain import AccountName
from app.accounts.errors import AccountNotFound, NoSuchAccount
from app.crypto.errors import TokenRefused
from app.crypto.mac import Mac
from app.crypto.signing import Claims, TokenSigner
from app.db.unit_of_work import UnitOfWork
from app.forums.service import is_token_revoked
from app.kernel.ids import AccountId, ForumId, new_id
from app.posting.campaign import count_campaigns
from app.posting.decision import Permit, PostingPolicy, Refusal, decide, identity_expiry
from app.posting.domain import (
    ActiveToken,
    Campaign,
    InactiveToken,
    OpenedTicket,
    PostingScope,
    PostingToken,
    Standing,
    StandingFilter,
)
from app.posting.errors import Denial, PostingDenied, ReasonCode
from app.posting.standing_reader import read_standings
from app.posting.status_list import status_list_uri
from app.posting.status_reader import read_open_account
from app.posting.tickets import Tickets

TOKEN_TYPE = "posting+jwt"  # noqa: S105 -- the `typ` of a posting token


@dataclass(frozen=True, slots=True)
class JudgedAccount:
    """An account as its forum sees it: its standing, and what follows from it now."""

    standing: Standing
    decision: Permit | Refusal
    expires_at: datetime | None
    now: datetime


class Posting:
    def __init__(
        self, unit_of_work: UnitOfWork, signer: TokenSigner, mac: Mac, issuer: str, token_lifetime: timedelta
    ) -> None:
        self._unit_of_work = unit_of_work
        self._signer = signer
        self._issuer = issuer
        self._tickets = Tickets(mac, issuer)
        self._lifetime = token_lifetime
        self.policy = PostingPolicy(phone_level_lifetime=timedelta(days=policies.PHONE_LEVEL_LIFETIME.value))

    def get_account(self, forum_id: ForumId, account_id: str) -> JudgedAccount:
        """Raises `NoSuchAccount`, also for another forum's."""
        found = self.list_accounts(StandingFilter(forum_id, account_id=account_id))
        if not found:
            raise NoSuchAccount
        return found[0]

    def list_accounts(self, wanted: StandingFilter) -> list[JudgedAccount]:
        with self._unit_of_work.read() as tx:
            return [self._judge(standing, tx.now) for standing in read_standings(tx.session, wanted, tx.now)]

    def issue(self, forum_id: ForumId, name: AccountName, scope: Sequence[PostingScope]) -> PostingToken:
        """A signed permit for these scopes, good for `token_lifetime`. Nothing is written: a token is not a row.

        Raises `AccountNotFound`, `PostingDenied` with every reason that applies. Source: L8e.
        """
        judged = self._find(forum_id, name)
        if isinstance(judged.decision, Refusal):
            reasons = judged.decision.reasons
            raise PostingDenied(reasons, self._remedy_urls(judged, reasons))
        issued_at = int(judged.now.timestamp())
        jti = new_id("jti", judged.now)
        token = self._signer.sign(self._claims(judged, scope, jti, issued_at), TOKEN_TYPE)
        account_id = judged.standing.account.id
        return PostingToken(token, jti, tuple(scope), account_id, int(self._lifetime.total_seconds()))

    def verify(
        self, forum_id: ForumId, token: str, scope: Sequence[PostingScope], board: str | None
    ) -> ActiveToken | InactiveToken:
        """Whether a permit is good for this use now: judged by the account's standing now, not at issue."""
        with self._unit_of_work.read() as tx:
            now = tx.now
            try:
                claims = self._signer.verify(token, TOKEN_TYPE, now)
                granted = _scope_of(claims)
            except TokenRefused as refused:
                return InactiveToken(ReasonCode(refused.reason))
            misuse = _misuse(claims, forum_id, board, in_scope=set(scope) <= set(granted))
            if misuse is not None:
                return InactiveToken(misuse)
            if is_token_revoked(tx, str(claims["jti"])):
                return InactiveToken(ReasonCode.TOKEN_REVOKED)
            wanted = StandingFilter(forum_id, account_id=str(claims["sub"]))
            judged = [self._judge(standing, now) for standing in read_standings(tx.session, wanted, now)]
        if not judged:
            return InactiveToken(ReasonCode.TOKEN_INVALID)
        if isinstance(judged[0].decision, Refusal):
            return InactiveToken(judged[0].decision.reasons[0].code)
        return _active(claims, granted, judged[0].standing)

    def own_claims(self, forum_id: ForumId, token: str) -> Claims | None:
        """What a permit says that this service made for this forum and that has not expired."""
        with self._unit_of_work.read() as tx:
            try:
                claims = self._signer.verify(token, TOKEN_TYPE, tx.now)
            except TokenRefused:
                return None
        return claims if claims["aud"] == forum_id else None

    def open_ticket(self, ticket: str) -> OpenedTicket | None:
        """Where a remedy leads; None when the ticket is not good or its account is closed. Writes nothing."""
        with self._unit_of_work.read() as tx:
            found = self._tickets.read(ticket, tx.now)
            account = read_open_account(tx.session, found.account_id) if found else None
        return OpenedTicket(found.place, found.account_id, *account) if found and account else None

    def count_campaigns(self, forum_id: str | None = None) -> list[Campaign]:
        """How far this forum, or each, is with verifying its accounts. Raises `ForumNotFound`. Source: L13."""
        with self._unit_of_work.read() as tx:
            return count_campaigns(tx, forum_id, self.policy)

    def _remedy_urls(self, judged: JudgedAccount, reasons: Sequence[Denial]) -> dict[ReasonCode, str]:
        account_id = judged.standing.account.id
        return {
            denial.code: self._tickets.url(account_id, denial.code, judged.now) for denial in reasons if denial.remedy
        }

    def _find(self, forum_id: ForumId, name: AccountName) -> JudgedAccount:
        wanted = StandingFilter(forum_id, account_id=name.account_id, handle=name.handle, external_id=name.external_id)
        found = self.list_accounts(wanted)
        if not found:
            raise AccountNotFound
        return found[0]

    def _judge(self, standing: Standing, now: datetime) -> JudgedAccount:
        expiry = identity_expiry(standing.identity, self.policy) if standing.identity else None
        return JudgedAccount(standing, decide(standing, self.policy, now), expiry, now)

    def _claims(self, judged: JudgedAccount, scope: Sequence[PostingScope], jti: str, issued_at: int) -> Claims:
        """Nothing of the person, and no exact time of a verification; `sub` belongs to one forum."""
        account, identity = judged.standing.account, judged.standing.identity
        claims: dict[str, object] = {
            "sub": account.id,
            "aud": account.forum_id,
            "iat": issued_at,
            "nbf": issued_at,
            "exp": issued_at + int(self._lifetime.total_seconds()),
            "jti": jti,
            "scope": " ".join(scope),
            "handle": account.handle,
            "status": {
                "status_list": {
                    "idx": judged.standing.status_index,
                    "uri": status_list_uri(self._issuer, account.forum_id),
                }
            },
        }
        if identity is not None:  # pragma: no branch -- nobody without one is permitted
            claims["level"] = identity.level.value
            if identity.sandbox:
                claims["sandbox"] = True
        return claims


def _misuse(claims: Claims, forum_id: ForumId, board: str | None, *, in_scope: bool) -> ReasonCode | None:
    if claims["aud"] != forum_id:
        return ReasonCode.WRONG_AUDIENCE
    if not in_scope:
        return ReasonCode.SCOPE_NOT_GRANTED
    if board is not None and claims.get("board") != board:
        return ReasonCode.WRONG_BOARD
    return None


def _scope_of(claims: Claims) -> tuple[PostingScope, ...]:
    """Raises `TokenRefused` for a word that only another version of this service knows."""
    words = str(claims["scope"]).split(" ")
    if not set(words) <= set(PostingScope):
        raise TokenRefused("token-invalid")
    return tuple(PostingScope(word) for word in words)


def _active(claims: Claims, granted: tuple[PostingScope, ...], standing: Standing) -> ActiveToken:
    board = claims.get("board")
    return ActiveToken(
        account_id=AccountId(str(claims["sub"])),
        handle=standing.account.handle,
        scope=granted,
        board=str(board) if board is not None else None,
        jti=str(claims["jti"]),
        iat=int(str(claims["iat"])),
        exp=int(str(claims["exp"])),
    )
