"""Everything in a transaction happens or nothing does, and no refusal of the database repeats a value."""

import os
import sqlite3
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, Index, UniqueConstraint, insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts.models import AccountRow, SanctionRow
from app.agreements.models import AcceptanceRow, AgreementVersionRow
from app.all_models import METADATA
from app.audit.models import LeafRow, OriginRow
from app.boards.models import BoardRow, HistoryRow, ModeratorRow, OrderRow
from app.db.base import Base
from app.db.engine import THREADS, make_engine
from app.db.unit_of_work import CollidedWithAnother, ConstraintViolated, UnitOfWork, again_on_collision
from app.events.models import DeliveryRow, EndpointRow, EventRow
from app.forums.models import ForumRow, PauseRow
from app.kernel.actor import OPERATOR
from app.kernel.errors import StartRefused, Unavailable
from app.registration.models import FlowRow
from app.reporting.models import CaseRow
from app.reporting.violation_models import AuthorityReportRow, ViolationRow
from app.screening.models import KeptTextRow, LexiconVersionRow, ReviewRow
from app.staff.models import StaffRow, StaffSessionRow
from app.vault.models import DocumentRow, OrganisationRow, PersonRow, PhoneRow
from app.verification.models import OrganisationMarkRow, SignInRow, SlotRow, VerificationRow
from tests.support.clock import TODAY, FakeClock

CANARY = "canary-110199199003070017"
NOBODY_LISTENS = "postgresql://shiming:canary-password@127.0.0.1:1/shiming"
Work = Callable[[Session], object]


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    made = make_engine(database_url)
    yield made
    made.dispose()


@pytest.fixture
def unit_of_work(engine: Engine, clock: FakeClock) -> UnitOfWork:
    return UnitOfWork(engine, clock)


def _forum(forum_id: str = "frm_1") -> ForumRow:
    return ForumRow(
        id=forum_id, name=CANARY, status="active", return_urls=[], direct_verification=CANARY, created_at=TODAY
    )


def _account(
    account_id: str = "acc_1", handle_key: str = CANARY, external_id: str | None = None, status_index: int | None = None
) -> AccountRow:
    return AccountRow(
        id=account_id,
        forum_id="frm_1",
        handle="山间清风",
        handle_key=handle_key,
        external_id=external_id,
        created_at=TODAY,
        updated_at=TODAY,
        status_index=status_index or int(account_id.removeprefix("acc_")),
    )


def _sanction() -> SanctionRow:
    return SanctionRow(account_id="acc_1", kind="suspension", reason=CANARY, imposed_at=TODAY)


def _agreement() -> AgreementVersionRow:
    return AgreementVersionRow(
        kind="user", version="canary", title=CANARY, text_zh=CANARY, text_en=CANARY, effective_at=TODAY, accept_by=TODAY
    )


def _origin(origin_id: int) -> OriginRow:
    return OriginRow(id=origin_id, name=CANARY, began_at=TODAY)


def _leaf(number: int) -> LeafRow:
    columns = dict.fromkeys(("ts", "actor_kind", "actor_id", "action", "object_kind", "object_id"), CANARY)
    return LeafRow(origin_id=1, number=number, entry_id="entry", leaf_hash=b"", **columns)


def _person(person_id: str = "per_1", audit_ref: str = CANARY) -> PersonRow:
    return PersonRow(id=person_id, audit_ref=audit_ref, wrapped_key=CANARY.encode(), adult_from=2008, created_at=TODAY)


def _document() -> DocumentRow:
    return DocumentRow(
        person_id="per_1",
        scheme=CANARY,
        index_version="1",
        blind_index=CANARY.encode(),
        sealed_number=CANARY.encode(),
        sealed_name=CANARY.encode(),
        confirmed_at=TODAY,
    )


def _phone() -> PhoneRow:
    return PhoneRow(
        person_id="per_1",
        state="current",
        index_version="1",
        blind_index=CANARY.encode(),
        sealed_number=CANARY.encode(),
        since=TODAY,
    )


def _acceptance() -> AcceptanceRow:
    return AcceptanceRow(account_id="acc_1", version_id=1, accepted_at=TODAY, channel="forum")


def _two_accounts() -> list[Base]:
    return [_forum(), _account(), _account("acc_2", handle_key="another")]


