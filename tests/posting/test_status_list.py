"""The status list: what it says, how soon, and that it says of each account what the decision says."""

import base64
import json
import random
import re
import zlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import insert, select, update

from app.accounts.domain import STATUS_BLOCK
from app.accounts.models import AccountRow, SanctionRow
from app.accounts.repository import draw_status_indexes
from app.agreements.domain import AgreementKind
from app.agreements.models import AcceptanceRow, AgreementVersionRow
from app.db.unit_of_work import Transaction
from app.forums.domain import PausedPlace
from app.kernel.actor import OPERATOR, Actor, ActorKind
from app.kernel.errors import NotFound, Unavailable
from app.kernel.ids import BoardId, new_id
from app.posting.decision import Permit, Refusal, decide
from app.posting.domain import StandingFilter
from app.posting.standing_reader import read_standings
from app.posting.status_list import _deflated, _enter, _Kept, _shown, pack
from app.posting.status_reader import AgreementGate, ListedState, agreement_gate
from app.settings import Settings
from app.vault.models import PersonRow
from app.verification.models import LinkRow
from app.wiring import Services, build
from tests.conftest import ISSUER
from tests.posting.test_standing_reader import publish
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend, Json
from tests.support.serving import serving

NewForum = Callable[[str], ForumBackend]


@pytest.fixture
def second_process(settings: Settings, clock: FakeClock) -> Iterator[str]:
    """The address of another server on the same database."""
    other = build(settings, clock=clock)
    with serving(other) as address:
        yield address
    other.engine.dispose()


def fetch(forum: ForumBackend, address: str = "", **headers: str) -> httpx2.Response:
    path = f"/v1/status-lists/{forum.credentials.forum_id}"
    with httpx2.Client(base_url=address or forum.address) as http:
        return http.get(path, headers=headers)


def decoded(answer: httpx2.Response, keys: Any) -> Json:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/statuslist+jwt"
    token = jwt.decode(answer.text, KeySet.import_key_set(keys), algorithms=["ES256"])
    assert token.header["typ"] == "statuslist+jwt"
    return dict(token.claims)


