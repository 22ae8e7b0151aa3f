"""Puts the parts together: the only reader of settings beside `main`, and where an unsafe start is refused."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import Engine

from app import policies
from app.accounts.existing_users import ExistingUsers
from app.accounts.naming import Naming
from app.accounts.own_names import OwnNames
from app.accounts.public_texts import AccountTexts
from app.accounts.sanctions import Sanctions
from app.accounts.service import Accounts
from app.agreements.drafts import AgreementDrafts
from app.agreements.service import Agreements
from app.audit import service as audit
from app.audit.desk import AuditDesk, open_desk
from app.audit.domain import Action, ObjectKind
from app.audit.receipts import Receipts
from app.audit.verifications import NightlyVerifications
from app.boards.announcements import Ways
from app.boards.chores import Chores
from app.boards.filing import Filing, IsAdult
from app.boards.moderators import Moderators
from app.boards.naming import BoardNaming
from app.boards.orders import Reverifications
from app.boards.public_texts import BoardTexts
from app.boards.service import Boards, forum_of_board
from app.boards.sweep import Sweeps
from app.boards.term_changes import TermChanges
from app.compliance.service import Compliance
from app.crypto.blind_index import BlindIndex
from app.crypto.ed25519 import AuditKeys
from app.crypto.envelope import Envelope, Records
from app.crypto.key_watch import KeyWatch
from app.crypto.keyring import Keyring, create_missing_keys, load_keyring
from app.crypto.mac import Mac
from app.crypto.signing import TokenSigner
from app.db.engine import is_sqlite, make_engine
from app.db.roles import let_serve
from app.db.unit_of_work import Transaction, UnitOfWork, alone, translated
from app.disclosure.desk import DisclosureDesk, open_disclosure_desk
from app.events.deliveries import Deliveries
from app.events.domain import EndpointAct
from app.events.sender import Sender
from app.events.service import Webhooks
from app.forums.emergency import EmergencyDesk, open_emergency_desk
from app.forums.service import Forums
from app.idempotency.service import Idempotency
from app.installation import audit_places, clock_of, existing_database, inspect
from app.kernel.actor import OPERATOR, Actor
from app.kernel.clock import Clock, SystemClock
from app.kernel.errors import StartRefused, Unavailable
from app.kernel.secret import Secret
from app.organisation.service import Organisation
from app.outside import budget_of, code_rules_of, providers_of, sender_of
from app.posting.service import Posting
from app.posting.status_list import StatusLists
from app.posting.tally import Tally
from app.registration.service import Registrations
from app.registration.visits import Visits
from app.reporting.authority_reports import AuthorityReports
from app.reporting.service import ComplaintDesk, Remedies, open_complaint_desk
from app.reporting.violations import ViolationDesk
from app.screening.domain import SubjectKind
from app.screening.kept_source import KeptTexts
from app.screening.lexicons import Lexicons
from app.screening.overturning import Overturning
from app.screening.patrol import Patrol
from app.screening.review_desk import ReviewDesk
from app.screening.reviews import Reviews
from app.screening.screenings import Screenings
from app.screening.service import Gate
from app.screening.watch import Watch
from app.settings import Environment, Settings
from app.staff.desk import StaffDesk, open_staff_desk
from app.staff.seals import Seals
from app.start_rules import NO_DATABASE, refuse_missing_key_files, refuse_unready, refuse_unsafe
from app.upkeep.job_runs import JobRuns
from app.upkeep.keys import name_new_keys
from app.upkeep.rotation import SIGNING_KEY_OVERLAP
from app.upkeep.schema import PROTECTED_TABLES, SCHEMA_VERSION_TABLE, upgrade
from app.vault.service import Vault
from app.verification.checks import Checks
from app.verification.codes import PhoneCodes
from app.verification.links import has_person
from app.verification.misuse import MisuseProofs
from app.verification.notices import Notices
from app.verification.providers.contract import RecordCheckProvider
from app.verification.service import Verifications
from app.verification.sign_ins import SignIns
from app.verification.sms.contract import SmsSender
from app.verification.sms.sandbox import SandboxSender
from app.verification.texts import Texts

_WEBHOOK_ACTS = {
    EndpointAct.ADDED: Action.WEBHOOK_ADDED,
    EndpointAct.REMOVED: Action.WEBHOOK_REMOVED,
    EndpointAct.SECRET_ROTATED: Action.WEBHOOK_SECRET_ROTATED,
}


@dataclass(frozen=True, slots=True)
class Controller:
    """Who answers for the personal information, and how to reach them; empty for the forum itself."""

    name: str
    contact: str


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that a face may call."""

    issuer: str
    development: bool
    controller: Controller
    metrics_token_digest: bytes | None
    """SHA-256 of the token that opens `/metrics`."""
    log_level: str
    data_dir: Path
    """Where a face keeps files of its own: the demo forum, in development."""
    audit: AuditDesk
    audit_verifications: NightlyVerifications
    job_runs: JobRuns
    idempotency: Idempotency
    forums: Forums
    emergency: EmergencyDesk
    agreements: Agreements
    agreement_drafts: AgreementDrafts
    term_changes: TermChanges
    organisation: Organisation
    lexicons: Lexicons
    reviews: Reviews
    review_desk: ReviewDesk
    patrol: Patrol
    watch: Watch
    own_names: OwnNames
    boards: Boards
    moderators: Moderators
    reverifications: Reverifications
    sweeps: Sweeps
    chores: Chores
    accounts: Accounts
    existing_users: ExistingUsers
    sanctions: Sanctions
    registrations: Registrations
    visits: Visits
    complaints: ComplaintDesk
    violations: ViolationDesk
    authority_reports: AuthorityReports
    staff: StaffDesk
    auditor: Callable[[Secret[str]], Actor | None]
    """Who may read the log by this token of a staff session; None for nobody's. Raises `RoleNotSufficient`."""
    disclosures: DisclosureDesk
    clock: Clock
    unit_of_work: UnitOfWork
    refuse_missing_keys: Callable[[], None]
    """Raises `StartRefused` when the database names a key that this process did not find when it started."""
    signer: TokenSigner
    vault: Vault
    checks: Checks
    verifications: Verifications
    codes: PhoneCodes
    sign_ins: SignIns
    screenings: Screenings
    posting: Posting
    status_lists: StatusLists
    tally: Tally
    compliance: Compliance
    webhooks: Webhooks
    deliveries: Deliveries
    sandbox_sender: SandboxSender | None

    @property
    def engine(self) -> Engine:
        return self.unit_of_work.engine