def _pause(pause_id: str) -> PauseRow:
    return PauseRow(id=pause_id, forum="frm_1", place="brd_1", reason=CANARY, began_at=TODAY, began_by="stf_1")


def _slot(account_id: str) -> SlotRow:
    return SlotRow(account_id=account_id, forum_id="frm_1", person_id="per_1", slot=1)


def _attempt(verification_id: str) -> VerificationRow:
    return VerificationRow(
        id=verification_id,
        forum_id="frm_1",
        account_id="acc_1",
        method="id2",
        outcome="pending",
        level="none",
        subject_digest=CANARY.encode(),
        provider=CANARY,
        sandbox=True,
        started_at=TODAY,
    )


def _organisation() -> OrganisationRow:
    sealed = CANARY.encode()
    return OrganisationRow(id="org_1", wrapped_key=sealed, sealed_number=sealed, sealed_name=sealed, confirmed_at=TODAY)


def _mark(account_id: str) -> OrganisationMarkRow:
    return OrganisationMarkRow(account_id=account_id, organisation_id="org_1", verified_at=TODAY, sandbox=True)


def _flow(flow_id: str) -> FlowRow:
    return FlowRow(
        id=flow_id,
        kind="registration",
        forum_id="frm_1",
        link_digest=CANARY.encode(),
        created_at=TODAY,
        expires_at=TODAY,
        version=0,
        bound_version=0,
        agreed=False,
        agreement_only=False,
        handle_only=False,
        without_phone=False,
        attempts={},
    )


def _sign_in(sign_in_id: str) -> SignInRow:
    return SignInRow(
        id=sign_in_id,
        browser_digest=CANARY.encode(),
        code_digest=CANARY.encode(),
        phone_version="1",
        phone_digest=CANARY.encode(),
        sent_at=TODAY,
        expires_at=TODAY,
        tries=0,
        session_digest=CANARY.encode(),
    )


def _board(board_id: str, slug: str = CANARY) -> BoardRow:
    return BoardRow(
        id=board_id,
        forum_id="frm_1",
        slug=slug,
        name=CANARY,
        description=CANARY,
        status="active",
        minimum_level="phone",
        created_at=TODAY,
    )


def _moderator(moderator_id: str, account_id: str = "acc_1", role: str = "manager") -> ModeratorRow:
    return ModeratorRow(
        id=moderator_id,
        forum_id="frm_1",
        board_id="brd_1",
        account_id=account_id,
        role=role,
        filed_at=TODAY,
        anchor_day=1,
        interval_days=180,
        grace_days=14,
        due_at=TODAY,
        suspends_at=TODAY,
        look_at=TODAY,
        told_state="current",
        ended_because=CANARY,
    )


def _history() -> HistoryRow:
    return HistoryRow(moderator_id="mod_1", at=TODAY, what="reminded", due_at=TODAY, stage=7, detail=CANARY)


def _order(order_id: str) -> OrderRow:
    return OrderRow(
        id=order_id,
        forum_id="frm_1",
        scope_kind="all",
        cause="phone_recycled",
        cause_ref=CANARY,
        reason=CANARY,
        due_at=TODAY,
        created_at=TODAY,
    )


def _told() -> list[Base]:
    endpoint = EndpointRow(
        id="whk_1",
        forum_id="frm_1",
        url=CANARY,
        events="*",
        sealed_secret=CANARY.encode(),
        created_at=TODAY,
        failures=0,
    )
    return [endpoint, EventRow(id="evt_1", forum_id="frm_1", kind="webhook.test", body=CANARY, created_at=TODAY)]


def _delivery() -> DeliveryRow:
    return DeliveryRow(
        id="dlv_1",
        endpoint_id="whk_1",
        event_id="evt_1",
        subject=CANARY,
        state="waiting",
        due_at=TODAY,
        next_attempt_at=TODAY,
        attempts=0,
    )


