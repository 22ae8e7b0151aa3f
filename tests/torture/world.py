"""Two forums in the middle of their lives: accounts in every state, codes on their way, tokens alive and dead."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta

import httpx2
from sqlalchemy import delete, update

from app import policies
from app.agreements.domain import AgreementKind, Draft
from app.audit.search import Question
from app.events.models import DeliveryRow
from app.forums.domain import PausedPlace
from app.kernel.actor import OPERATOR, Actor, ActorKind
from app.kernel.ids import new_id
from app.kernel.secret import Secret
from app.organisation.domain import Appointed, AuthorityEntry, AuthorityKind, Duty, Rank
from app.reporting.desk import NewComplaint
from app.reporting.domain import Category, TargetKind
from app.reporting.filing import NamedTarget
from app.reporting.handling import Decision
from app.reporting.offences import NewReport
from app.reporting.violation_models import EvidenceRow, ViolationRow
from app.screening.docket import ReviewFilter
from app.screening.models import ScreenedContentRow
from app.staff.access import Role
from app.staff.models import StaffSessionRow
from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.disclosing import Office
from tests.support.forum import NAME, ORGANISATION, ForumBackend, Json, sandbox_number
from tests.support.lexicons import BLOCKED, MASKED, REVIEWED, publish_terms
from tests.support.staff import StaffLogin, make_staff, settle

USED_KEY, WRONG_CODE = "used-once-already", "000000"
_UNAVAILABLE, _MISMATCH, _CHILD = "110199199003070076", "110199199003070033", "110199201306010011"
_CAP = 20
_LIFTS = Actor(ActorKind.OPERATOR, "who lifts what others paused")
RETURN_URL = "https://forum.example/back"
HOOK = "http://127.0.0.1:9/hooks"
"""Nobody listens there."""


@dataclass
class World:
    """`known` is what stands in the database, by the name under which requests ask for it."""

    services: Services
    clock: FakeClock
    forum: ForumBackend
    other: ForumBackend
    busy: ForumBackend
    """Has stopped as many accounts as one client may in an hour, and has one more."""
    known: dict[str, list[str]]
    accounts: dict[str, Json]
    """By their state."""
    verifications: dict[str, str]
    tokens: dict[str, str]
    endpoints: dict[str, str]
    """Webhook endpoints and deliveries, by their state."""
    offices: dict[str, str]
    """Boards, moderators, sanctions and orders, by their state."""
    screenings: dict[str, str]
    """By what became of them."""
    staff: dict[str, StaffLogin] = field(default_factory=dict)
    """By what they are; the forum's client speaks for the one with every role where staff is asked."""
    people: int = 600
    violations: dict[str, str] = field(default_factory=dict)
    """By what became of their evidence."""

    def next_person(self) -> str:
        self.people += 1
        return sandbox_number(self.people % 1000, birth=f"1990{1 + self.people // 1000:02d}07")

    def phone(self) -> str:
        self.people += 1
        return f"1400000{self.people % 9000 + 1000}"

    def register(self, **more: str) -> Json:
        """A new account; never the same handle."""
        made = self.forum.post("/v1/accounts", {"handle": f"新人{new_id('acc', self.clock.now())[-12:]}", **more})
        assert made.status_code == httpx2.codes.CREATED, made.text
        account: Json = made.json()
        return account

    def member(self) -> Json:
        account = self.register()
        self.forum.accept_agreement(account["id"])
        self.forum.check_document(account["id"], self.next_person())
        return self.forum.account(account["id"])

    def candidate(self) -> Json:
        """Somebody who may be put on record."""
        account = self.member()
        self.forum.accept_agreement(account["id"], "moderator")
        return account

    def slug(self) -> str:
        """Never the same."""
        return f"b-{new_id('brd', self.clock.now())[-12:]}"

    def board(self) -> Json:
        return self.forum.board(self.candidate()["id"], self.slug())

    def moderator(self, board_id: str) -> str:
        return _made(
            self.forum, f"/v1/boards/{board_id}/moderators", {"account_id": self.candidate()["id"], "role": "manager"}
        )

    def admit_staff(self) -> None:
        """Members who have just signed in: one with every role, which nobody could have, one with none, one stale."""
        roles = {"all": tuple(Role), "without a role": (), "stale": tuple(Role)}
        self.staff = {name: make_staff(self.services, *held) for name, held in roles.items()}
        old = update(StaffSessionRow).where(StaffSessionRow.staff_id == self.staff["stale"].staff_id)
        settle(self.services, old.values(second_factor_at=self.clock.now() - timedelta(hours=1)))
        self.forum.staff_headers = self.staff["all"].headers

    def age(self) -> None:
        """Ten minutes later: the tokens are new, the operator lets the forum go on, and somebody has come."""
        self.clock.advance(minutes=10)
        for forum in (self.forum, self.other):
            _log_in(forum)
        self.admit_staff()
        for pause in self.services.emergency.pauses.list_in_force():
            self.services.emergency.pauses.resume(_LIFTS, pause.id)
        self.services.forums.confirm_acts(OPERATOR, self.forum.credentials.forum_id)
        account = self.member()
        asked = self.forum.ask_code(account["id"], self.phone()).json()
        token = self.forum.token(account["id"]).json()
        for name, value in {
            "account_id": account["id"],
            "handle": account["handle"],
            "verification_id": asked["id"],
            "code": self.forum.get("/dev/outbox.json").json()[-1]["code"],
            "token": token["token"],
        }.items():
            self.known[name].append(value)


