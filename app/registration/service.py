"""Use cases of the forum's backend: give out a link, ask what became of it; and of the background: end what is over."""

import secrets
from dataclasses import dataclass, replace
from datetime import timedelta

from app import policies
from app.accounts.domain import Account, AccountName
from app.accounts.service import find_open, get_account, holds_on, is_external_id_known, withdraw
from app.agreements.domain import AgreementKind
from app.agreements.service import has_accepted
from app.crypto.mac import Mac, MacUse
from app.db.unit_of_work import Transaction, UnitOfWork
from app.events.catalogue import EventType, RegistrationPayload
from app.events.service import publish
from app.forums.domain import is_return_url
from app.forums.service import get_forum, hold_forum
from app.kernel.actor import SYSTEM, Actor, ActorKind
from app.kernel.errors import TooMany
from app.kernel.ids import AccountId, ForumId, new_id
from app.kernel.secret import Secret
from app.kernel.sentence import Language
from app.registration import repository
from app.registration.domain import Flow, FlowKind, FlowStatus, Stand, Way, is_same_place
from app.registration.errors import NoSuchFlow, ReturnUrlNotRegistered
from app.registration.repository import NewFlow
from app.verification.domain import IdentityLevel
from app.verification.progress import awaits_person, level_of, read_progress

LIFETIME = timedelta(minutes=policies.FLOW_LIFETIME.value)
_KEPT = timedelta(days=policies.FLOW_KEPT.value)
_LINK_BYTES = 24


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a forum says of the person whom it sends."""

    return_url: str
    state: str | None = None
    handle: str | None = None
    external_id: str | None = None
    language: Language | None = None


@dataclass(frozen=True, slots=True)
class GivenLink:
    """A new flow; the address of its link is shown once."""

    stand: Stand
    url: Secret[str]


@dataclass(frozen=True, slots=True)
class Greeting:
    forum_name: str
    level: IdentityLevel


class Registrations:
    def __init__(self, unit_of_work: UnitOfWork, mac: Mac, issuer: str, *, plain_http: bool) -> None:
        self._unit_of_work = unit_of_work
        self._mac = mac
        self._issuer = issuer
        self._plain_http = plain_http

    def begin(self, actor: Actor, forum_id: ForumId, wanted: Wanted) -> GivenLink:
        """A link for one new person. It replaces an open link for the same user of the forum.

        Raises `ReturnUrlNotRegistered`. Source: L8a, N4.
        """
        with self._unit_of_work.begin(actor) as tx:
            self._refuse_foreign_return(tx, forum_id, wanted.return_url)
            for earlier in self._open_for(tx, forum_id, wanted.external_id):
                end_flow(tx, earlier)
            flow = NewFlow(
                id=new_id(FlowKind.REGISTRATION.id_prefix, tx.now),
                kind=FlowKind.REGISTRATION,
                forum_id=forum_id,
                return_url=wanted.return_url,
                state=wanted.state,
                language=wanted.language,
                wanted_handle=wanted.handle,
                external_id=wanted.external_id,
            )
            return self._give(tx, flow)

    def begin_session(self, actor: Actor, forum_id: ForumId, account_id: str, return_url: str) -> GivenLink:
        """A link for the person behind, or to be put behind, an account that exists.

        Raises `NoSuchAccount`, `AccountIsClosed`, `ReturnUrlNotRegistered`.
        """
        with self._unit_of_work.begin(actor) as tx:
            self._refuse_foreign_return(tx, forum_id, return_url)
            account = find_open(tx, forum_id, AccountName(account_id=get_account(tx, forum_id, account_id).id))
            return self._give(tx, _session(tx, account, return_url))

    def begin_from_refusal(
        self,
        actor: Actor,
        forum_id: ForumId,
        account_id: AccountId,
        *,
        agreement: bool = False,
        document: bool = False,
        handle: bool = False,
    ) -> GivenLink:
        """The same for a person who comes from a refusal; they go back to the first address that the forum named.

        `agreement` and `handle` ask for nothing else; `document` begins at the way that most people take; they may
        choose another. Raises `AccountNotFound`, `AccountIsClosed`, `TooMany`.
        """
        with self._unit_of_work.begin(actor) as tx:
            account = find_open(tx, forum_id, AccountName(account_id=account_id))
            if repository.count_open(tx.session, account_id, tx.now) >= policies.OPEN_FLOWS.value:
                raise TooMany(retry_after=int(LIFETIME.total_seconds()))
            registered = get_forum(tx, forum_id).return_urls
            flow = _session(tx, account, registered[0] if registered else None)
            way = Way.RESIDENT_ID if document else None
            return self._give(tx, replace(flow, agreement_only=agreement, handle_only=handle, way=way))

    def greet(self, forum_id: ForumId, account_id: AccountId) -> Greeting:
        """What the notice says to somebody who comes from a refusal. Raises `ForumNotFound`."""
        with self._unit_of_work.read() as tx:
            return Greeting(get_forum(tx, forum_id).name, level_of(tx, account_id))

    def get(self, forum_id: ForumId, kind: FlowKind, flow_id: str) -> Stand:
        """Raises `NoSuchFlow`, also for another forum's."""
        with self._unit_of_work.read() as tx:
            flow = repository.find(tx.session, forum_id, kind, flow_id)
            if flow is None:
                raise NoSuchFlow
            return read_stand(tx, flow)

    def end_expired(self) -> int:
        """A use case of the background: ends flows whose time ran out; how many they were."""
        with self._unit_of_work.read() as tx:
            over = repository.expired(tx.session, tx.now)
        for flow in over:  # each in a transaction of its own, which holds what a step of the person would hold
            with self._unit_of_work.begin(SYSTEM) as tx:
                end_flow(tx, flow, unless_extended=True)
        return len(over)

    def forget_old(self) -> int:
        """A use case of the background."""
        with self._unit_of_work.begin(SYSTEM) as tx:
            return repository.forget(tx.session, tx.now - _KEPT)

    def _give(self, tx: Transaction, flow: NewFlow) -> GivenLink:
        link = Secret(secrets.token_urlsafe(_LINK_BYTES))
        added = repository.add(tx.session, flow, link_digest(self._mac, link), tx.now, tx.now + LIFETIME)
        return GivenLink(read_stand(tx, added), Secret(f"{self._issuer}/{flow.kind.place}/{link.reveal()}"))

    def _refuse_foreign_return(self, tx: Transaction, forum_id: ForumId, url: str) -> None:
        """Source: the open redirect; the forum's own query is its own affair."""
        usable = is_return_url(url, plain_http=self._plain_http)
        if not usable or not any(is_same_place(url, known) for known in get_forum(tx, forum_id).return_urls):
            raise ReturnUrlNotRegistered

    def _open_for(self, tx: Transaction, forum_id: ForumId, external_id: str | None) -> list[Flow]:
        return [] if external_id is None else repository.open_with_external_id(tx.session, forum_id, external_id)