def _rules() -> dict[str, tuple[list[Base], Base]]:
    """What stands already, and the row that breaks the rule; made anew for each test."""
    return {
        "uq_accounts_handle": ([_forum(), _account()], _account("acc_2")),
        "uq_accounts_external_id": (
            [_forum(), _account(external_id=CANARY)],
            _account("acc_2", handle_key="another", external_id=CANARY),
        ),
        "uq_accounts_status_index": ([_forum(), _account()], _account("acc_2", handle_key="another", status_index=1)),
        "uq_pauses_in_force": ([_pause("pau_1")], _pause("pau_2")),
        "uq_account_slots_slot": ([*_two_accounts(), _person(), _slot("acc_1")], _slot("acc_2")),
        "uq_verifications_in_flight": ([_forum(), _account(), _attempt("vrf_1")], _attempt("vrf_2")),
        "uq_organisation_marks_organisation_id": ([*_two_accounts(), _organisation(), _mark("acc_1")], _mark("acc_2")),
        "uq_account_sanctions_open": ([_forum(), _account(), _sanction()], _sanction()),
        "uq_agreement_versions_kind_version": ([_agreement()], _agreement()),
        "uq_flows_link_digest": ([_forum(), _flow("reg_1")], _flow("reg_2")),
        "uq_sign_ins_session_digest": ([_sign_in("sin_1")], _sign_in("sin_2")),
        "uq_boards_forum_id_slug": ([_forum(), _board("brd_1")], _board("brd_2")),
        "uq_moderators_in_office": ([*_two_accounts(), _board("brd_1"), _moderator("mod_1")], _moderator("mod_2")),
        "uq_moderators_founder": (
            [*_two_accounts(), _board("brd_1"), _moderator("mod_1", role="founder")],
            _moderator("mod_2", "acc_2", "founder"),
        ),
        "uq_moderator_history_once": ([*_two_accounts(), _board("brd_1"), _moderator("mod_1"), _history()], _history()),
        "uq_reverification_orders_cause_cause_ref": ([_forum(), _order("rvo_1")], _order("rvo_2")),
        "uq_audit_origins_name": ([_origin(1)], _origin(2)),
        "uq_audit_leaves_entry_id": ([_leaf(0)], _leaf(1)),
        "uq_persons_audit_ref": ([_person()], _person("per_2")),
        "uq_person_documents_index": ([_person(), _document()], _document()),
        "uq_person_phones_current": ([_person(), _phone()], _phone()),
        "uq_webhook_deliveries_id": ([*_told(), _delivery()], _delivery()),
        "uq_lexicon_versions_name_number": ([_lexicon("lex_1")], _lexicon("lex_2")),
        "uq_reviews_text_id": ([_text("txt_1"), _review("rev_1")], _review("rev_2", field="bio")),
        "uq_reviews_open_field": ([_text("txt_1"), _text("txt_2"), _review("rev_1")], _review("rev_2", "txt_2")),
        "uq_reviews_open_text": (
            [_text("txt_1"), _text("txt_2"), _review("rev_1", subject_id=None)],
            _review("rev_2", "txt_2", subject_id=None),
        ),
        "uq_authority_reports_open": ([_violation(), _report("rep_1")], _report("rep_2")),
        "uq_staff_email": ([_member("stf_1")], _member("stf_2")),
        "uq_staff_sessions_id": ([_member("stf_1"), _staff_session(b"1")], _staff_session(b"2")),
        "uq_cases_code": ([_forum(), _case("cmp_1")], _case("cmp_2")),
        "uq_cases_open_appeal": (
            [_forum(), _case("apl_1", against_ref=CANARY, proven=True)],
            _case("apl_2", code_digest=b"another", against_ref=CANARY, proven=True),
        ),
        "pk_forums": ([_forum()], _forum()),
        "pk_agreement_acceptances": ([_forum(), _account(), _acceptance()], _acceptance()),
    }


def _case(
    case_id: str, *, code_digest: bytes = CANARY.encode(), against_ref: str | None = None, proven: bool = False
) -> CaseRow:
    return CaseRow(
        id=case_id,
        kind="appeal",
        forum_id="frm_1",
        queue="appeals",
        on_behalf="person",
        against_kind="ban",
        against_ref=against_ref,
        proven=proven,
        code_digest=code_digest,
        received_at=TODAY,
        respond_by=TODAY,
        next_by=TODAY,
        measures=[],
        contact_channels=[],
        version=1,
    )


def _violation() -> ViolationRow:
    moments = dict.fromkeys(("discovered_at", "recorded_at", "published_at", "kept_until"), TODAY)
    named = {"forum_id": "frm_1", "account_id": "acc_1", "category": "spam", "source": "patrol"}
    return ViolationRow(id="vio_1", actor_kind="client", actor_id=CANARY, content_ref=CANARY, **named, **moments)