def is_for_staff(path: str) -> bool:
    return path.startswith(("/v1/staff/", "/v1/audit/proofs/"))


@contextmanager
def new_world(services: Services, clock: FakeClock, address: str) -> Iterator[World]:
    with ExitStack() as stack:

        def new_forum(name: str) -> ForumBackend:
            backend = ForumBackend(address, services.forums.add(OPERATOR, name, [RETURN_URL]))
            stack.enter_context(closing(backend.http))
            return backend

        world = World(
            services, clock, new_forum("山城"), new_forum("水乡"), new_forum("闹市"), {}, {}, {}, {}, {}, {}, {}
        )
        disabled = new_forum("废墟")
        services.forums.disable(OPERATOR, disabled.credentials.forum_id)
        _grow_old(world)
        _settle(world)
        _verify(world)
        _sanction(world)
        _fill(world)
        _subscribe(world)
        _rule(world)
        _screen(world)
        _offend(world)
        world.admit_staff()
        world.known = _known(world, disabled)
        yield world


def _grow_old(world: World) -> None:
    """What expires while the rest begins."""
    early = world.member()
    world.tokens["expired"] = world.forum.token(early["id"]).json()["token"]
    world.tokens["expired access"] = _access_token(world.forum)
    world.clock.advance(hours=2)
    world.forum.log_in()
    world.other.log_in()
    world.busy.log_in()


def _settle(world: World) -> None:
    forum, accounts = world.forum, world.accounts
    accounts["fresh"] = world.register(external_id="u-fresh")
    accounts["agreed"] = world.register()
    forum.accept_agreement(accounts["agreed"]["id"])
    accounts["verified"] = world.member()
    phone = accounts["phone"] = world.register(external_id="u-phone")
    forum.accept_agreement(phone["id"])
    forum.phone_code(phone["id"], world.phone())
    marked = accounts["marked"] = world.register()
    forum.phone_code(marked["id"], world.phone())
    forum.check_document(marked["id"], world.next_person())
    assert forum.mark_organisation(marked["id"], ORGANISATION).json()["outcome"] == "verified"
    theirs = world.other.register("别家成员", "u-theirs")
    accounts["theirs"] = theirs
    key = {"idempotency-key": USED_KEY}
    assert forum.post("/v1/accounts", {"handle": "一次就够"}, headers=key).status_code == httpx2.codes.CREATED


def _verify(world: World) -> None:
    forum, found = world.forum, world.verifications
    account, phone = world.register(), world.phone()
    found["waiting"] = forum.ask_code(account["id"], phone).json()["id"]
    world.tokens["code"] = forum.read_code(phone)
    world.accounts["waiting"] = account
    exhausted = world.register()
    found["used up"] = forum.ask_code(exhausted["id"], world.phone()).json()["id"]
    for _ in range(5):
        assert forum.enter_code(found["used up"], WRONG_CODE).status_code == httpx2.codes.OK
    found["done"] = forum.phone_code(world.register()["id"], world.phone())["id"]
    found["unavailable"] = forum.check_document(account["id"], _UNAVAILABLE).json()["id"]
    rejected = world.accounts["rejected"] = world.register()
    for _ in range(3):
        found["rejected"] = forum.check_document(rejected["id"], _MISMATCH).json()["id"]
    found["theirs"] = world.other.ask_code(world.accounts["theirs"]["id"], world.phone()).json()["id"]


