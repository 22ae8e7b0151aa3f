"""Use cases: show an account with its standing, issue a permit, judge one that comes back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app import policies
from app.accounts.domain import AccountName
from app.accounts.errors import AccountNotFound, NoSuchAccount
from app.boards.filing import IsAdult
from app.boards.service import find_board
from app.boards.standings import has_lapsed, lapse_stops_posting
from app.crypto.errors import TokenRefused
from app.crypto.mac import Mac
from app.crypto.signing import Claims, TokenSigner
from app.db.unit_of_work import Transaction, UnitOfWork
from app.forums.service import is_token_revoked
from app.kernel.actor import Actor
from app.kernel.ids import AccountId, ForumId, new_id
from app.posting.campaign import count_campaigns
from app.posting.content import content_digest, content_reasons, placed
from app.posting.decision import Permit, PostingPolicy, Refusal, decide, decide_use, identity_expiry
from app.posting.domain import (
    BEYOND_POSTING,
    ActiveToken,
    BoardStanding,
    Campaign,
    InactiveToken,
    OpenedTicket,
    Poster,
    PosterFilter,
    PostingScope,
    PostingToken,
    Standing,
    StandingFilter,
    Use,
)
from app.posting.errors import BoardNotNamed, Denial, PostingDenied, ReasonCode, RemedyPlace
from app.posting.places import Places
from app.posting.standing_reader import read_standings
from app.posting.status_list import status_list_uri
from app.posting.status_reader import forum_names, list_posters, read_open_account
from app.posting.tickets import Tickets
from app.screening.contents import Item, Screened
from app.screening.screenings import Screenings

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
        self,
        unit_of_work: UnitOfWork,
        signer: TokenSigner,
        mac: Mac,
        issuer: str,
        token_lifetime: timedelta,
        is_adult: IsAdult,
        screenings: Screenings,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._screenings = screenings
        self._places = Places(is_adult)
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
            return [self._judge(standing, tx.now) for standing in _standings(tx, wanted)]

    def find_anywhere(self, name: AccountName, forum_id: ForumId | None = None) -> list[JudgedAccount]:
        """For staff: the accounts that go by exactly this name, in this forum or in each. Nobody is found by less."""
        with self._unit_of_work.read() as tx:
            forums = [forum for forum, _ in forum_names(tx.session, forum_id)]
            return [
                self._judge(standing, tx.now)
                for forum in forums
                for standing in _standings(tx, StandingFilter(forum, name.account_id, name.handle, name.external_id))
            ]

    def posters(self, wanted: PosterFilter) -> list[Poster]:
        """For staff: whose verifications the share of the overview rests on, and who is not verified. Source: L8e."""
        with self._unit_of_work.read() as tx:
            return list_posters(tx.session, wanted, self.policy, tx.now)

    def issue(self, forum_id: ForumId, name: AccountName, use: Use) -> PostingToken:
        """A signed permit for this use, good for `token_lifetime`. Nothing is written: a token is not a row.

        Raises `AccountNotFound`, `BoardNotNamed`, `PostingDenied` with every reason that applies. Source: L8d, L8e.
        """
        with self._unit_of_work.read() as tx:
            standing, place = self._read(tx, forum_id, name, use)
        self._refuse(standing, self._reasons(standing, place, use, tx.now), tx.now)
        return self._permit(standing, place, use, tx.now)

    def issue_for(
        self, actor: Actor, forum_id: ForumId, name: AccountName, use: Use, items: Sequence[Item]
    ) -> PostingToken:
        """The same, bound to this content, which is screened in one go, whatever stands against the account.

        Raises what `issue` raises, and `Invalid` for another forum's account or board, or what cannot be bound to.
        Source: L8d, L8f.
        """
        digest = content_digest(items)
        with self._unit_of_work.begin(actor) as tx:
            standing, place = self._read(tx, forum_id, name, use)
            given = placed(tx, forum_id, items, standing.account.id, place.board.id if place.board else None)
            screened = self._screenings.screen_in(tx, forum_id, given)
        reasons = [*self._reasons(standing, place, use, tx.now), *content_reasons(screened)]
        self._refuse(standing, reasons, tx.now, screened)
        return replace(self._permit(standing, place, use, tx.now, digest), screened=screened)

    def place(self, forum_id: ForumId, items: Sequence[Item]) -> Sequence[Item]:
        """These texts with their boards by id. Raises `Invalid` where an account or a board is not this forum's."""
        if all(item.account_id is None and item.board is None for item in items):
            return items
        with self._unit_of_work.read() as tx:
            return placed(tx, forum_id, items)

    def verify(
        self, forum_id: ForumId, token: str, scope: Sequence[PostingScope], board: str | None
    ) -> ActiveToken | InactiveToken:
        """Whether a permit is good for this use now: judged by the account's standing now, not at issue.

        Where no scope is asked for, of all that the permit holds. Of a scope that was not asked for and that an office
        or an age decides, nothing is judged and nothing said.
        """
        with self._unit_of_work.read() as tx:
            now = tx.now
            try:
                claims = self._signer.verify(token, TOKEN_TYPE, now)
                granted = _scope_of(claims)
            except TokenRefused as refused:
                return InactiveToken(ReasonCode(refused.reason))
            misuse = _misuse(tx, claims, forum_id, board, in_scope=set(scope) <= set(granted))
            if misuse is not None:
                return InactiveToken(misuse)
            if is_token_revoked(tx, str(claims["jti"])):
                return InactiveToken(ReasonCode.TOKEN_REVOKED)
            found = _standings(tx, StandingFilter(forum_id, account_id=str(claims["sub"])))
            if not found:
                return InactiveToken(ReasonCode.TOKEN_INVALID)
            claimed = claims.get("board")
            use = Use(tuple(scope) or granted, None if claimed is None else str(claimed))
            place = self._places.read(tx, forum_id, found[0].account.id, use)
        decision = decide_use(found[0], place, use, self.policy, now)
        if isinstance(decision, Refusal):
            return InactiveToken(decision.reasons[0].code)
        holds = tuple(one for one in granted if one in use.scope or one not in BEYOND_POSTING)
        return _active(claims, holds, found[0])

    def own_claims(self, forum_id: ForumId, token: str) -> Claims | None:
        """What a permit says that this service made for this forum and that has not expired."""
        with self._unit_of_work.read() as tx:
            try:
                claims = self._signer.verify(token, TOKEN_TYPE, tx.now)
            except TokenRefused:
                return None
        return claims if claims["aud"] == forum_id else None

    def reverification_url(self, account_id: AccountId, now: datetime, until: datetime) -> str:
        """Where a moderator re-verifies who reads a reminder; writes nothing. Good until then, 45 days at most."""
        return self._tickets.url_of_notice(account_id, RemedyPlace.DOCUMENT, now, until)

    def appeal_url(self, account_id: AccountId, now: datetime) -> str:
        """Where whoever a measure was taken against learns how to appeal, for 45 days; writes nothing."""
        return self._tickets.url_of_notice(account_id, RemedyPlace.APPEAL, now)

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

    def _remedy_urls(self, account_id: AccountId, reasons: Sequence[Denial], now: datetime) -> dict[ReasonCode, str]:
        return {denial.code: self._tickets.url(account_id, denial, now) for denial in reasons if denial.remedy}

    def _read(self, tx: Transaction, forum_id: ForumId, name: AccountName, use: Use) -> tuple[Standing, BoardStanding]:
        if use.moderates and use.board is None:
            raise BoardNotNamed
        wanted = StandingFilter(forum_id, account_id=name.account_id, handle=name.handle, external_id=name.external_id)
        found = _standings(tx, wanted)
        if not found:
            raise AccountNotFound
        return found[0], self._places.read(tx, forum_id, found[0].account.id, use)

    def _reasons(self, standing: Standing, place: BoardStanding, use: Use, now: datetime) -> Sequence[Denial]:
        decision = decide_use(standing, place, use, self.policy, now)
        return decision.reasons if isinstance(decision, Refusal) else ()

    def _refuse(
        self, standing: Standing, reasons: Sequence[Denial], now: datetime, screened: Screened | None = None
    ) -> None:
        if reasons:
            urls = self._remedy_urls(standing.account.id, reasons, now)
            raise PostingDenied(tuple(reasons), urls, screened)

    def _permit(
        self, standing: Standing, place: BoardStanding, use: Use, now: datetime, digest: str | None = None
    ) -> PostingToken:
        jti = new_id("jti", now)
        claims = self._claims(standing, place, use, jti, int(now.timestamp()))
        bound = claims if digest is None else {**claims, "content_sha256": digest}
        token = self._signer.sign(bound, TOKEN_TYPE)
        return PostingToken(token, jti, use.scope, standing.account.id, int(self._lifetime.total_seconds()))

    def _judge(self, standing: Standing, now: datetime) -> JudgedAccount:
        expiry = identity_expiry(standing.identity, self.policy) if standing.identity else None
        return JudgedAccount(standing, decide(standing, self.policy, now), expiry, now)

    def _claims(self, standing: Standing, place: BoardStanding, use: Use, jti: str, issued_at: int) -> Claims:
        """Nothing of the person, and no exact time of a verification; `sub` belongs to one forum."""
        account, identity = standing.account, standing.identity
        claims: dict[str, object] = {
            "sub": account.id,
            "aud": account.forum_id,
            "iat": issued_at,
            "nbf": issued_at,
            "exp": issued_at + int(self._lifetime.total_seconds()),
            "jti": jti,
            "scope": " ".join(use.scope),
            "handle": account.handle,
            "status": {
                "status_list": {"idx": standing.status_index, "uri": status_list_uri(self._issuer, account.forum_id)}
            },
        }
        if place.board is not None:
            claims["board"] = place.board.id
        if identity is not None:  # pragma: no branch -- nobody without one is permitted
            claims["level"] = identity.level.value
            if identity.sandbox:
                claims["sandbox"] = True
        return claims


def _standings(tx: Transaction, wanted: StandingFilter) -> list[Standing]:
    """Where the dates say that somebody may have lapsed, the schedules say whether."""
    return [_with_lapse(tx, standing) for standing in read_standings(tx.session, wanted, tx.now)]


def _with_lapse(tx: Transaction, standing: Standing) -> Standing:
    account = standing.account
    if not standing.perhaps_lapsed or not lapse_stops_posting(tx, account.forum_id):
        return standing
    return replace(standing, lapse_stops_posting=has_lapsed(tx, account.id))


def _misuse(
    tx: Transaction, claims: Claims, forum_id: ForumId, board: str | None, *, in_scope: bool
) -> ReasonCode | None:
    if claims["aud"] != forum_id:
        return ReasonCode.WRONG_AUDIENCE
    if not in_scope:
        return ReasonCode.SCOPE_NOT_GRANTED
    if board is not None:
        named = find_board(tx, forum_id, board)
        if named is None or claims.get("board") != named.id:
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