def _report(report_id: str) -> AuthorityReportRow:
    told = {"authority_id": "aut_1", "authority_name": CANARY, "kind": "other", "region": CANARY, "channel": CANARY}
    drafted = {"drafted_at": TODAY, "drafted_by": "stf_1", "reviewed_on": TODAY.date()}
    return AuthorityReportRow(id=report_id, violation_id="vio_1", **told, **drafted)


def _member(staff_id: str) -> StaffRow:
    return StaffRow(id=staff_id, email=CANARY, state="active", created_at=TODAY, version=1, seal=b"")


def _staff_session(digest: bytes) -> StaffSessionRow:
    moments = dict.fromkeys(("created_at", "seen_at", "second_factor_at"), TODAY)
    return StaffSessionRow(digest=digest, id=CANARY, staff_id="stf_1", face="api", wrong_codes=0, seal=b"", **moments)


def _lexicon(lexicon_id: str) -> LexiconVersionRow:
    return LexiconVersionRow(
        id=lexicon_id,
        name=CANARY,
        number=1,
        terms=1,
        digest=b"",
        content=CANARY.encode(),
        created_at=TODAY,
        actor_kind="operator",
        actor_id="command-line",
    )


def _text(text_id: str) -> KeptTextRow:
    return KeptTextRow(
        id=text_id,
        position=0,
        forum_id="frm_1",
        field="handle",
        digest=b"",
        decision="review",
        lexicon_version=1,
        hits=CANARY,
        screened_at=TODAY,
    )


def _review(
    review_id: str, text_id: str = "txt_1", *, subject_id: str | None = "acc_1", field: str = "handle"
) -> ReviewRow:
    return ReviewRow(
        id=review_id,
        version=1,
        text_id=text_id,
        forum_id="frm_1",
        origin="name",
        subject_id=subject_id,
        field=field,
        digest=CANARY.encode(),
        held=True,
        opened_at=TODAY,
    )


def _write(unit_of_work: UnitOfWork, *rows: Base) -> None:
    with unit_of_work.begin(OPERATOR) as tx:
        for row in rows:
            tx.session.add(row)
            tx.session.flush()


def _forums(unit_of_work: UnitOfWork) -> list[str]:
    with unit_of_work.read() as tx:
        return list(tx.session.scalars(select(ForumRow.id)))


def _failure(unit_of_work: UnitOfWork, work: Work) -> Exception:
    try:
        with unit_of_work.begin(OPERATOR) as tx:
            work(tx.session)
    except Exception as error:  # noqa: BLE001 -- whatever comes out is what is examined
        return error
    raise AssertionError("the database refused nothing")


# -- one fate ---------------------------------------------------------------------------------------------------


def test_what_a_transaction_wrote_is_there_after_it(unit_of_work: UnitOfWork) -> None:
    _write(unit_of_work, _forum(), _forum("frm_2"))
    assert sorted(_forums(unit_of_work)) == ["frm_1", "frm_2"]


def test_an_error_takes_back_everything_and_comes_out_as_it_was(unit_of_work: UnitOfWork) -> None:
    wrong = RuntimeError("halfway")

    def halfway(session: Session) -> None:
        session.add(_forum())
        session.flush()
        session.execute(insert(PersonRow).values(id="per_1", audit_ref="r", wrapped_key=b"", created_at=TODAY))
        raise wrong

    assert _failure(unit_of_work, halfway) is wrong
    assert _forums(unit_of_work) == []
    with unit_of_work.read() as tx:
        assert tx.session.scalars(select(PersonRow.id)).all() == []


def test_a_broken_rule_takes_back_what_the_same_transaction_wrote_before(unit_of_work: UnitOfWork) -> None:
    _write(unit_of_work, _forum())
    with pytest.raises(ConstraintViolated):
        _write(unit_of_work, _forum("frm_2"), _forum())
    assert _forums(unit_of_work) == ["frm_1"]


def test_a_transaction_has_one_moment(unit_of_work: UnitOfWork, clock: FakeClock) -> None:
    with unit_of_work.begin(OPERATOR) as tx:
        clock.advance(hours=1)
        assert tx.now == TODAY
        assert tx.actor is OPERATOR


