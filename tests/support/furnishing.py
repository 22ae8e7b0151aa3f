"""An installation in which every field that the console shows holds what somebody typed."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from sqlalchemy import select, text

from app.agreements.domain import AgreementKind
from app.agreements.service import default_draft
from app.audit.models import LeafRow
from app.boards.domain import OrderScope, ScopeKind
from app.events.domain import Subscription
from app.forums.domain import PausedPlace
from app.kernel.actor import OPERATOR
from app.kernel.ids import BoardId, ForumId
from app.kernel.secret import Secret
from app.organisation.domain import Appointed, AuthorityEntry, AuthorityKind, Duty, FiledForum, Rank
from app.staff.access import Role
from app.upkeep.domain import JobNote
from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.disclosing import open_office
from tests.support.forum import ForumBackend, sandbox_number
from tests.support.reported import report
from tests.support.reviewing import publish, waiting
from tests.support.staff import make_staff, settle

SHORT, LONG = 100, 400
TYPED: Mapping[str, tuple[str, ...]] = {
    "accounts": ("handle", "external_id", "display_name", "bio", "signature"),
    "account_sanctions": ("reason", "lifted_because"),
    "account_acts": ("reason",),
    "boards": ("slug", "name", "description", "status_reason"),
    "board_terms": ("reason",),
    "moderators": ("ended_because",),
    "moderator_history": ("detail",),
    "moderator_sanctions": ("reason", "basis", "lifted_because"),
    "reverification_orders": ("reason",),
    "webhook_endpoints": ("url",),
    "webhook_attempts": ("error",),
    "forums": ("name", "direct_verification"),
    "pauses": ("reason",),
    "drills": ("scenario", "outcome"),
    "officers": ("ended_because",),
    "forum_filings": ("icp_filing", "ps_filing", "responsible_unit"),
    "authority_entries": ("name", "region", "channel", "ended_because"),
    "reviews": ("reason",),
    "staff": ("email",),
    "job_runs": ("last_failure",),
    "agreement_drafts": ("title", "text_zh", "text_en"),
    "violations": ("content_ref", "url", "hold_reason"),
    "violation_measures": ("reason",),
    "authority_reports": ("authority_name", "region", "channel", "receipt_no", "withdrawn_because"),
}
"""Columns of free text, by table: what people wrote, or what another service answered."""


def type_everywhere(services: Services, said: str) -> None:
    """Into the rows themselves, where nothing is refused; each begins with `said` and where it stands."""
    with services.engine.begin() as connection:
        for trigger in connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
            connection.execute(text(f"DROP TRIGGER {trigger}"))
        for table, columns in TYPED.items():
            for column in columns:
                # SQLite alone: its rows have numbers of their own, and its texts any length
                told = {"said": f"{said}[{table}.{column}]"}
                connection.execute(text(f"UPDATE {table} SET {column} = :said || rowid"), told)
    settle(services)


def furnish(
    services: Services, clock: FakeClock, address: str, forum: ForumBackend, texts: list[str]
) -> dict[str, str]:
    """One of everything that a page of the console shows, and its id by the name that a route gives it.

    `texts`: of at most `SHORT` characters, put into whatever is sealed.
    """
    forum_id = ForumId(forum.credentials.forum_id)
    publish(services, 赌场="review")
    founder = forum.moderator_to_be("山间清风", external_id="u1")
    board = forum.board(founder["id"], "tea")
    deputy = forum.moderator_to_be("清泉石上", sandbox_number(190), external_id="u2")
    office = services.moderators.end(OPERATOR, forum_id, forum.manager(deputy["id"])["id"], "ended")
    services.boards.freeze(OPERATOR, forum_id, "tea", "frozen")
    services.sanctions.suspend(OPERATOR, forum_id, deputy["id"], "suspended", None)
    items = [{"field": "post", "text": f"赌场{said}"} for said in texts]
    for start in range(0, len(items), 20):
        assert forum.post("/v1/screenings", {"items": items[start : start + 20]}).status_code == 200
    order = services.reverifications.order(OPERATOR, None, OrderScope(ScopeKind.ALL), "ordered", 14).order
    endpoint = services.webhooks.add(OPERATOR, forum_id, "https://hooks.example/in", Subscription(None)).endpoint
    services.webhooks.test(OPERATOR, forum_id, endpoint.id)
    services.emergency.drills.record(OPERATOR, date(2026, 1, 2), "scenario", "outcome")
    paused = services.emergency.pauses.pause(OPERATOR, PausedPlace(None, BoardId(board["id"])), "paused")
    services.emergency.pauses.pause(OPERATOR, PausedPlace(forum_id), "paused")
    now = clock.now()
    services.job_runs.note(JobNote("a-job", 5.0, now, now, None, 3, "failure", 0))
    desk = open_office(services, address, approvers=2)
    asked = [desk.ask(founder["id"], authority=said, instrument_no=said, legal_basis=said) for said in texts]
    kind, day = next(iter(AuthorityKind)), date(2026, 1, 2)
    for said in texts:
        appointed = Appointed(next(iter(Duty)), Rank.PRINCIPAL, Secret(said), Secret(said), Secret(said), day)
        officer = services.organisation.appoint(OPERATOR, appointed)
    authority = services.organisation.add_authority(OPERATOR, AuthorityEntry("name", kind, "region", "channel", day))
    services.organisation.file_forum(OPERATOR, forum_id, FiledForum("icp", "ps", "unit", day))
    draft = services.agreement_drafts.write(
        OPERATOR, "title", replace(default_draft(AgreementKind.USER), version="9")
    ).written
    member = make_staff(services, Role.AUDITOR)
    services.audit.sequencer.catch_up()
    with services.unit_of_work.read() as tx:
        entry_id = tx.session.scalars(select(LeafRow.entry_id)).first()
    reported = report(services, clock, forum_id, founder["id"], authority.id, texts)
    return reported | {
        "account_id": deputy["id"],
        "board": board["id"],
        "moderator": office.standing.appointment.id,
        "disclosure_id": asked[0],
        "disclosures": " ".join(asked),
        "reviews": " ".join(review.id for review in waiting(services)),
        "entry_id": str(entry_id),
        "forum_id": forum_id,
        "endpoint_id": endpoint.id,
        "order_id": order.id,
        "review_id": waiting(services)[0].id,
        "pause_id": paused.id,
        "staff_id": member.staff_id,
        "officer_id": officer.id,
        "authority_id": authority.id,
        "draft_id": draft.id,
        "lexicon_id": services.lexicons.list_all()[0].versions[0].id,
        "number": str(services.agreement_drafts.published(None, 1)[0].number),
    }