def build(
    settings: Settings,
    *,
    clock: Clock | None = None,
    provider: RecordCheckProvider | Sequence[RecordCheckProvider] | None = None,
    sender: SmsSender | None = None,
) -> Services:
    """The services of an installation that `initialise` has prepared. Raises `StartRefused`.

    A test may hand in its own clock, provider (or several, in the order of asking) and sender.
    """
    clock = clock or clock_of(settings)
    providers = (
        providers_of(settings) if provider is None else provider if isinstance(provider, Sequence) else [provider]
    )
    sender = sender or sender_of(settings, clock)
    keyring = load_keyring(settings.keys_dir)
    refuse_unsafe(settings, keyring)
    engine = existing_database(settings)
    unit_of_work = UnitOfWork(engine, clock)
    try:
        refuse_unready(settings, engine, unit_of_work, keyring)
        checks = Checks(unit_of_work, clock, providers, budget_of(settings))
        texts = Texts(sender, code_rules_of(settings))
        return _assemble(settings, clock, checks, texts, keyring, unit_of_work)
    except StartRefused:
        engine.dispose()
        raise


def _assemble(
    settings: Settings, clock: Clock, checks: Checks, texts: Texts, keyring: Keyring, unit_of_work: UnitOfWork
) -> Services:
    desk = open_desk(unit_of_work, AuditKeys(keyring, KeyWatch(settings.keys_dir, clock)), audit_places(settings))
    signer, mac, blind_index, records = _tools(settings, clock, keyring)
    vault, development = Vault(unit_of_work, Envelope(keyring)), _is_development(settings)
    naming, board_naming = _namings(Gate(records))
    verifications = Verifications(unit_of_work, vault, blind_index, mac, checks, direct_by_default=development)
    screenings, notices = Screenings(unit_of_work, records), Notices(unit_of_work, vault, texts)
    lifetime, sandbox = _token_lifetime(settings), texts.sender if isinstance(texts.sender, SandboxSender) else None
    posting = Posting(unit_of_work, signer, mac, settings.issuer, lifetime, verifications.is_adult, screenings)
    proofs = MisuseProofs(unit_of_work, vault, (blind_index, mac), checks, texts)
    remedies = Remedies(_overturning(records, naming, board_naming), proofs, posting.open_ticket)
    return Services(
        *_facts(settings, desk, unit_of_work),
        *_house(unit_of_work, mac, desk.receipts, records, plain_http=development),
        *_screening(unit_of_work, records, naming, board_naming),
        *_boards(unit_of_work, verifications.is_adult, board_naming, posting, notices, mac, desk.receipts),
        *_accounts(unit_of_work, mac, naming, settings.issuer, plain_http=development),
        *_reporting(unit_of_work, records, mac, remedies),
        *_staff(open_staff_desk(unit_of_work, records, mac, desk.receipts, _authenticator_clocks(settings, clock))),
        disclosures=open_disclosure_desk(unit_of_work, records, mac, vault, verifications.is_adult, desk),
        clock=clock,
        unit_of_work=unit_of_work,
        refuse_missing_keys=lambda: refuse_missing_key_files(settings, unit_of_work),
        signer=signer,
        vault=vault,
        checks=checks,
        verifications=verifications,
        codes=PhoneCodes(unit_of_work, vault, blind_index, mac, texts),
        sign_ins=SignIns(unit_of_work, vault, blind_index, mac, texts),
        screenings=screenings,
        posting=posting,
        status_lists=StatusLists(unit_of_work, signer, posting.policy, settings.issuer),
        tally=Tally(unit_of_work),
        compliance=Compliance(unit_of_work, posting.policy, desk.watch, Seals(mac)),
        webhooks=Webhooks(unit_of_work, records, _record_webhook, private=development),
        deliveries=Deliveries(unit_of_work, records, Sender(clock, private=development)),
        sandbox_sender=sandbox,
    )