def test_a_reader_sees_one_snapshot_and_does_not_wait_for_a_writer(unit_of_work: UnitOfWork) -> None:
    with unit_of_work.read() as reader:
        assert reader.session.scalars(select(ForumRow.id)).all() == []
        with unit_of_work.begin(OPERATOR) as writer:
            writer.session.add(_forum())
            writer.session.flush()
            assert _forums(unit_of_work) == []
        assert reader.session.scalars(select(ForumRow.id)).all() == []
    assert _forums(unit_of_work) == ["frm_1"]


# -- which rule -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("constraint", sorted(_rules()))
def test_a_broken_rule_is_named_the_same_on_both_databases(unit_of_work: UnitOfWork, constraint: str) -> None:
    standing, breaking = _rules()[constraint]
    _write(unit_of_work, *standing)
    with pytest.raises(ConstraintViolated) as violated:
        _write(unit_of_work, breaking)
    assert violated.value.constraint == constraint


def test_every_unique_rule_of_the_models_is_put_to_the_test() -> None:
    rules = {
        str(rule.name)
        for table in METADATA.tables.values()
        for rule in (*table.constraints, *(index for index in table.indexes if index.unique))
        if isinstance(rule, UniqueConstraint | Index)
    }
    assert rules == {name for name in _rules() if name.startswith("uq_")}


def test_a_work_that_always_breaks_a_rule_ends_as_unavailable(unit_of_work: UnitOfWork) -> None:
    _write(unit_of_work, _forum())
    rounds: list[int] = []

    def work() -> None:
        rounds.append(1)
        _write(unit_of_work, _forum())

    with pytest.raises(Unavailable):
        again_on_collision(work)
    assert 2 <= len(rounds) <= 10


def test_a_work_that_broke_a_rule_once_is_run_again(unit_of_work: UnitOfWork) -> None:
    _write(unit_of_work, _forum("frm_1"))
    names = iter(["frm_1", "frm_2"])
    again_on_collision(lambda: _write(unit_of_work, _forum(next(names))))
    assert sorted(_forums(unit_of_work)) == ["frm_1", "frm_2"]


# -- what an error says -------------------------------------------------------------------------------------------


def _everything_said(error: BaseException | None) -> str:
    """Every text of an error and of all that stands behind it, also where `from None` hides it from a traceback."""
    said, seen = [], set[int]()
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        said += [str(one), repr(one), *(str(arg) for arg in one.args), *getattr(one, "__notes__", [])]
        said += traceback.format_exception(one)
        waiting += [one.__cause__, one.__context__, getattr(one, "orig", None)]
    return "\n".join(said)


def _execute(statement: str, **values: object) -> Work:
    return lambda session: session.execute(text(statement), values)


def _add(*rows: Base) -> Work:
    def add(session: Session) -> None:
        session.add_all(rows)
        session.flush()

    return add


def _wrongs() -> dict[str, Work]:
    """Ways to be refused with a canary among the values; on both databases."""
    nameless, naive, unwritable = _forum("frm_9"), _forum("frm_9"), _forum("frm_9")
    nameless.name = None  # type: ignore[assignment] # the database is to refuse it
    naive.created_at = datetime(2026, 1, 1)  # noqa: DTZ001 -- is to be refused
    unwritable.return_urls = [CANARY.encode()]  # type: ignore[list-item] # no JSON
    return {
        **{f"unique: {name}": _add(breaking) for name, (_, breaking) in _rules().items()},
        "a missing value": _add(nameless),
        "a parent that is not there": _add(_account("acc_9", handle_key=CANARY + "9")),
        "a moment without a time zone": _add(naive),
        "a value that is no JSON": _add(unwritable),
        "a value of a type the driver does not know": _execute("SELECT :x", x=frozenset({CANARY})),
        "a column that is not there": _execute("SELECT canary_less FROM forums WHERE id = :x", x=CANARY),
        "a value that is missing from the call": _execute("SELECT :x, :y", x=CANARY),
    }