def _sanction(world: World) -> None:
    forum, accounts, tokens = world.forum, world.accounts, world.tokens
    tokens["alive"] = forum.token(accounts["verified"]["id"]).json()["token"]
    tokens["access"] = _access_token(forum)
    tokens["of another forum"] = _access_token(world.other)
    for state, act in (("suspended", "suspend"), ("banned", "ban"), ("closed", "close")):
        account = accounts[state] = world.member()
        tokens[f"of somebody {state}"] = forum.token(account["id"]).json()["token"]
        done = forum.post(f"/v1/accounts/{account['id']}/{act}", {"reason": "刷屏"})
        assert done.status_code == httpx2.codes.OK, done.text
    tokens["revoked"] = forum.token(accounts["verified"]["id"]).json()["token"]
    basic = (forum.credentials.client_id, forum.credentials.client_secret.reveal())
    forum.http.post("/oauth/revoke", data={"token": tokens["revoked"]}, auth=basic)


def _fill(world: World) -> None:
    """The cap on what one client may stop in an hour, reached."""
    services, credentials = world.services, world.busy.credentials
    client = Actor(ActorKind.CLIENT, credentials.client_id)
    for number in range(_CAP + 1):
        account = world.busy.register(f"闹市{number}号")
        if number < _CAP:
            services.sanctions.ban(client, credentials.forum_id, account["id"], "刷屏")
        world.accounts["one too many"] = account


def _subscribe(world: World) -> None:
    """Endpoints that hear nothing but what they ask for; one delivery has ended long ago, one has not."""
    found = world.endpoints
    found["alive"], ended = _test(world.forum, "violation.recorded")
    found["ended delivery"] = ended
    with world.services.unit_of_work.begin(OPERATOR) as tx:
        tx.session.execute(update(DeliveryRow).values(state="failed", finished_at=tx.now))
    found["waiting delivery"] = _test(world.forum, "violation.recorded")[1]
    found["theirs"], found["their delivery"] = _test(world.other, "violation.recorded")
    for _ in range(policies.WEBHOOK_ENDPOINTS.value):
        made = world.busy.post("/v1/webhook-endpoints", {"url": HOOK, "events": ["complaint.decided"]})
        assert made.status_code == httpx2.codes.CREATED, made.text


def _test(forum: ForumBackend, *events: str) -> tuple[str, str]:
    endpoint = forum.post("/v1/webhook-endpoints", {"url": HOOK, "events": list(events)}).json()["id"]
    delivery = forum.post(f"/v1/webhook-endpoints/{endpoint}/test")
    assert delivery.status_code == httpx2.codes.CREATED, delivery.text
    return endpoint, str(delivery.json()["id"])


def _made(forum: ForumBackend, path: str, body: Json) -> str:
    made = forum.post(path, body)
    assert made.status_code == httpx2.codes.CREATED, made.text
    return str(made.json()["id"])


def _rule(world: World) -> None:
    """Boards in every state; moderators in office and ended; measures that stand and one that was lifted."""
    forum, found, reason = world.forum, world.offices, {"reason": "整顿"}
    for state, act in (("open", None), ("frozen", "freeze"), ("closed", "close")):
        found[state] = world.board()["id"]
        if act:
            assert forum.post(f"/v1/boards/{found[state]}/{act}", reason).status_code == httpx2.codes.OK
    found["manager"], found["ended"] = world.moderator(found["open"]), world.moderator(found["open"])
    assert forum.post(f"/v1/moderators/{found['ended']}/end", reason).status_code == httpx2.codes.OK
    measure = {"step": "warn", "reason": "漏删", "basis": "版规一"}
    found["warning"] = _made(forum, f"/v1/moderators/{found['manager']}/sanctions", measure)
    found["lifted"] = _made(forum, f"/v1/moderators/{found['manager']}/sanctions", measure)
    lifted = forum.post(f"/v1/moderators/{found['manager']}/sanctions/{found['lifted']}/lift", reason)
    assert lifted.status_code == httpx2.codes.OK, lifted.text
    found["order"] = _made(forum, "/v1/reverifications", {"scope": {"all": True}, "due_in_days": 30, **reason})
    minor = world.accounts["minor"] = world.register()
    forum.accept_agreement(minor["id"], "moderator")
    forum.check_document(minor["id"], sandbox_number(600, birth="20100307"))
    founder = world.other.moderator_to_be("别家茶友", world.next_person())
    found["theirs"] = world.other.board(founder["id"])["id"]
    found["their moderator"] = world.other.moderators()[0]["id"]
    order = {"scope": {"all": True}, "due_in_days": 3, **reason}
    found["their order"] = _made(world.other, "/v1/reverifications", order)