def _facts(
    settings: Settings, desk: AuditDesk, unit_of_work: UnitOfWork
) -> tuple[str, bool, Controller, bytes | None, str, Path, AuditDesk, NightlyVerifications, JobRuns]:
    """What faces need to know of the settings; the log, and who looks every night."""
    controller, digest = Controller(settings.operator, settings.contact), _digest_of(settings.metrics_token)
    return (
        settings.issuer,
        _is_development(settings),
        controller,
        digest,
        settings.log_level,
        settings.data_dir,
        desk,
        NightlyVerifications(unit_of_work, lambda: inspect(settings, unit_of_work).verify()),
        JobRuns(unit_of_work),
    )


def _authenticator_clocks(settings: Settings, clock: Clock) -> tuple[Clock, ...]:
    """An authenticator goes by the true time, also where this service has been moved to another one."""
    return (clock, SystemClock()) if settings.clock_offset_seconds else (clock,)


def _tools(settings: Settings, clock: Clock, keyring: Keyring) -> tuple[TokenSigner, Mac, BlindIndex, Records]:
    return _signer(settings, clock, keyring), Mac(keyring), BlindIndex(keyring), Records(keyring)


def _screening(
    unit_of_work: UnitOfWork, records: Records, naming: Naming, board_naming: BoardNaming
) -> tuple[Lexicons, Reviews, ReviewDesk, Patrol, Watch, OwnNames]:
    sources = (AccountTexts(), BoardTexts(), KeptTexts(records))
    settle = {SubjectKind.ACCOUNT: naming.settle, SubjectKind.BOARD: board_naming.settle}
    reviews, watch = Reviews(unit_of_work, records, settle), Watch(unit_of_work)
    patrol = Patrol(unit_of_work, records, sources)
    review_desk, own_names = ReviewDesk(unit_of_work, records), OwnNames(unit_of_work, records)
    return Lexicons(unit_of_work, sources), reviews, review_desk, patrol, watch, own_names


def _overturning(records: Records, naming: Naming, board_naming: BoardNaming) -> Overturning:
    return Overturning(records, {SubjectKind.ACCOUNT: naming.restore, SubjectKind.BOARD: board_naming.restore})


def _reporting(
    unit_of_work: UnitOfWork, records: Records, mac: Mac, remedies: Remedies
) -> tuple[ComplaintDesk, ViolationDesk, AuthorityReports]:
    desk = open_complaint_desk(unit_of_work, records, mac, remedies)
    return desk, ViolationDesk(unit_of_work, records, desk.filing), AuthorityReports(unit_of_work, records)