def _postgres_wrongs() -> dict[str, Work]:
    long = _forum(CANARY * 10)
    return {
        "too long": _add(long),
        "not a number": _execute("SELECT CAST(:x AS integer)", x=CANARY),
        "not a date": _execute("SELECT CAST(CAST(:x AS text) AS timestamptz)", x=CANARY),
        "not JSON": _execute("SELECT CAST(CAST(:x AS text) AS json)", x="{" + CANARY),
        "a NUL": _execute("SELECT CAST(:x AS text)", x=CANARY + "\x00"),
        "a number too large": _execute("SELECT CAST(CAST(:x AS text) AS smallint)", x="110199199003070017"),
        "raised by the database with a hint": _execute(
            f"DO $$ BEGIN RAISE EXCEPTION '%', '{CANARY}' USING DETAIL = '{CANARY}', HINT = '{CANARY}'; END $$"
        ),
    }


@pytest.mark.parametrize("wrong", sorted(_wrongs()))
def test_an_error_of_the_database_holds_no_value(unit_of_work: UnitOfWork, wrong: str) -> None:
    standing = _rules()[wrong.removeprefix("unique: ")][0] if wrong.startswith("unique") else []
    _write(unit_of_work, *standing)
    said = _everything_said(_failure(unit_of_work, _wrongs()[wrong]))
    assert CANARY not in said
    assert "110199" not in said
    assert CANARY.encode().hex() not in said


@pytest.mark.parametrize("wrong", sorted(_postgres_wrongs()))
def test_an_error_that_postgres_words_with_the_value_holds_none(postgres_database: str, wrong: str) -> None:
    engine = make_engine(postgres_database)
    error = _failure(UnitOfWork(engine, FakeClock()), _postgres_wrongs()[wrong])
    engine.dispose()
    said = _everything_said(error).replace(f"'{CANARY}'", "")  # the statement of the last case, which we wrote
    assert CANARY not in said
    assert "110199199003070017" not in said


def test_sqlite_refuses_a_number_for_text_without_repeating_it(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path}/types.db")
    unit_of_work = UnitOfWork(engine, FakeClock())
    with unit_of_work.begin(OPERATOR) as tx:
        tx.session.execute(text("CREATE TABLE numbers (id INTEGER PRIMARY KEY) "))
    for wrong in (
        _execute("INSERT INTO numbers VALUES (:x)", x=CANARY),
        _execute("INSERT INTO numbers VALUES (:x)", x=110199199003070017 * 10**6),
    ):
        said = _everything_said(_failure(unit_of_work, wrong))
        assert CANARY not in said
        assert "110199199003070017" not in said
    engine.dispose()


# -- the database that is not there ---------------------------------------------------------------------------------


def test_a_database_that_nobody_serves_is_unavailable_and_its_password_stays_unsaid() -> None:
    engine = make_engine(NOBODY_LISTENS)
    unit_of_work = UnitOfWork(engine, FakeClock())
    error = _failure(unit_of_work, _execute("SELECT 1"))
    assert isinstance(error, Unavailable)
    assert error.retry_after > 0
    assert "canary-password" not in _everything_said(error)
    with pytest.raises(Unavailable), unit_of_work.read() as tx:
        tx.session.execute(text("SELECT 1"))
    engine.dispose()


def test_a_sqlite_file_that_cannot_be_opened_is_refused_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "shiming.db").mkdir()  # a directory where the file should be
    with pytest.raises(StartRefused):
        make_engine(f"sqlite:///{tmp_path}/shiming.db")


def test_a_connection_that_dies_in_a_transaction_is_unavailable_and_the_next_one_works(postgres_database: str) -> None:
    engine, executioner = make_engine(postgres_database), make_engine(postgres_database)
    unit_of_work = UnitOfWork(engine, FakeClock())

    def dies(session: Session) -> None:
        process = session.scalar(text("SELECT pg_backend_pid()"))
        with executioner.connect() as connection:
            connection.execute(text("SELECT pg_terminate_backend(:process, 5000)"), {"process": process})
        session.execute(text("SELECT 1"))

    assert isinstance(_failure(unit_of_work, dies), Unavailable)
    with unit_of_work.read() as tx:
        assert tx.session.scalar(text("SELECT 1")) == 1
    engine.dispose()
    executioner.dispose()


def test_a_connection_that_dies_while_idle_is_replaced_unnoticed(postgres_database: str) -> None:
    engine, executioner = make_engine(postgres_database), make_engine(postgres_database)
    unit_of_work = UnitOfWork(engine, FakeClock())
    with unit_of_work.read() as tx:
        process = tx.session.scalar(text("SELECT pg_backend_pid()"))
    with executioner.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:process, 5000)"), {"process": process})
    with unit_of_work.read() as tx:
        assert tx.session.scalar(text("SELECT pg_backend_pid()")) != process
    engine.dispose()
    executioner.dispose()


