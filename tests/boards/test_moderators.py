"""Moderators over HTTP: filed before any power, kept verified by the same person alone, listed, ended, reconciled."""

import base64
import zlib
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import quote

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import select

from app.agreements.domain import AgreementKind
from app.audit.models import StagedEntryRow
from app.boards.terms import WantedTerms
from app.kernel.actor import OPERATOR
from app.wiring import Services
from tests.agreements.test_agreements import publish
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend, Json, reasons_of, sandbox_number

NewForum = Callable[[str], ForumBackend]
PHONE, ANOTHER = "14000000041", "14000000042"
REASON = {"reason": "卸任"}


@pytest.fixture
def founder(forum: ForumBackend) -> Json:
    """Of the board `tea`; the phone on record makes it possible to re-verify."""
    account = forum.moderator_to_be("发起人", phone=PHONE, external_id="u-1")
    forum.board(account["id"])
    return account


def refusal(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def later(forum: ForumBackend, clock: FakeClock, **period: float) -> None:
    clock.advance(**period)
    forum.log_in()


def reverify(forum: ForumBackend, clock: FakeClock, account: Json, phone: str = PHONE, **document: str) -> Json:
    """A code to the phone on record, then the document; the verification of the document as it ended."""
    clock.advance(minutes=1)  # between two texts
    assert forum.phone_code(account["id"], phone)["outcome"] == "verified"
    answer = forum.check_document(account["id"], **document)
    assert answer.status_code == 201, answer.text
    ended: Json = answer.json()
    return ended


def states(forum: ForumBackend, **query: str) -> list[tuple[str, str]]:
    return [(one["handle"], one["state"]) for one in forum.moderators(**query)]


def listed(forum: ForumBackend, token: str) -> int:
    """The two bits of an account in the status list that its token names."""
    keys = KeySet.import_key_set(forum.get("/.well-known/jwks.json").json())
    place = int(jwt.decode(token, keys, algorithms=["ES256"]).claims["status"]["status_list"]["idx"])
    answer = forum.get(f"/v1/status-lists/{forum.credentials.forum_id}")
    text = jwt.decode(answer.text, keys, algorithms=["ES256"]).claims["status_list"]["lst"]
    raw = zlib.decompress(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return raw[place // 4] >> place % 4 * 2 & 3


# -- filing and ending --------------------------------------------------------------------------------------------


def test_a_manager_has_powers_from_the_filing_to_the_end_on_that_board_alone(
    forum: ForumBackend, founder: Json
) -> None:
    forum.board(founder["id"], "coffee")
    manager = forum.moderator_to_be("管理员", sandbox_number(102), external_id="u-2")
    assert reasons_of(forum.moderate(manager["id"])) == ["not-a-moderator"]
    filed = forum.manager(manager["id"])
    assert (filed["role"], filed["state"], filed["powers"], filed["external_id"]) == ("manager", "current", True, "u-2")
    token = forum.moderate(manager["id"]).json()["token"]
    assert reasons_of(forum.moderate(manager["id"], "coffee")) == ["not-a-moderator"]
    again = {"account_id": manager["id"], "role": "manager"}
    assert refusal(forum.post("/v1/boards/tea/moderators", again)) == (409, "state-conflict")
    ended = forum.post(f"/v1/moderators/{filed['id']}/end", REASON).json()
    assert (ended["state"], ended["powers"], ended["due_at"], ended["suspends_at"]) == ("ended", False, None, None)
    assert ended["ended_at"] == "2026-11-21T04:00:00.000Z"
    assert forum.verify_token(token) == {"active": False, "reason": "not-a-moderator"}
    assert reasons_of(forum.moderate(manager["id"])) == ["not-a-moderator"]
    assert refusal(forum.post(f"/v1/moderators/{filed['id']}/end", REASON)) == (409, "state-conflict")
    assert forum.get(f"/v1/moderators/{filed['id']}").json() == ended
    assert forum.moderators(state="ended") == [ended]
    assert [one["what"] for one in forum.get(f"/v1/moderators/{filed['id']}/history").json()["items"]] == [
        "filed",
        "ended",
    ]
    assert forum.manager(manager["id"])["id"] != filed["id"]  # filed anew, with a schedule of its own


def test_an_ended_or_stopped_moderator_is_not_seen_as_a_valid_one_in_the_status_list(
    forum: ForumBackend, founder: Json, clock: FakeClock
) -> None:
    token = forum.moderate(founder["id"]).json()["token"]
    assert listed(forum, token) == 0
    (filed,) = forum.moderators()
    forum.post(f"/v1/moderators/{filed['id']}/end", REASON)
    clock.advance(seconds=15)
    assert listed(forum, token) == 3  # a token to moderate may outlive the office: ask
    clock.advance(minutes=15)
    assert listed(forum, token) == 0


def test_a_suspended_account_has_its_former_powers_when_it_is_reinstated(
    forum: ForumBackend, founder: Json, clock: FakeClock
) -> None:
    (before,) = forum.moderators()
    for kind, code in (("suspend", "account-suspended"), ("ban", "account-banned"), ("close", "account-closed")):
        forum.post(f"/v1/accounts/{founder['id']}/{kind}", REASON)
        assert code in reasons_of(forum.moderate(founder["id"]))
        (stopped,) = forum.moderators()
        assert stopped == before | {"powers": False}
        assert forum.get("/v1/boards/tea").json()["attended_until"] is None
        clock.advance(days=1)
        assert forum.post(f"/v1/accounts/{founder['id']}/reinstate", REASON).status_code == 401  # an hour has passed
        forum.log_in()
        assert forum.post(f"/v1/accounts/{founder['id']}/reinstate", REASON).status_code == 200
        assert forum.moderators() == [before]
        assert forum.moderate(founder["id"]).status_code == 201


# -- the same person, and by document -----------------------------------------------------------------------------


def test_only_the_same_person_gets_the_powers_back_and_only_by_document(
    forum: ForumBackend, founder: Json, clock: FakeClock, services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    token = forum.token(founder["id"]).json()["token"]
    later(forum, clock, days=195)
    (lapsed,) = forum.moderators()
    assert (lapsed["state"], lapsed["powers"]) == ("suspended", False)
    assert reasons_of(forum.moderate(founder["id"])) == ["moderator-suspended"]
    assert forum.token(founder["id"]).status_code == 201  # posting is not affected
    assert listed(forum, token) == 3
    assert forum.phone_code(founder["id"], PHONE)["outcome"] == "verified"
    assert forum.moderators() == [lapsed]
    mismatch = forum.check_document(founder["id"], sandbox_number(3)).json()
    stranger = reverify(forum, clock, founder, number=sandbox_number(150))
    for ended in (mismatch, stranger):
        assert (ended["outcome"], ended["reason"], ended["next"]) == ("rejected", "not-confirmed", "other-method")
    assert set(stranger) == set(mismatch)
    assert forum.moderators() == [lapsed]
    assert reasons_of(forum.moderate(founder["id"])) == ["moderator-suspended"]
    assert _alerts(services, stranger["id"]) == 1
    assert _alerts(services, mismatch["id"]) == 0
    (alert,) = [record.message for record in caplog.records if "another-persons-identity" in record.message]
    assert stranger["id"] in alert
    assert reverify(forum, clock, founder)["outcome"] == "verified"
    (back,) = forum.moderators()
    assert (back["state"], back["powers"], back["id"]) == ("current", True, lapsed["id"])
    assert forum.moderate(founder["id"]).status_code == 201
    services.sweeps.look()
    clock.advance(seconds=15)
    assert listed(forum, token) == 0  # until then: ask


def _alerts(services: Services, verification_id: str) -> int:
    """How often the record says that a valid identity was another person's."""
    with services.unit_of_work.read() as tx:
        entries = [bytes(entry) for entry in tx.session.scalars(select(StagedEntryRow.entry))]
    return sum(b'"different-person"' in entry and verification_id.encode() in entry for entry in entries)


def test_one_re_verification_counts_for_every_office_of_the_account_and_for_no_other_account(
    forum: ForumBackend, founder: Json, clock: FakeClock
) -> None:
    second = forum.moderator_to_be("另一个人", sandbox_number(151), phone=ANOTHER)
    forum.board(founder["id"], "coffee")
    forum.manager(second["id"])
    later(forum, clock, days=181)
    assert states(forum) == [(one["handle"], "overdue") for one in forum.moderators()]
    assert reverify(forum, clock, founder)["outcome"] == "verified"
    assert sorted(states(forum)) == [("发起人", "current"), ("发起人", "current"), ("另一个人", "overdue")]
    assert forum.moderate(second["id"]).status_code == 201  # in the grace period powers remain


def test_where_a_forum_wants_it_a_lapse_stops_posting_too(
    forum: ForumBackend, founder: Json, clock: FakeClock, services: Services
) -> None:
    forum_id = forum.credentials.forum_id
    strict = WantedTerms(frozenset({"lapse_stops_posting"}), lapse_stops_posting=True)
    services.boards.set_forum_terms(OPERATOR, forum_id, strict, None, "design")
    member = forum.member("路人", sandbox_number(152))
    later(forum, clock, days=194, hours=12, microseconds=-1)
    token = forum.token(founder["id"]).json()["token"]
    assert forum.verify_token(token)["active"]
    clock.advance(microseconds=1)
    assert forum.verify_token(token) == {"active": False, "reason": "reverification-overdue"}
    assert reasons_of(forum.token(founder["id"])) == ["reverification-overdue"]
    refused = forum.token(founder["id"]).json()["reasons"][0]
    assert refused["remedy"]["url"].startswith("http://127.0.0.1:8000/continue/")
    assert reasons_of(forum.moderate(founder["id"])) == ["reverification-overdue", "moderator-suspended"]
    assert forum.account(founder["id"])["posting"] == {"allowed": False, "reasons": ["reverification-overdue"]}
    assert listed(forum, forum.token(member["id"]).json()["token"]) == 0
    assert listed(forum, token) == 2
    assert reverify(forum, clock, founder)["outcome"] == "verified"
    assert forum.token(founder["id"]).status_code == 201


def test_a_new_moderator_agreement_stops_moderating_after_its_time_and_posting_never(
    forum: ForumBackend, founder: Json, clock: FakeClock, services: Services
) -> None:
    now = clock.now()
    publish(services, now, now + timedelta(days=7), kind=AgreementKind.MODERATOR)
    token = forum.moderate(founder["id"]).json()["token"]
    later(forum, clock, days=7, microseconds=-1)
    assert forum.moderate(founder["id"]).status_code == 201
    clock.advance(microseconds=1)
    refused = forum.moderate(founder["id"])
    assert reasons_of(refused) == ["agreement-not-accepted"]
    assert refused.json()["reasons"][0]["remedy"] is not None
    assert forum.verify_token(token)["active"] is False
    assert forum.token(founder["id"]).status_code == 201
    heir = forum.member("继任", sandbox_number(153))
    assert refusal(forum.post("/v1/boards/tea/moderators", {"account_id": heir["id"], "role": "manager"})) == (
        403,
        "agreement-not-accepted",
    )
    forum.accept_agreement(founder["id"], "moderator")
    assert forum.moderate(founder["id"]).status_code == 201


# -- the lists ----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("founder")
def test_the_lists_say_not_modified_until_something_is_other_than_it_was(forum: ForumBackend, clock: FakeClock) -> None:
    for path in ("/v1/moderators", "/v1/boards/tea/moderators"):
        first = forum.get(path)
        assert first.headers["cache-control"] == "private, max-age=15"
        etag = first.headers["etag"]
        for known in (etag, f"W/{etag}", f'"x", {etag}', "*"):
            again = forum.get(path, headers={"if-none-match": known})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag), known
            assert again.headers["cache-control"] == "private, max-age=15"
        for known in ("", '"x"', etag.strip('"'), f"{etag}x"):
            assert forum.get(path, headers={"if-none-match": known}).content == first.content, known
    later(forum, clock, days=151)
    assert (
        forum.get("/v1/moderators", headers={"if-none-match": etag}).json()["items"][0]["state"] == "due"
    )  # no worker


def test_the_filters_narrow_together_and_leave_out_who_is_unknown(
    forum: ForumBackend, founder: Json, clock: FakeClock
) -> None:
    forum.board(founder["id"], "coffee", interval_days=60)
    manager = forum.moderator_to_be("管理员Ａ", sandbox_number(154), external_id="u-2")
    clock.advance(seconds=1)
    forum.manager(manager["id"])
    clock.advance(seconds=1)
    forum.manager(manager["id"], "coffee")
    everybody = forum.moderators()
    assert len(everybody) == 4
    tea = next(one["board_id"] for one in everybody if one["interval_days"] == 180)

    def found(**query: str) -> list[tuple[str, int]]:
        return sorted((one["handle"], one["interval_days"]) for one in forum.moderators(**query))

    assert found(board="coffee") == found(due_before="2027-02-01T00:00:00Z") == [("发起人", 60), ("管理员A", 60)]
    assert found(board=tea, external_ids="u-2,u-9,,u-2") == [("管理员A", 180)]
    assert found(handles="管理员A,没有的人") == found(handles="管理员Ａ") == found(external_ids="u-2")
    assert found(external_ids="u-1", handles="管理员A") == sorted(
        [("发起人", 60), ("发起人", 180), ("管理员A", 60), ("管理员A", 180)]
    )
    assert found(external_ids="") == found(external_ids=",") == found(handles="u-1") == found(state="ended") == []
    due = everybody[0]["due_at"]
    assert found(board="tea", due_before=due) == []
    clock.advance(days=60)
    forum.log_in()
    assert found(state="overdue") == []
    assert found(state="due") == [("发起人", 60), ("管理员A", 60)]
    clock.advance(days=1)
    forum.log_in()
    assert found(state="overdue", board="coffee", external_ids="u-1") == [("发起人", 60)]
    assert found(state="current") == [("发起人", 180), ("管理员A", 180)]
    assert [one["handle"] for one in forum.get("/v1/boards/coffee/moderators?state=current").json()["items"]] == []


@pytest.mark.usefixtures("founder")
def test_what_the_lists_cannot_answer_is_refused_and_never_an_accident(forum: ForumBackend) -> None:
    names = [f"n-{number}" for number in range(201)]
    assert forum.get("/v1/moderators", params={"external_ids": ",".join(names[:200])}).json()["items"] == []
    for query in (
        {"external_ids": ",".join(names)},
        {"handles": ",".join(names)},
        {"external_ids": "a\x00b"},
        {"handles": "a\x00b"},
        {"handles": "\u202e"},
        {"board": "\x00"},
        {"board": ""},
        {"state": "alive"},
        {"due_before": "2026-11-21"},
        {"due_before": "2026-11-21T04:00:00"},
        {"due_before": "+999999-01-01T00:00:00Z"},
        {"cursor": "bW9kXwA"},
        {"cursor": "x"},
        {"limit": "0"},
        {"limit": "201"},
        {"who": "me"},
    ):
        answer = forum.get("/v1/moderators", params=query)
        assert answer.status_code in {400, 404, 422}, (query, answer.text)
    for raw in ("handles=%ff", "handles=%F0%9F", "external_ids=%00", "state=due&state=ended&state=x", "board=%00tea"):
        assert forum.get(f"/v1/moderators?{raw}").status_code in {200, 400, 404, 422}, raw
    for named in ("%00", "mod_%00", "mod_none", quote("长" * 300), "..%2Fboards"):
        for answer in (forum.get(f"/v1/moderators/{named}"), forum.post(f"/v1/moderators/{named}/end", REASON)):
            assert answer.status_code in {400, 404}, (named, answer.text)


def test_pages_of_moderators_miss_none_and_repeat_none_whatever_the_filter(
    forum: ForumBackend, founder: Json, clock: FakeClock
) -> None:
    for number in range(5):
        clock.advance(seconds=1)
        forum.board(founder["id"], f"b{number}", interval_days=30 if number % 2 else 60)
    wanted = [one["id"] for one in forum.moderators()]
    clock.advance(days=31)
    forum.log_in()
    for state, count in ((None, 6), ("overdue", 2), ("due", 3), ("current", 1)):
        found, cursor = [], ""
        while cursor is not None:
            query = {"limit": "2"} | ({"state": state} if state else {}) | ({"cursor": cursor} if cursor else {})
            page = forum.get("/v1/moderators", params=query).json()
            found += [one["id"] for one in page["items"]]
            cursor = page["next_cursor"]
        assert found == [one for one in wanted if one in found]
        assert len(found) == len(set(found)) == count, state


@pytest.mark.usefixtures("founder")
def test_a_forum_cannot_tell_another_forums_moderator_from_none(forum: ForumBackend, new_forum: NewForum) -> None:
    other = new_forum("另一个论坛")
    other.board(other.moderator_to_be("别家", sandbox_number(155), external_id="u-1")["id"])
    (theirs,) = other.moderators()
    (mine,) = forum.moderators()
    measure = {"step": "cancel", "reason": "占领", "basis": "版规"}
    san = forum.post(f"/v1/moderators/{mine['id']}/sanctions", measure | {"step": "warn"}).json()["id"]
    asks: tuple[Callable[[str], httpx2.Response], ...] = (
        lambda one: forum.get(f"/v1/moderators/{one}"),
        lambda one: forum.get(f"/v1/moderators/{one}/history"),
        lambda one: forum.get(f"/v1/moderators/{one}/sanctions"),
        lambda one: forum.post(f"/v1/moderators/{one}/sanctions", measure),
        lambda one: forum.post(f"/v1/moderators/{one}/sanctions/{san}/lift", REASON),
        lambda one: forum.post(f"/v1/moderators/{one}/end", REASON),
        lambda one: forum.post("/v1/reverifications", {"scope": {"moderator_id": one}, "due_in_days": 1, **REASON}),
    )
    for ask in asks:
        heard = [ask(one).json() | {"instance": "", "request_id": ""} for one in (theirs["id"], "mod_none")]
        assert (heard[0], heard[0]["status"]) == (heard[1], 404)
    file = {"account_id": theirs["account_id"], "role": "manager"}
    nobody = {"account_id": "acc_none", "role": "manager"}
    heard = [forum.post("/v1/boards/tea/moderators", body).json() for body in (file, nobody)]
    assert {one["code"] for one in heard} == {"account-not-found"}
    assert forum.moderators(handles="别家") == []
    assert [one["id"] for one in forum.moderators(external_ids="u-1")] == [mine["id"]]
    assert other.moderators() == [theirs]


# -- the forum's own list -----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("founder")
def test_the_forums_own_list_is_compared_with_the_filings(forum: ForumBackend, clock: FakeClock) -> None:
    nameless = forum.moderator_to_be("没有外部号", sandbox_number(156))
    nobody_there, gone = (
        forum.moderator_to_be(f"管理员{number}", sandbox_number(156 + number), external_id=f"u-{number}")
        for number in (2, 3)
    )
    filed = forum.manager(nameless["id"])["id"]
    forum.manager(nobody_there["id"])
    ended = forum.manager(gone["id"])["id"]
    forum.post(f"/v1/moderators/{ended}/end", REASON)

    def compare(external_ids: list[str], board: str = "tea") -> Json:
        answer = forum.post(f"/v1/boards/{board}/moderators/reconcile", {"external_ids": external_ids})
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    clean = {"unfiled": [], "absent": [], "powerless": [], "nameless": [filed]}
    assert compare(["u-1", "u-2"]) == compare(["u-2", "u-1", "u-1"]) == clean
    assert compare(["u-3", "u-1", "x", "x", "发起人"]) == clean | {"unfiled": ["u-3", "x", "发起人"], "absent": ["u-2"]}
    assert compare([]) == clean | {"absent": ["u-1", "u-2"]}
    many = [f"n-{number:04}" for number in range(900)]
    assert compare(many) == clean | {"unfiled": many, "absent": ["u-1", "u-2"]}
    forum.post(f"/v1/accounts/{nobody_there['id']}/suspend", REASON)
    assert compare(["u-1", "u-2"]) == clean | {"powerless": ["u-2"]}
    later(forum, clock, days=195)
    assert compare(["u-1", "u-2"]) == clean | {"powerless": ["u-1", "u-2"]}
    for bad in ([*many, "u-1"], [""], ["a" * 201], ["\u202e"], [1], None, "u-1"):
        refused = forum.post("/v1/boards/tea/moderators/reconcile", {"external_ids": bad})
        assert refusal(refused) == (422, "validation-failed"), bad
    nul = forum.post("/v1/boards/tea/moderators/reconcile", {"external_ids": ["a\x00"]})
    assert refusal(nul) == (400, "malformed-json")