def _boards(
    unit_of_work: UnitOfWork,
    is_adult: IsAdult,
    naming: BoardNaming,
    posting: Posting,
    notices: Notices,
    mac: Mac,
    receipts: Receipts,
) -> tuple[Boards, Moderators, Reverifications, Sweeps, Chores]:
    """All that concerns boards and their moderators."""
    filing, ways = Filing(is_adult), Ways(posting.reverification_url, posting.appeal_url)
    boards, moderators = Boards(unit_of_work, filing, naming, receipts), Moderators(unit_of_work, filing, ways)
    chores = Chores(unit_of_work, mac, notices.text)
    return boards, moderators, Reverifications(unit_of_work), Sweeps(unit_of_work, ways), chores


def _house(
    unit_of_work: UnitOfWork, mac: Mac, receipts: Receipts, records: Records, *, plain_http: bool
) -> tuple[Idempotency, Forums, EmergencyDesk, Agreements, AgreementDrafts, TermChanges, Organisation]:
    """What the operator sets for itself and for everybody."""
    forums, emergency = (
        Forums(unit_of_work, mac, records, plain_http=plain_http),
        open_emergency_desk(unit_of_work, forum_of_board),
    )
    once, agreements = Idempotency(unit_of_work, mac, records), Agreements(unit_of_work)
    drafts, changes = AgreementDrafts(unit_of_work, receipts), TermChanges(unit_of_work, receipts)
    return once, forums, emergency, agreements, drafts, changes, Organisation(unit_of_work, records)


def _accounts(
    unit_of_work: UnitOfWork, mac: Mac, naming: Naming, issuer: str, *, plain_http: bool
) -> tuple[Accounts, ExistingUsers, Sanctions, Registrations, Visits]:
    """Handles, how they come in and how they are stopped."""
    accounts, existing = Accounts(unit_of_work, naming), ExistingUsers(unit_of_work, naming)
    registrations = Registrations(unit_of_work, mac, issuer, plain_http=plain_http)
    return accounts, existing, Sanctions(unit_of_work, has_person), registrations, Visits(unit_of_work, mac, naming)


def _staff(desk: StaffDesk) -> tuple[StaffDesk, Callable[[Secret[str]], Actor | None]]:
    return desk, desk.auditor


def _namings(gate: Gate) -> tuple[Naming, BoardNaming]:
    return Naming(gate), BoardNaming(gate)


def _record_webhook(tx: Transaction, act: EndpointAct, endpoint_id: str) -> None:
    audit.record(tx, _WEBHOOK_ACTS[act], ObjectKind.WEBHOOK, endpoint_id)


def _is_development(settings: Settings) -> bool:
    return settings.env is Environment.DEVELOPMENT


def _signer(settings: Settings, clock: Clock, keyring: Keyring) -> TokenSigner:
    watch = KeyWatch(settings.keys_dir, clock)
    return TokenSigner(keyring, settings.issuer, overlap=SIGNING_KEY_OVERLAP, watch=watch)


def initialise(settings: Settings, clock: Clock | None = None) -> None:
    """Makes keys and database ready; safe to run again. Raises `StartRefused`, and then has changed nothing."""
    clock = clock or clock_of(settings)
    refuse_unsafe(settings, load_keyring(settings.keys_dir))
    engine = make_engine(settings.database())
    unit_of_work = UnitOfWork(engine, clock)
    try:
        with alone(engine):
            refuse_missing_key_files(settings, unit_of_work)
            upgrade(engine)
            _let_serve(settings, engine)
            create_missing_keys(settings.keys_dir, settings.env, clock.now())
            name_new_keys(unit_of_work, load_keyring(settings.keys_dir), OPERATOR)
            Agreements(unit_of_work).publish_default(OPERATOR)
            lexicons = Lexicons(unit_of_work, ())
            lexicons.renew_blob(OPERATOR)
            lexicons.publish_starter(OPERATOR)
    except Unavailable:
        raise StartRefused(NO_DATABASE) from None
    finally:
        engine.dispose()


def _let_serve(settings: Settings, engine: Engine) -> None:
    if settings.database_role and not is_sqlite(engine):
        with translated(), engine.begin() as connection:
            let_serve(connection, settings.database_role, PROTECTED_TABLES, [SCHEMA_VERSION_TABLE])


def _digest_of(token: SecretStr | None) -> bytes | None:
    return sha256(token.get_secret_value().encode()).digest() if token else None


def _token_lifetime(settings: Settings) -> timedelta:
    return timedelta(seconds=settings.token_ttl_seconds or policies.POSTING_TOKEN_LIFETIME.value)