@pytest.mark.parametrize("state", ["40001", "40P01"])
def test_a_collision_on_postgres_is_told_apart_from_an_outage(postgres_database: str, state: str) -> None:
    engine = make_engine(postgres_database)
    collision = _execute(f"DO $$ BEGIN RAISE EXCEPTION 'collided' USING ERRCODE = '{state}'; END $$")
    assert isinstance(_failure(UnitOfWork(engine, FakeClock()), collision), CollidedWithAnother)
    engine.dispose()


# -- every connection -------------------------------------------------------------------------------------------------

PRAGMAS = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}


def test_every_pooled_sqlite_connection_loses_nothing_and_keeps_nothing_deleted(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path}/shiming.db")
    with ExitStack() as held:
        connections = [engine.raw_connection() for _ in range(THREADS)]
        for connection in connections:
            held.callback(connection.close)
        assert len({id(connection.driver_connection) for connection in connections}) == THREADS
        for connection in connections:
            raw = connection.driver_connection
            assert isinstance(raw, sqlite3.Connection)
            found = {name: raw.execute(f"PRAGMA {name}").fetchone()[0] for name in PRAGMAS}
            assert found == PRAGMAS
            assert raw.execute("PRAGMA busy_timeout").fetchone()[0] >= 5000
    engine.dispose()


def test_a_sqlite_file_and_its_log_are_for_their_owner_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        engine = make_engine(f"sqlite:///{tmp_path}/shiming.db")
        with UnitOfWork(engine, FakeClock()).begin(OPERATOR) as tx:
            tx.session.execute(text("CREATE TABLE something (id INTEGER PRIMARY KEY)"))
        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert modes == {"shiming.db": 0o600, "shiming.db-wal": 0o600, "shiming.db-shm": 0o600}
    engine.dispose()


def test_a_sqlite_connection_keeps_its_promises_after_use_and_after_an_error(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path}/shiming.db")
    _failure(UnitOfWork(engine, FakeClock()), _execute("SELECT nothing"))
    connection = engine.raw_connection()
    raw = connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    assert {name: raw.execute(f"PRAGMA {name}").fetchone()[0] for name in PRAGMAS} == PRAGMAS
    connection.close()
    engine.dispose()


def test_who_writes_to_sqlite_has_the_lock_before_reading_and_who_only_reads_never(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path}/shiming.db")
    unit_of_work = UnitOfWork(engine, FakeClock())
    with closing(sqlite3.connect(tmp_path / "shiming.db", timeout=0, isolation_level=None)) as another_process:
        with unit_of_work.begin(OPERATOR) as tx:
            tx.session.execute(text("SELECT 1"))
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                another_process.execute("BEGIN IMMEDIATE")
        with unit_of_work.read() as tx:
            tx.session.execute(text("SELECT 1"))
            another_process.execute("BEGIN IMMEDIATE")
    engine.dispose()


def test_every_postgres_connection_has_time_limits(postgres_database: str) -> None:
    engine = make_engine(postgres_database)
    with engine.connect() as first, engine.connect() as second:
        for connection in (first, second):
            for limit in ("statement_timeout", "lock_timeout"):
                assert connection.scalar(text(f"SHOW {limit}")) == "5s"
    engine.dispose()


def test_a_foreign_key_holds_on_both_databases_and_is_no_race(unit_of_work: UnitOfWork) -> None:
    with pytest.raises(IntegrityError):
        _write(unit_of_work, _account())
    with unit_of_work.read() as tx:
        assert tx.session.scalars(select(AccountRow.id)).all() == []


@pytest.mark.parametrize(
    "address",
    [
        "mysql://shiming:canary-password@db/shiming",
        "postgresql://shiming:p@canary-password@db/shiming",
        "postgresql://shiming:p@x:canary-password@db/shiming",
        "sqlite://",
        "nonsense",
        "",
    ],
)
def test_an_address_of_no_known_database_is_refused_and_its_password_stays_unsaid(address: str) -> None:
    with pytest.raises(StartRefused) as refused:
        make_engine(address)
    assert "SHIMING_DATABASE_URL" in str(refused.value)
    assert "canary-password" not in str(refused.value)
