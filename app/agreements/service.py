"""Use cases: publish a version, read the one in force, accept it."""

from datetime import timedelta
from pathlib import Path

from app import policies
from app.agreements import repository
from app.agreements.domain import Acceptance, AcceptanceChannel, AgreementKind, AgreementVersion, Binding, Draft
from app.agreements.errors import ClausesMissing, NoAgreementInForce, UnknownAgreementVersion
from app.audit import service as audit
from app.audit.domain import Action, ObjectKind
from app.db.unit_of_work import ConstraintViolated, Transaction, UnitOfWork
from app.events.catalogue import AgreementPayload, EventType
from app.events.service import publish_to_all
from app.kernel.actor import Actor
from app.kernel.clock import SHANGHAI
from app.kernel.errors import FieldError
from app.kernel.ids import AccountId
from app.kernel.sentence import Sentence

_TEXTS = Path(__file__).parent / "texts"
_DEFAULT_VERSION = "2026-11"
_NOT_IN_FORCE = FieldError(
    "/version",
    "not-in-force",
    Sentence(
        "这个版本不是现行版本，请读 /v1/agreements/current。",
        "This version is not the one in force; read /v1/agreements/current.",
    ),
)


def default_draft(kind: AgreementKind) -> Draft:
    """The agreement of this kind that an installation begins with. Source: L6b, L6c, L6d."""
    return Draft(
        kind=kind,
        version=_DEFAULT_VERSION,
        zh=(_TEXTS / f"{kind}.zh.md").read_text(encoding="utf-8"),
        en=(_TEXTS / f"{kind}.en.md").read_text(encoding="utf-8"),
    )


class Agreements:
    def __init__(self, unit_of_work: UnitOfWork) -> None:
        self._unit_of_work = unit_of_work

    def publish_default(self, actor: Actor) -> None:
        """Puts each default agreement in force from the beginning of today (Shanghai), unless one of its kind exists.

        Raises `ClausesMissing`.
        """
        drafts = [default_draft(kind) for kind in AgreementKind]
        if any(draft.missing_clauses() for draft in drafts):
            raise ClausesMissing
        with self._unit_of_work.begin(actor) as tx:
            for draft in drafts:
                if not repository.any_published(tx.session, draft.kind):
                    _publish_today(tx, draft)

    def current(self, kind: AgreementKind) -> AgreementVersion:
        """The version in force now. Raises `NoAgreementInForce`."""
        with self._unit_of_work.read() as tx:
            return _in_force(tx, kind)[1]

    def find(self, kind: AgreementKind, version: str) -> AgreementVersion | None:
        """A version by its name, in force or not."""
        with self._unit_of_work.read() as tx:
            return repository.find(tx.session, kind, version)

    def standing(self, account_id: AccountId, kind: AgreementKind) -> Binding | None:
        """The version in force and whether this account accepted it; None where none is in force."""
        with self._unit_of_work.read() as tx:
            found = repository.in_force(tx.session, kind, tx.now)
            if found is None:
                return None
            accepted = repository.find_acceptance(tx.session, account_id, *found) is not None
            return Binding(found[1].version, accepted=accepted)

    def accept(
        self, actor: Actor, account_id: AccountId, kind: AgreementKind, version: str, channel: AcceptanceChannel
    ) -> Acceptance:
        """Records that this account accepted the version in force; a second acceptance answers with the first.

        The caller has made sure that the account is one that `actor` may act for.
        Raises `NoAgreementInForce`, `UnknownAgreementVersion`. Source: L6b.
        """
        try:
            return self._accept(actor, account_id, kind, version, channel)
        except ConstraintViolated:  # another request recorded it in this very moment
            return self._accept(actor, account_id, kind, version, channel)

    def _accept(
        self, actor: Actor, account_id: AccountId, kind: AgreementKind, version: str, channel: AcceptanceChannel
    ) -> Acceptance:
        with self._unit_of_work.begin(actor) as tx:
            return accept(tx, account_id, kind, version, channel)


def _publish_today(tx: Transaction, draft: Draft) -> None:
    text_zh, text_en = draft.without_marks()
    today = tx.now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    version = AgreementVersion(
        kind=draft.kind,
        version=draft.version,
        title=draft.title(),
        text_zh=text_zh,
        text_en=text_en,
        effective_at=today,
        accept_by=today + timedelta(days=policies.AGREEMENT_ACCEPTANCE.value),
    )
    put_in_force(tx, version)


def put_in_force(tx: Transaction, version: AgreementVersion, case: str | None = None) -> None:
    """A step: this version binds from its day on, and every forum hears of it. Raises `ConstraintViolated`."""
    repository.add(tx.session, version)
    tx.session.flush()
    audit.record(tx, Action.AGREEMENT_PUBLISHED, ObjectKind.AGREEMENT, f"{version.kind}/{version.version}", case=case)
    _announce(tx, version)


def accept(
    tx: Transaction, account_id: AccountId, kind: AgreementKind, version: str, channel: AcceptanceChannel
) -> Acceptance:
    """A step. Raises `NoAgreementInForce`, `UnknownAgreementVersion`, `ConstraintViolated`."""
    version_id, current = _in_force(tx, kind)
    if version != current.version:
        raise UnknownAgreementVersion([_NOT_IN_FORCE])
    earlier = repository.find_acceptance(tx.session, account_id, version_id, current)
    if earlier is not None:
        return earlier
    acceptance = Acceptance(account_id, kind, version, tx.now, channel)
    repository.add_acceptance(tx.session, version_id, acceptance)
    audit.record(tx, Action.AGREEMENT_ACCEPTED, ObjectKind.ACCOUNT, account_id, reason=f"{kind}/{version}")
    return acceptance


def is_in_force(tx: Transaction, kind: AgreementKind) -> bool:
    """A step: whether any version of it is."""
    return repository.in_force(tx.session, kind, tx.now) is not None


def has_accepted(tx: Transaction, account_id: AccountId, kind: AgreementKind) -> bool:
    """A step: whether this account accepted the version in force; also where none is."""
    found = repository.in_force(tx.session, kind, tx.now)
    return found is None or repository.find_acceptance(tx.session, account_id, *found) is not None


def counts_as_accepted(tx: Transaction, account_id: AccountId, kind: AgreementKind) -> bool:
    """A step: whether this account is bound by an agreement of this kind now; never where none is in force.

    An acceptance of another version than the one in force counts until `accept_by`, and not at it. Source: L6b, L6d.
    """
    found = repository.in_force(tx.session, kind, tx.now)
    if found is None:
        return False
    if repository.find_acceptance(tx.session, account_id, *found) is not None:
        return True
    return tx.now < found[1].accept_by and repository.any_accepted(tx.session, account_id, kind)


def _announce(tx: Transaction, version: AgreementVersion) -> None:
    payload = AgreementPayload(version.kind.value, version.version, version.effective_at, version.accept_by)
    publish_to_all(tx, EventType.AGREEMENT_PUBLISHED, payload, subject=f"agreement/{version.kind}")


def _in_force(tx: Transaction, kind: AgreementKind) -> tuple[int, AgreementVersion]:
    found = repository.in_force(tx.session, kind, tx.now)
    if found is None:
        raise NoAgreementInForce
    return found