def _screen(world: World) -> None:
    """A lexicon in force; screenings that passed and that did not, and one that has become all that one may."""
    publish_terms(world.services)
    found = world.screenings
    for state, text, forum in (
        ("passed", "你好", world.forum),
        ("full", "你们好", world.forum),
        ("waiting", REVIEWED, world.forum),
        ("blocked", BLOCKED, world.forum),
        ("theirs", MASKED, world.other),
    ):
        items = [{"field": "post", "text": text}]
        found[state] = str(forum.post("/v1/screenings", {"items": items}).json()["id"])
    with world.services.unit_of_work.begin(OPERATOR) as tx:
        tx.session.add_all(
            ScreenedContentRow(screening_id=found["full"], content_ref=str(number), url=HOOK, published_at=tx.now)
            for number in range(policies.SCREENED_CONTENTS.value)
        )


def _offend(world: World) -> None:
    """Prohibited content: one whose evidence is kept, with a report begun, one whose time is over, another forum's."""
    content = {"ref": "p/1", "text": "网上赌场", "published_at": "2026-11-21T03:00:00Z"}
    body = {"category": "fraud", "source": "patrol", "discovered_at": "2026-11-21T03:00:00Z", "content": content}
    found = world.violations
    for state, forum, account in (
        ("kept", world.forum, "fresh"),
        ("erased", world.forum, "fresh"),
        ("theirs", world.other, "theirs"),
    ):
        found[state] = _made(forum, "/v1/violations", {"account_id": world.accounts[account]["id"], **body})
    with world.services.unit_of_work.begin(OPERATOR) as tx:
        row = tx.session.get_one(ViolationRow, found["erased"])
        row.erased_at = row.kept_until
        tx.session.flush()
        tx.session.execute(delete(EvidenceRow).where(EvidenceRow.violation_id == row.id))
    entry = AuthorityEntry("公安局", AuthorityKind.PS_LOCAL, "测试市", "110", date(2026, 11, 1))
    authority = world.services.organisation.add_authority(OPERATOR, entry).id
    found["report"] = world.services.authority_reports.draft(OPERATOR, found["kept"], NewReport(authority)).id


def _log_in(forum: ForumBackend) -> None:
    """A machine that stands still may answer late: then once more."""
    for _ in range(5):
        try:
            forum.log_in()
        except KeyError:
            time.sleep(0.5)
        else:
            return
    forum.log_in()


def _access_token(forum: ForumBackend) -> str:
    return forum.http.headers["authorization"].removeprefix("Bearer ")


