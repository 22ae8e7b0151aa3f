"""The one quick statement answers as the features themselves would, one after another."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from app.accounts.domain import AccountName, AccountStatus, Profile, Sanction, SanctionKind
from app.accounts.models import AccountRow, SanctionRow
from app.accounts.service import find_named
from app.agreements import repository as agreements
from app.agreements.domain import Acceptance, AcceptanceChannel, AgreementKind, AgreementVersion
from app.agreements.models import AgreementVersionRow
from app.db.unit_of_work import Transaction
from app.forums.domain import PausedPlace
from app.forums.pauses import places_paused
from app.kernel.actor import OPERATOR, Actor, ActorKind
from app.kernel.ids import AccountId, BoardId, ForumId
from app.posting.domain import AcceptedAgreement, AgreementInForce, Identity, Standing, StandingFilter
from app.posting.standing_reader import read_standings
from app.verification import repository as verification
from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend, Json, sandbox_number

PHONE = "14000001001"


def put_together(services: Services, forum_id: ForumId, account_id: str) -> Standing:
    """The standing of an account, asked of accounts, verification and agreements one by one."""
    account = services.accounts.get(forum_id, account_id)
    with services.unit_of_work.read() as tx:
        link = verification.find_link(tx.session, account.id)
        return Standing(
            account=account,
            sanction=_open_sanction(tx, account.id),
            identity=Identity(link.level, link.method, link.verified_at, link.sandbox) if link else None,
            agreement=_in_force(tx),
            accepted=_newest_acceptance(tx, account.id),
            organisation_verified=verification.has_organisation(tx.session, account.id),
            status_index=tx.session.scalars(select(AccountRow.status_index).where(AccountRow.id == account.id)).one(),
            paused=places_paused(tx, forum_id),
        )


def _open_sanction(tx: Transaction, account_id: AccountId) -> Sanction | None:
    rows = tx.session.scalars(select(SanctionRow).where(SanctionRow.account_id == account_id))
    standing = [row for row in rows if row.lifted_at is None]
    assert len(standing) <= 1
    return Sanction(SanctionKind(standing[0].kind), standing[0].reason, standing[0].until) if standing else None


def _in_force(tx: Transaction) -> AgreementInForce | None:
    found = agreements.in_force(tx.session, AgreementKind.USER, tx.now)
    return AgreementInForce(found[1].version, found[1].accept_by) if found else None


def _newest_acceptance(tx: Transaction, account_id: AccountId) -> AcceptedAgreement | None:
    published = tx.session.scalars(select(AgreementVersionRow).where(AgreementVersionRow.kind == AgreementKind.USER))
    for row in sorted(published, key=lambda row: (row.effective_at, row.id), reverse=True):
        version = AgreementVersion(AgreementKind.USER, row.version, "", "", "", row.effective_at, row.accept_by)
        acceptance = agreements.find_acceptance(tx.session, account_id, row.id, version)
        if acceptance is not None:
            return AcceptedAgreement(acceptance.version, acceptance.accepted_at)
    return None


def publish(services: Services, kind: AgreementKind, version: str, effective_at: datetime) -> None:
    with services.unit_of_work.begin(OPERATOR) as tx:
        agreements.add(
            tx.session,
            AgreementVersion(kind, version, "协议", "全文", "Text", effective_at, effective_at + timedelta(days=7)),
        )


class Stage:
    """One forum with an account of every kind that matters here."""

    def __init__(self, services: Services, forum: ForumBackend, clock: FakeClock) -> None:
        self.services, self.forum, self.clock = services, forum, clock
        self.forum_id = forum.credentials.forum_id

    def accounts(self) -> dict[str, str]:
        """What it is to what it is called: its id. Some have accepted, some have not."""
        forum, made = self.forum, {}
        made["unverified"] = forum.register("未验证", "7")["id"]
        made["unverified, accepted"] = forum.register("已同意")["id"]
        forum.accept_agreement(made["unverified, accepted"])
        made["phone"] = forum.register("手机级")["id"]
        forum.phone_code(made["phone"], PHONE)
        made["document"] = forum.member("证件级")["id"]
        made["organisation"] = forum.register("机构号")["id"]
        forum.phone_code(made["organisation"], "14000001002")
        forum.check_document(made["organisation"], sandbox_number(25)).raise_for_status()
        forum.mark_organisation(made["organisation"]).raise_for_status()
        made["suspended"] = forum.member("已暂停", sandbox_number(21))["id"]
        self.suspend(made["suspended"], None)
        made["suspended for an hour"] = forum.member("停一小时", sandbox_number(22))["id"]
        self.suspend(made["suspended for an hour"], timedelta(hours=1))
        made["unverified and suspended"] = forum.register("都没有")["id"]
        self.suspend(made["unverified and suspended"], timedelta(hours=1))
        made["reinstated"] = forum.member("已恢复", sandbox_number(23))["id"]
        self.suspend(made["reinstated"], None)
        forum.post(f"/v1/accounts/{made['reinstated']}/reinstate", {"reason": "申诉成立"}).raise_for_status()
        made["suspended twice"] = forum.member("停两次", sandbox_number(24))["id"]
        self.suspend(made["suspended twice"], timedelta(minutes=1))
        self.suspend(made["suspended twice"], timedelta(hours=2))
        made["closed after a verification"] = forum.member("验后关闭", sandbox_number(26))["id"]
        forum.post(f"/v1/accounts/{made['closed after a verification']}/close", {"reason": "注销"}).raise_for_status()
        return made | self.banned_and_closed()

    def banned_and_closed(self) -> dict[str, str]:
        made = {
            "banned": ("封禁", ["ban"]),
            "banned after a suspension": ("先停后封", ["suspend", "ban"]),
            "closed": ("关闭", ["close"]),
            "closed and suspended": ("停了再关", ["suspend", "close"]),
            "closed and banned": ("关了再封", ["close", "ban"]),
            "reopened and banned": ("又开了", ["ban", "close", "reinstate"]),
            "reopened": ("重开", ["close", "reinstate"]),
        }
        return {what: self.treated(handle, acts) for what, (handle, acts) in made.items()}

    def treated(self, handle: str, acts: list[str]) -> str:
        account_id: str = self.forum.register(handle)["id"]
        for act in acts:
            self.forum.post(f"/v1/accounts/{account_id}/{act}", {"reason": "违规"}).raise_for_status()
        return account_id

    def suspend(self, account_id: str, period: timedelta | None) -> Json:
        until = (self.clock.now() + period).isoformat().replace("+00:00", "Z") if period else None
        body = {"reason": "刷屏"} | ({"until": until} if until else {})
        answer = self.forum.post(f"/v1/accounts/{account_id}/suspend", body)
        assert answer.status_code == 200, answer.text
        shown: Json = answer.json()
        return shown

    def read(self, wanted: StandingFilter) -> list[Standing]:
        with self.services.unit_of_work.read() as tx:
            return read_standings(tx.session, wanted, tx.now)

    def compare(self, account_id: str, what: str) -> Standing:
        read = self.read(StandingFilter(self.forum_id, account_id=account_id))
        assert read == [put_together(self.services, self.forum_id, account_id)], what
        return read[0]


@pytest.fixture
def stage(services: Services, forum: ForumBackend, clock: FakeClock) -> Stage:
    return Stage(services, forum, clock)


def test_every_kind_of_standing_is_read_as_its_features_tell_it(stage: Stage) -> None:
    made = stage.accounts()
    read = {what: stage.compare(account_id, what) for what, account_id in made.items()}
    assert read["unverified"].identity is None
    assert read["unverified"].accepted is None
    assert read["unverified, accepted"].accepted is not None
    phone, document = read["phone"].identity, read["document"].identity
    assert phone is not None
    assert phone.level == "phone"
    assert document is not None
    assert document.level == "document"
    assert read["organisation"].organisation_verified
    assert read["reinstated"].sanction is None
    statuses = {what: standing.status(stage.clock.now()).value for what, standing in read.items()}
    assert {what: status for what, status in statuses.items() if status in {"banned", "closed"}} == {
        "banned": "banned",
        "banned after a suspension": "banned",
        "closed": "closed",
        "closed after a verification": "closed",
        "closed and suspended": "closed",
        "closed and banned": "closed",
        "reopened and banned": "banned",
    }
    assert statuses["reopened"] == "unverified"
    sanctions = [read[what].sanction for what in ("suspended", "suspended for an hour", "suspended twice")]
    assert [sanction and sanction.until for sanction in sanctions] == [
        None,
        stage.clock.now() + timedelta(hours=1),
        stage.clock.now() + timedelta(hours=2),
    ]
    stage.clock.advance(hours=1)  # exactly at `until`
    for what, account_id in made.items():
        stage.compare(account_id, what)
    ran_out = stage.compare(made["suspended for an hour"], "ran out")
    assert ran_out.status(stage.clock.now()) is AccountStatus.ACTIVE


def test_a_new_agreement_and_an_earlier_acceptance_are_both_read(stage: Stage) -> None:
    old = stage.forum.member("旧协议")["id"]
    none = stage.forum.register("没同意")["id"]
    effective_at = stage.clock.now() + timedelta(days=3)
    publish(stage.services, AgreementKind.USER, "2026-12", effective_at)
    publish(stage.services, AgreementKind.MODERATOR, "2026-12m", effective_at)
    assert _versions(stage.compare(old, "not yet in force")) == ("2026-11", "2026-11")
    stage.clock.advance(days=3)  # exactly at `effective_at`
    assert _versions(stage.compare(old, "old acceptance")) == ("2026-12", "2026-11")
    assert _versions(stage.compare(none, "never accepted")) == ("2026-12", None)
    stage.services.agreements.accept(OPERATOR, AccountId(old), AgreementKind.USER, "2026-12", AcceptanceChannel.FORUM)
    assert _versions(stage.compare(old, "both accepted")) == ("2026-12", "2026-12")
    stage.services.agreements.accept(
        OPERATOR, AccountId(none), AgreementKind.MODERATOR, "2026-12m", AcceptanceChannel.FORUM
    )
    assert _versions(stage.compare(none, "a moderator's agreement is not a user's")) == ("2026-12", None)


def _versions(standing: Standing) -> tuple[str | None, str | None]:
    return (
        standing.agreement.version if standing.agreement else None,
        standing.accepted.version if standing.accepted else None,
    )


def test_of_two_versions_with_one_date_the_later_published_is_in_force(stage: Stage) -> None:
    account_id = stage.forum.member("山间清风")["id"]
    for version in ("2026-12", "2026-12b"):
        publish(stage.services, AgreementKind.USER, version, stage.clock.now())
    assert _versions(stage.compare(account_id, "two versions")) == ("2026-12b", "2026-11")


def test_a_status_filter_finds_exactly_the_accounts_that_have_that_status(stage: Stage) -> None:
    made = stage.accounts()
    made["banned for an hour"] = stage.forum.register("封一小时")["id"]
    with stage.services.unit_of_work.begin(OPERATOR) as tx:
        until = tx.now + timedelta(hours=1)
        sanction = {"account_id": made["banned for an hour"], "kind": "ban", "reason": "广告"}
        tx.session.add(SanctionRow(**sanction, imposed_at=tx.now, until=until))
    for _ in ("before", "exactly at until"):
        now = stage.clock.now()
        standings = [put_together(stage.services, stage.forum_id, account_id) for account_id in made.values()]
        for status in AccountStatus:
            wanted = StandingFilter(stage.forum_id, status=status, limit=50)
            expected = sorted(standing.account.id for standing in standings if standing.status(now) is status)
            assert [standing.account.id for standing in stage.read(wanted)] == expected, status
        stage.clock.advance(hours=1)


def test_a_forum_reads_no_other_forums_account(stage: Stage, new_forum: Callable[[str], ForumBackend]) -> None:
    theirs = new_forum("另一个论坛").register("山间清风", "42")
    for wanted in (
        StandingFilter(stage.forum_id, account_id=theirs["id"]),
        StandingFilter(stage.forum_id, handle="山间清风"),
        StandingFilter(stage.forum_id, external_id="42"),
        StandingFilter(stage.forum_id, limit=50),
    ):
        assert stage.read(wanted) == []


def test_a_handle_and_an_external_id_find_what_the_accounts_feature_finds(stage: Stage) -> None:
    services, forum_id = stage.services, stage.forum_id
    services.accounts.register(OPERATOR, forum_id, "Cloud_9", "u-1", Profile(display_name="云"))
    for name in (AccountName(handle="cloud_9"), AccountName(handle="ＣＬＯＵＤ_９"), AccountName(external_id="u-1")):
        wanted = StandingFilter(forum_id, handle=name.handle, external_id=name.external_id)
        with services.unit_of_work.read() as tx:
            found = find_named(tx, forum_id, name)
        assert [standing.account for standing in stage.read(wanted)] == [found]
    assert stage.read(StandingFilter(forum_id, external_id="U-1")) == []


def test_a_page_begins_after_the_account_that_the_one_before_ended_with(stage: Stage) -> None:
    made = []
    for number in range(5):
        made.append(stage.forum.register(f"第{number}个")["id"])
        stage.clock.advance(seconds=1)
    pages = [
        [standing.account.id for standing in stage.read(StandingFilter(stage.forum_id, after=after, limit=2))]
        for after in (None, made[1], made[3], made[4])
    ]
    assert pages == [made[:2], made[2:4], made[4:], []]


def test_of_versions_and_of_acceptances_the_latest_counts_whenever_it_was_published(
    services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    """The first was published before the second and takes effect after it; the third takes effect with the first."""
    account = forum.register("看协议的")
    forum.accept_agreement(account["id"])
    first = _standing(services, account).agreement
    publish(services, AgreementKind.USER, "earlier", clock.now() - timedelta(days=30))
    with services.unit_of_work.begin(OPERATOR) as tx:
        _accept_again(tx, AccountId(account["id"]), "earlier")
    standing = _standing(services, account)
    assert (standing.agreement, standing.accepted and standing.accepted.version) == (first, first and first.version)
    with services.unit_of_work.read() as tx:
        begins = tx.session.scalars(select(AgreementVersionRow.effective_at).order_by(AgreementVersionRow.id)).first()
    assert begins is not None
    publish(services, AgreementKind.USER, "same moment", begins)
    with services.unit_of_work.begin(OPERATOR) as tx:
        _accept_again(tx, AccountId(account["id"]), "same moment")
    standing = _standing(services, account)
    assert standing.agreement is not None
    assert standing.accepted is not None
    assert (standing.agreement.version, standing.accepted.version) == ("same moment", "same moment")
    assert standing == put_together(services, forum.credentials.forum_id, account["id"])


def _standing(services: Services, account: Json) -> Standing:
    with services.unit_of_work.read() as tx:
        wanted = StandingFilter(ForumId(_forum_of(tx, account)), account_id=account["id"])
        return read_standings(tx.session, wanted, tx.now)[0]


def _forum_of(tx: Transaction, account: Json) -> str:
    return tx.session.scalars(select(AccountRow.forum_id).where(AccountRow.id == account["id"])).one()


def _accept_again(tx: Transaction, account_id: AccountId, version: str) -> None:
    version_id = tx.session.scalars(select(AgreementVersionRow.id).where(AgreementVersionRow.version == version)).one()
    acceptance = Acceptance(account_id, AgreementKind.USER, version, tx.now, AcceptanceChannel.FORUM)
    agreements.add_acceptance(tx.session, version_id, acceptance)


def test_where_posting_is_paused_is_read_for_the_forum_that_it_concerns(
    services: Services, stage: Stage, new_forum: Callable[[str], ForumBackend]
) -> None:
    account_id, other = stage.forum.register("山间清风")["id"], new_forum("别的论坛")
    founder = other.moderator_to_be("版主甲")
    board = other.board(founder["id"], "tea")["id"]
    pauses = services.emergency.pauses
    made = [
        pauses.pause(OPERATOR, place, "演练").id
        for place in (PausedPlace(stage.forum_id), PausedPlace(board_id=BoardId(board)), PausedPlace())
    ]
    assert stage.compare(account_id, "paused").paused == tuple(sorted(["all", stage.forum_id]))
    there = Stage(services, other, stage.clock)
    assert there.compare(founder["id"], "paused elsewhere").paused == tuple(sorted(["all", board]))
    for pause_id in made:
        pauses.resume(Actor(ActorKind.OPERATOR, "another"), pause_id)
    assert stage.compare(account_id, "resumed").paused == ()