def states(claims: Json) -> list[int]:
    """Every state, as a forum would read it. Source: IETF Token Status List, part 4."""
    assert claims["status_list"]["bits"] == 2
    text = claims["status_list"]["lst"]
    raw = zlib.decompress(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return [byte >> shift & 3 for byte in raw for shift in (0, 2, 4, 6)]


def listed(forum: ForumBackend, address: str = "") -> list[int]:
    return states(decoded(fetch(forum, address), forum.get("/.well-known/jwks.json").json()))


def place_of(forum: ForumBackend, account: Json) -> Json:
    token = forum.token(account["id"]).json()["token"].split(".")[1]
    found: Json = json.loads(base64.urlsafe_b64decode(token + "=="))["status"]["status_list"]
    return found


def test_a_token_says_where_to_look_and_the_list_is_signed_for_that_place(
    forum: ForumBackend, clock: FakeClock
) -> None:
    account = forum.member("山间清风")
    place = place_of(forum, account)
    uri = f"{ISSUER}/v1/status-lists/{forum.credentials.forum_id}"
    assert (set(place), place["uri"]) == ({"idx", "uri"}, uri)
    claims = decoded(fetch(forum), forum.get("/.well-known/jwks.json").json())
    now = int(clock.now().timestamp())
    assert (claims["iss"], claims["sub"], claims["iat"], claims["ttl"]) == (ISSUER, uri, now, 15)
    assert claims["exp"] == now + 300
    assert states(claims)[place["idx"]] == 0


def test_a_suspension_shows_within_15_seconds_at_every_process_and_so_does_its_end(
    forum: ForumBackend, second_process: str, clock: FakeClock
) -> None:
    account = forum.member("山间清风")
    place = place_of(forum, account)["idx"]
    both = (forum.address, second_process)
    for path, state in (("suspend", 2), ("reinstate", 0)):
        for address in both:
            listed(forum, address)  # the worst case: both have just looked
        forum.post(f"/v1/accounts/{account['id']}/{path}", {"reason": "刷屏"}).raise_for_status()
        allowed = []
        for address in both:
            kept_for = int(fetch(forum, address).headers["cache-control"].removeprefix("public, max-age="))
            assert 0 < kept_for <= 15
            allowed.append(kept_for)
        clock.advance(seconds=max(allowed))
        assert [listed(forum, address)[place] for address in both] == [state, state]


def test_what_is_served_and_kept_is_never_older_than_15_seconds(forum: ForumBackend, clock: FakeClock) -> None:
    fetch(forum)
    for _ in range(4):
        clock.advance(seconds=1.2)
        fetch(forum)
    assert fetch(forum).headers["cache-control"] == "public, max-age=10"
    clock.advance(seconds=0.2)  # exactly 5 s after the look
    assert fetch(forum).headers["cache-control"] == "public, max-age=15"


def test_an_etag_saves_the_list_while_it_is_the_same(forum: ForumBackend, clock: FakeClock) -> None:
    first = fetch(forum)
    etag = first.headers["etag"]
    assert re.fullmatch(r'"[0-9a-f]{32}"', etag)
    clock.advance(seconds=6)
    for sent in (etag, f"W/{etag}", f'"x", {etag}'):
        again = fetch(forum, **{"if-none-match": sent})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
        assert again.headers["cache-control"].startswith("public, max-age=")
    forum.register("新来的")
    clock.advance(seconds=6)
    changed = fetch(forum, **{"if-none-match": etag})
    assert changed.status_code == 200
    clock.advance(seconds=144)
    assert fetch(forum, **{"if-none-match": changed.headers["etag"]}).status_code == 304
    clock.advance(seconds=6)  # half of a list's life after it was signed
    assert fetch(forum, **{"if-none-match": changed.headers["etag"]}).status_code == 200
    renewed = decoded(fetch(forum), forum.get("/.well-known/jwks.json").json())
    assert renewed["iat"] == int(clock.now().timestamp())


def test_a_time_that_runs_out_shows_without_anybody_writing(forum: ForumBackend, clock: FakeClock) -> None:
    phone = forum.register("手机级")
    forum.accept_agreement(phone["id"])
    forum.phone_code(phone["id"], "14000001001")
    place = place_of(forum, phone)["idx"]
    assert listed(forum)[place] == 0
    clock.advance(days=100)
    forum.log_in()
    until = (clock.now() + timedelta(minutes=10)).isoformat().replace("+00:00", "Z")
    forum.post(f"/v1/accounts/{phone['id']}/suspend", {"reason": "刷屏", "until": until}).raise_for_status()
    for minutes in (0, 5):  # at the second look nothing has been written for long
        clock.advance(minutes=minutes)
        assert listed(forum)[place] == 2
    clock.advance(minutes=5)
    assert listed(forum)[place] == 0
    clock.advance(days=79, hours=23, minutes=49)
    assert listed(forum)[place] == 0
    clock.advance(minutes=1)
    assert listed(forum)[place] == 2


def test_a_new_agreement_changes_the_whole_list_when_its_time_has_come(
    services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    place = place_of(forum, forum.member("山间清风"))["idx"]
    assert listed(forum)[place] == 0
    publish(services, AgreementKind.USER, "2026-12", clock.now())
    clock.advance(seconds=5)
    assert listed(forum)[place] == 0
    clock.advance(days=7, seconds=-10)
    assert listed(forum)[place] == 0
    clock.advance(seconds=5)  # at its very end, and long before a list that has not changed is signed anew
    assert listed(forum)[place] == 2


def test_the_agreement_that_counts_is_the_newest_for_users_that_is_in_force(
    services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    begin, week = clock.now() + timedelta(hours=1), timedelta(days=7)
    for kind, version, effective_at in (
        (AgreementKind.USER, "2026-12", begin),
        (AgreementKind.USER, "2026-12b", begin),
        (AgreementKind.USER, "2026-10", begin - timedelta(days=30)),
        (AgreementKind.MODERATOR, "2026-12", begin + timedelta(hours=1)),
    ):
        publish(services, kind, version, effective_at)
    with services.unit_of_work.read() as tx:
        ids = {row.version: row.id for row in tx.session.scalars(select(AgreementVersionRow))}
        second = timedelta(seconds=1)
        moments = (begin - week * 9, begin - second, begin, begin + week - second, begin + week)
        found = [agreement_gate(tx.session, now) for now in moments]
    newest = ids["2026-12b"]
    assert found[0] == AgreementGate(None, earlier_counts=False)
    assert found[1].version_id == 1
    assert found[2:] == [AgreementGate(newest, True), AgreementGate(newest, True), AgreementGate(newest, False)]
    assert len(listed(forum)) == STATUS_BLOCK  # of a forum without accounts


def test_a_list_always_has_a_block_to_spare_and_what_changes_is_noticed() -> None:
    states = bytearray(2 * STATUS_BLOCK)
    for place, state, changed, blocks in (
        (STATUS_BLOCK - 1, 1, True, 2),
        (STATUS_BLOCK - 1, 1, False, 2),
        (STATUS_BLOCK, 0, True, 3),
        (5 * STATUS_BLOCK + 3, 2, True, 7),
        (6 * STATUS_BLOCK - 1, 0, False, 7),
    ):
        assert _enter(states, [(place, state)]) is changed
        assert len(states) == blocks * STATUS_BLOCK
    assert _enter(states, []) is False
    assert {place: state for place, state in enumerate(states) if state} == {
        STATUS_BLOCK - 1: 1,
        5 * STATUS_BLOCK + 3: 2,
    }


def test_a_list_is_written_without_padding_and_loses_nothing_else() -> None:
    chance, last = random.Random(5), set[str]()  # noqa: S311 -- a sample, not a secret
    for length in range(3000):
        written = _deflated(packed := chance.randbytes(length % 9))
        assert "=" not in written
        assert zlib.decompress(base64.urlsafe_b64decode(written + "=" * (-len(written) % 4))) == packed
        last.add(written[-1])
    assert len(last) == 64  # every character of the alphabet was the last one


def test_an_office_to_ask_about_hides_neither_a_ban_nor_a_suspension() -> None:
    valid, revoked, suspended, ask = ListedState
    states = bytearray([valid, revoked, suspended, valid])
    assert list(_shown(states, dict.fromkeys(range(3), ask))) == [ask, revoked, suspended, valid]


def test_a_ban_and_a_closing_read_revoked(services: Services, forum: ForumBackend) -> None:
    banned, closed = forum.register("封禁的"), forum.register("注销的")
    with services.unit_of_work.begin(OPERATOR) as tx:
        tx.session.add(SanctionRow(account_id=banned["id"], kind="ban", reason="欺诈", imposed_at=tx.now))
        tx.session.execute(update(AccountRow).where(AccountRow.id == closed["id"]).values(closed_at=tx.now))
        rows = tx.session.execute(select(AccountRow.id, AccountRow.status_index))
        places = {row.id: row.status_index for row in rows}
    found = listed(forum)
    assert [found[places[account["id"]]] for account in (banned, closed)] == [1, 1]


def test_a_disabled_forum_reads_suspended_throughout_and_an_unknown_one_is_not_found(
    services: Services, forum: ForumBackend, new_forum: NewForum, clock: FakeClock
) -> None:
    forum.member("山间清风")
    assert set(listed(forum)) == {0}
    other = new_forum("另一个论坛")
    services.forums.disable(OPERATOR, forum.credentials.forum_id)
    clock.advance(seconds=5)
    assert set(states(decoded(fetch(forum), other.get("/.well-known/jwks.json").json()))) == {2}
    assert set(listed(other)) == {0}
    with httpx2.Client(base_url=forum.address) as http:
        for unknown in ("frm_0", "不存在", "x" * 500):
            answer = http.get(f"/v1/status-lists/{unknown}")
            assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
            assert answer.headers["cache-control"] == "no-store"
    assert set(services.status_lists._kept) == {forum.credentials.forum_id, other.credentials.forum_id}


def test_while_its_forum_or_everything_is_paused_the_list_reads_suspended_throughout_and_then_as_before(
    services: Services, forum: ForumBackend, new_forum: NewForum, second_process: str, clock: FakeClock
) -> None:
    account, other = forum.moderator_to_be("山间清风"), new_forum("另一个论坛")
    forum.post(f"/v1/accounts/{forum.register('封禁的')['id']}/ban", {"reason": "欺诈"}).raise_for_status()
    board = BoardId(forum.board(account["id"])["id"])
    here, both = forum.credentials.forum_id, (forum.address, second_process)
    before = listed(forum)
    assert set(before) == {0, 1}
    whole, nothing = [2] * len(before), [0] * len(listed(other))
    for place, shown, shown_elsewhere in (
        (PausedPlace(board_id=board), before, nothing),
        (PausedPlace(here), whole, nothing),
        (PausedPlace(), whole, [2] * len(nothing)),
    ):
        for address in both:
            listed(forum, address)  # the worst case: both have just looked
        made = services.emergency.pauses.pause(OPERATOR, place, "演练")
        clock.advance(seconds=15)
        assert [listed(forum, address) for address in both] == [shown, shown]
        assert listed(other) == shown_elsewhere
        services.emergency.pauses.resume(Actor(ActorKind.OPERATOR, "another"), made.id)
        clock.advance(seconds=15)
        assert [listed(forum, address) for address in both] == [before, before]


def test_the_list_says_of_every_account_what_the_decision_says(
    services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    chance = random.Random(7)  # noqa: S311 -- a population, not a secret
    publish(services, AgreementKind.USER, "2026-12", clock.now() + timedelta(hours=2))
    _populate(services, forum, chance, clock)
    for step in (0.0, 1.0, 2.0, 3.0, 24.0, 24.0 * 7, 24.0 * 180):
        clock.advance(hours=step)
        found = _list_of(services, forum, clock)
        with services.unit_of_work.read() as tx:
            standings = read_standings(tx.session, StandingFilter(forum.credentials.forum_id, limit=500), tx.now)
        policy = services.posting.policy
        expected = {standing.status_index: _expected(decide(standing, policy, clock.now())) for standing in standings}
        assert len(expected) == 300
        assert set(expected.values()) == {0, 1, 2} or step > 24
        assert {place: found[place] for place in expected} == expected


def _expected(decision: Permit | Refusal) -> int:
    if isinstance(decision, Permit):
        return 0
    return 1 if {reason.code for reason in decision.reasons} & {"account-banned", "account-closed"} else 2


def _list_of(services: Services, forum: ForumBackend, clock: FakeClock) -> list[int]:
    token = services.status_lists.get(forum.credentials.forum_id, clock.now()).token
    return states(json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "==")))


def _insert_account(tx: Transaction, forum: ForumBackend, number: int, block_size: int) -> str:
    account_id, forum_id = new_id("acc", tx.now), forum.credentials.forum_id
    names = {"id": account_id, "forum_id": forum_id, "handle": f"甲{number}", "handle_key": f"甲{number}"}
    (place,) = draw_status_indexes(tx.session, forum_id, 1, block_size)
    times = {"created_at": tx.now, "updated_at": tx.now}
    tx.session.execute(insert(AccountRow).values(**names, **times, status_index=place))
    return account_id


def _populate(services: Services, forum: ForumBackend, chance: random.Random, clock: FakeClock) -> None:
    """Every mixture of sanction, link and acceptance, with dates around now, and with words that are none."""
    now = clock.now()

    def around(days: float) -> timedelta:
        return timedelta(hours=chance.randint(-4, 4)) + timedelta(days=days)

    with services.unit_of_work.begin(OPERATOR) as tx:
        versions = list(tx.session.scalars(select(AgreementVersionRow.id).order_by(AgreementVersionRow.id)))
        for number in range(300):
            account_id, person_id = _insert_account(tx, forum, number, STATUS_BLOCK), f"per_{number:032x}"
            if chance.random() < 0.4:
                until = chance.choice([None, now + around(0)])
                lifted = chance.choice([None, None, now - timedelta(hours=1)])
                sanction = {"account_id": account_id, "kind": chance.choice(["suspension", "ban", "x"]), "until": until}
                tx.session.execute(
                    insert(SanctionRow).values(**sanction, reason="刷屏", imposed_at=now, lifted_at=lifted)
                )
            if chance.random() < 0.8:
                person = {"id": person_id, "audit_ref": person_id, "wrapped_key": b"", "created_at": now}
                tx.session.execute(insert(PersonRow).values(**person))
                level, method = (
                    chance.choice(["phone", "document", "none", "x"]),
                    chance.choice(["id2", "id2", "id2", "x"]),
                )
                link = {"account_id": account_id, "person_id": person_id, "level": level, "method": method}
                verified_at = now + around(chance.choice([-180, -90, 0]))
                tx.session.execute(insert(LinkRow).values(**link, verified_at=verified_at, sandbox=True))
            if chance.random() < 0.1:
                tx.session.execute(update(AccountRow).where(AccountRow.id == account_id).values(closed_at=now))
            for version_id in versions:
                if chance.random() < 0.6:
                    accepted = {"account_id": account_id, "version_id": version_id, "channel": "forum"}
                    tx.session.execute(insert(AcceptanceRow).values(**accepted, accepted_at=now))


def test_the_places_of_a_thousand_accounts_tell_nothing_of_their_order(services: Services, forum: ForumBackend) -> None:
    with services.unit_of_work.begin(OPERATOR) as tx:
        drawn = [draw_status_indexes(tx.session, forum.credentials.forum_id, 1)[0] for _ in range(1000)]
    assert all(0 <= place < STATUS_BLOCK for place in drawn)
    ranks = {place: rank for rank, place in enumerate(sorted(set(drawn)))}
    assert len(ranks) > 970  # drawn, not counted: a few meet
    count = len(drawn)
    distance = sum((order - ranks[place]) ** 2 for order, place in enumerate(drawn))
    assert abs(1 - 6 * distance / (count * (count**2 - 1))) < 0.2  # Spearman's rank correlation
    rises = sum(before < after for before, after in pairwise(drawn))
    assert 400 < rises < 600
    assert min(drawn) < STATUS_BLOCK // 20
    assert max(drawn) > STATUS_BLOCK * 19 // 20


def test_no_two_accounts_of_a_forum_share_a_place_and_a_full_block_opens_the_next(
    services: Services, forum: ForumBackend
) -> None:
    with services.unit_of_work.begin(OPERATOR) as tx:
        for number in range(40):
            _insert_account(tx, forum, number, block_size=16)
    with services.unit_of_work.read() as tx:
        places = list(tx.session.scalars(select(AccountRow.status_index)))
    assert len(set(places)) == 40
    assert 2 <= max(places) // 16 <= 6


def test_packing_puts_the_first_of_four_lowest() -> None:
    assert pack(bytes([1, 2, 3, 0, 0, 0, 0, 1])) == bytes([0b00_11_10_01, 0b01_00_00_00])
    assert pack(b"") == b""
    chance = random.Random(3)  # noqa: S311 -- a sample, not a secret
    sample = bytes(chance.randrange(4) for _ in range(4096))
    assert [byte >> shift & 3 for byte in pack(sample) for shift in (0, 2, 4, 6)] == list(sample)


def test_whoever_waits_too_long_for_a_list_that_is_being_read_is_told_to_come_back(
    services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    forum_id = forum.credentials.forum_id
    first = services.status_lists.get(forum_id, clock.now())
    clock.advance(seconds=5)
    with services.status_lists._kept[forum_id].turn, pytest.raises(Unavailable):
        services.status_lists.get(forum_id, clock.now())
    assert services.status_lists.get(forum_id, clock.now()).token == first.token


class _AfterAnother:
    """A turn that comes when whoever had it has just looked."""

    def __init__(self, look: Callable[[], None]) -> None:
        self._look = look

    def acquire(self, *, timeout: float) -> bool:
        assert timeout == 1
        self._look()
        return True

    def release(self) -> None:
        pass


def test_whoever_waited_for_anothers_look_does_not_look_again(
    services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    lists, forum_id = services.status_lists, forum.credentials.forum_id
    lists.get(forum_id, clock.now())
    kept = lists._kept[forum_id]
    asked_at = clock.now() + timedelta(seconds=5)

    def another_looks() -> None:
        clock.advance(seconds=5)
        lists._look(forum_id, kept)
        clock.advance(seconds=2)

    kept.turn = _AfterAnother(another_looks)  # type: ignore[assignment] # what it needs of a lock
    lists.get(forum_id, asked_at)
    assert kept.looked_at == asked_at


def _put_on_file(tx: Transaction, forum: ForumBackend, number: int) -> str:
    account_id, person_id = _insert_account(tx, forum, number, STATUS_BLOCK), f"per_{number:032x}"
    person = {"id": person_id, "audit_ref": person_id, "wrapped_key": b"", "created_at": tx.now}
    tx.session.execute(insert(PersonRow).values(**person))
    return account_id


def _link(tx: Transaction, account_id: str, number: int) -> None:
    link = {"account_id": account_id, "person_id": f"per_{number:032x}", "level": "document", "method": "id2"}
    tx.session.execute(insert(LinkRow).values(**link, verified_at=tx.now, sandbox=True))


def _accept(tx: Transaction, account_id: str) -> None:
    accepted = {"account_id": account_id, "version_id": 1, "channel": "forum", "accepted_at": tx.now}
    tx.session.execute(insert(AcceptanceRow).values(**accepted))


def test_each_cause_alone_shows_at_the_next_look(services: Services, forum: ForumBackend, clock: FakeClock) -> None:
    """Whatever else a use case would write beside it."""
    with services.unit_of_work.begin(OPERATOR) as tx:
        ids = [_put_on_file(tx, forum, number) for number in range(5)]
        suspended, lifted, linked, accepted, closed = ids
        for number, account_id in enumerate(ids):
            if account_id != linked:
                _link(tx, account_id, number)
            if account_id != accepted:
                _accept(tx, account_id)
        tx.session.add(SanctionRow(account_id=lifted, kind="suspension", reason="刷屏", imposed_at=tx.now))
        rows = tx.session.execute(select(AccountRow.id, AccountRow.status_index))
        places = {row.id: row.status_index for row in rows}
    clock.advance(minutes=5)
    assert [_list_of(services, forum, clock)[places[one]] for one in ids] == [0, 2, 2, 2, 0]
    clock.advance(minutes=5)
    with services.unit_of_work.begin(OPERATOR) as tx:
        tx.session.add(SanctionRow(account_id=suspended, kind="suspension", reason="刷屏", imposed_at=tx.now))
        tx.session.execute(update(SanctionRow).where(SanctionRow.account_id == lifted).values(lifted_at=tx.now))
        _link(tx, linked, ids.index(linked))
        _accept(tx, accepted)
        gone = {"closed_at": tx.now, "updated_at": tx.now}
        tx.session.execute(update(AccountRow).where(AccountRow.id == closed).values(**gone))
    assert [_list_of(services, forum, clock)[places[one]] for one in ids] == [2, 0, 0, 0, 1]


def test_the_first_and_the_last_place_of_every_block_are_read(services: Services, forum: ForumBackend) -> None:
    edges = [0, STATUS_BLOCK - 1, STATUS_BLOCK, 2 * STATUS_BLOCK - 1, 2 * STATUS_BLOCK]
    with services.unit_of_work.begin(OPERATOR) as tx:
        for number, place in enumerate(edges):
            account_id = _insert_account(tx, forum, number, STATUS_BLOCK)
            tx.session.execute(update(AccountRow).where(AccountRow.id == account_id).values(status_index=place))
    found = listed(forum)
    assert [place for place, state in enumerate(found) if state] == edges
    assert len(found) == 4 * STATUS_BLOCK  # one block is spare


def test_both_who_ask_at_once_for_a_forum_that_is_none_hear_so(services: Services, clock: FakeClock) -> None:
    lists, kept = services.status_lists, _Kept()
    kept.turn = _AfterAnother(lists._kept.clear)  # type: ignore[assignment] # the other one's is not kept
    lists._kept["frm_0"] = kept
    with pytest.raises(NotFound):
        lists.get("frm_0", clock.now())
    assert lists._kept == {}