def _begun(forum: ForumBackend, path: str) -> str:
    answer = forum.post(path, {"return_url": RETURN_URL})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _known(world: World, disabled: ForumBackend) -> dict[str, list[str]]:
    accounts = list(world.accounts.values())
    credentials = [backend.credentials for backend in (world.forum, world.other, disabled)]
    page = world.forum.get("/v1/accounts", params={"limit": 3}).json()
    version = world.forum.get("/v1/agreements/current", params={"kind": "user"}).json()["version"]
    world.services.audit.sequencer.catch_up()
    return {
        "id": [found.entry_id for found in world.services.audit.search.find(Question(), 3)],
        "from": ["1", "2", "0"],
        "to": ["3", "2", "9999999"],
        "account_id": [account["id"] for account in accounts],
        "handle": [account["handle"] for account in accounts]
        + ["Ａｄｍｉｎ", "а-б-в", "新\u200d人", "👩‍🚀", "\u202e倒"],
        "external_id": [account["external_id"] for account in accounts if account["external_id"]]
        + ["新 户", "é\u0301"],
        "verification_id": list(world.verifications.values()),
        "registration_id": [_begun(forum, "/v1/registrations") for forum in (world.forum, world.other)],
        "endpoint_id": list(world.endpoints.values()),
        "delivery_id": list(world.endpoints.values()),
        "url": [HOOK, "https://forum.example/hooks", "file:///etc/passwd", "http://[::1]:9/", "https://a@b.example/"],
        "board": [*(world.offices[state] for state in ("open", "frozen", "closed", "theirs")), "tea", "general"],
        "slug": ["tea", "general", "coffee", "茶馆", "Tea", "brd_1"],
        "moderator_id": [world.offices[state] for state in ("manager", "ended", "their moderator")],
        "sanction_id": [world.offices[state] for state in ("warning", "lifted")],
        "order_id": [world.offices[state] for state in ("order", "their order")],
        "external_ids": ["u-fresh", "u-fresh,u-phone,none", ",", "u-theirs"],
        "handles": [f"{accounts[0]['handle']},别家成员", "Ａｄｍｉｎ,", "没有的人"],
        "due_before": ["2030-01-01T00:00:00Z", "2026-01-01T00:00:00Z"],
        "screening_id": list(world.screenings.values()),
        "text": [BLOCKED, REVIEWED, MASKED, "你好"],
        "session_id": [_begun(world.forum, f"/v1/accounts/{accounts[0]['id']}/verification-sessions")],
        "return_url": [RETURN_URL, f"{RETURN_URL}?a=1", "https://elsewhere.example/"],
        "forum_id": [one.forum_id for one in credentials],
        "spare_forum_id": [world.services.forums.add(OPERATOR, f"备用{number}").forum_id for number in range(5)],
        "review_id": [review.id for review in world.services.reviews.list_open(ReviewFilter())],
        "lexicon_id": [one.id for lexicon in world.services.lexicons.list_all() for one in lexicon.versions],
        "action": ["account.suspended", "forum.added"],
        "object": [accounts[0]["id"], world.offices["order"]],
        "forum": [one.forum_id for one in credentials],
        "token": list(world.tokens.values()),
        "version": [version, "2020-01"],
        "code": [world.tokens["code"], WRONG_CODE, "１２３４５６"],
        "cursor": [page["next_cursor"], page["next_cursor"] + "=", "YWNjXw"],
        "number": [sandbox_number(number) for number in range(600, 640)]
        + [ORGANISATION, _CHILD, _MISMATCH, "H00000000"],
        "name": [NAME, "不一致", "阿·卜"],
        "phone": ["14000002000", "14000000001", "14000000002", "14000000003", "+86 140 0000 2001"],
        "country": ["UTO", "CHN"],
        "scope": ["post", "post reply", "like", "moderate", "accounts", "accounts tokens", "boards"],
        "grant_type": ["client_credentials", "password"],
        "client_id": [one.client_id for one in credentials],
        "client_secret": [one.client_secret.reveal() for one in credentials],
        "Idempotency-Key": [USED_KEY, "another-key-of-ours"],
        "until": ["2030-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z"],
        "pause_id": [_pause(world, disabled), "pau_nobody"],
        **_papers(world.services),
        **_cases(world),
        "staff_id": [login.staff_id for login in world.staff.values()],
        "email": [world.staff["all"].email, "nobody@staff.example", "ＡＢ@staff.example"],
        "disclosure_id": _asked_for(world),
        "violation_id": [world.violations[state] for state in ("kept", "erased", "theirs")],
        "report_id": [world.violations["report"]],
        "reason": ["刷屏", "spam\nagain"],
    }


def _pause(world: World, forum: ForumBackend) -> str:
    place = PausedPlace(forum.credentials.forum_id)
    return world.services.emergency.pauses.pause(OPERATOR, place, "违规信息扩散").id


def _asked_for(world: World) -> list[str]:
    """Requests for an identity: one that waits, one that two have approved."""
    approvers = tuple(make_staff(world.services, Role.PRIVACY) for _ in range(2))
    office = Office(world.forum.address, world.services, world.staff["all"], approvers)
    account = world.accounts["verified"]["id"]
    return [office.ask(account), office.approved(account)]


def _cases(world: World) -> dict[str, list[str]]:
    """Complaints that wait, that somebody looks at, and that are decided; with their codes."""
    desks, actor = world.services.complaints, Actor(ActorKind.STAFF, world.staff["all"].staff_id)
    target, forum_id = NamedTarget(TargetKind.OTHER, "都乱了"), world.forum.credentials.forum_id
    filed = [desks.public.file(NewComplaint(forum_id, Category.SPAM, target, Secret("太吵"))) for _ in range(3)]
    for one in filed[1:]:
        desks.handling.accept(actor, one.case.id)
    desks.handling.decide(actor, filed[2].case.id, Decision(2, "not_upheld", "no_violation"))
    return {
        "case_id": [one.case.id for one in filed],
        "tracking_code": [one.tracking_code.reveal() for one in filed] + ["0000-0000-0000-0000-0001"],
    }


def _papers(services: Services) -> dict[str, list[str]]:
    """Of the operator's own house: an officer, an authority, and a draft that nobody could publish."""
    named = Appointed(Duty.MINORS, Rank.PRINCIPAL, Secret("主任"), Secret("010-0"), None, date(2026, 11, 1))
    entry = AuthorityEntry("网信办", AuthorityKind.CAC_LOCAL, "测试市", "12377", date(2026, 11, 1))
    draft = services.agreement_drafts.write(OPERATOR, "协议", Draft(AgreementKind.USER, "2027-01", "# 协议", ""))
    return {
        "officer_id": [services.organisation.appoint(OPERATOR, named).id],
        "authority_id": [services.organisation.add_authority(OPERATOR, entry).id],
        "draft_id": [draft.written.id],
    }