def link_digest(mac: Mac, link: Secret[str]) -> bytes:
    return mac.digest(MacUse.FLOW_LINK, link.reveal())


def read_stand(tx: Transaction, flow: Flow) -> Stand:
    """A step: the flow with all that its next step depends on."""
    account = get_account(tx, flow.forum_id, flow.account_id) if flow.account_id else None
    return Stand(
        flow=flow,
        forum_name=get_forum(tx, flow.forum_id).name,
        account=account,
        level=level_of(tx, account.id) if account else IdentityLevel.NONE,
        agreed=account is not None and has_accepted(tx, account.id, AgreementKind.USER),
        external_id_taken=account is None
        and flow.external_id is not None
        and is_external_id_known(tx, flow.forum_id, flow.external_id),
        progress={step: read_progress(tx, flow.forum_id, attempt) for step, attempt in flow.attempts.items()},
        now=tx.now,
    )


def end_flow(tx: Transaction, flow: Flow, *, unless_extended: bool = False) -> FlowStatus:
    """A step: ends a flow as it stands, beside no verification of its account.

    An account that it made ends with it, unless somebody stands behind it, a person of the staff is to look at it, or
    the forum has banned or closed it. Raises `Unavailable` where somebody else is quicker again and again.
    """
    hold_forum(tx, flow.forum_id)
    flow = repository.hold(tx.session, flow.id)
    if flow.account_id is not None:
        get_account(tx, flow.forum_id, flow.account_id, lock=True)
    stand = read_stand(tx, flow)
    if flow.ended is not None or (unless_extended and not stand.is_over):
        return stand.status
    status = FlowStatus.EXPIRED if stand.is_over else FlowStatus.ABANDONED
    if stand.is_verified or stand.status is FlowStatus.COMPLETED:
        status = FlowStatus.COMPLETED
    close(tx, stand, status)
    if _leaves_nothing(tx, stand) and stand.account is not None:
        withdraw(tx, stand.account)
    return status


def close(tx: Transaction, stand: Stand, status: FlowStatus) -> None:
    """A step: writes down how a flow ended. That somebody registered springs from them, whoever notices it."""
    flow, account = stand.flow, stand.account
    ended = repository.end(tx.session, flow, status)
    if not ended or account is None or status is not FlowStatus.COMPLETED or flow.kind is not FlowKind.REGISTRATION:
        return
    payload = RegistrationPayload(flow.id, account.id, account.external_id, account.handle, status.value)
    theirs = replace(tx, actor=Actor(ActorKind.PERSON, flow.id))
    publish(theirs, flow.forum_id, EventType.REGISTRATION_COMPLETED, payload, subject=account.id)


def _leaves_nothing(tx: Transaction, stand: Stand) -> bool:
    account, is_new = stand.account, stand.flow.kind is FlowKind.REGISTRATION
    if account is None or not is_new or stand.level is not IdentityLevel.NONE or awaits_person(tx, account.id):
        return False
    hold = holds_on(tx, [account.id])[account.id]
    return not hold.banned and hold.closed_at is None


def _session(tx: Transaction, account: Account, return_url: str | None) -> NewFlow:
    return NewFlow(
        id=new_id(FlowKind.SESSION.id_prefix, tx.now),
        kind=FlowKind.SESSION,
        forum_id=account.forum_id,
        return_url=return_url,
        account_id=account.id,
    )
