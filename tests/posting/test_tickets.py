"""Where the buttons of a refusal lead: made without a write, for one account, one purpose and 15 minutes."""

import base64
import re
from datetime import timedelta

import httpx2
import pytest
from sqlalchemy import func, select, update

from app.accounts.models import AccountRow
from app.audit.models import StagedEntryRow
from app.crypto.keyring import load_keyring
from app.crypto.mac import Mac
from app.kernel.actor import OPERATOR
from app.kernel.ids import AccountId
from app.posting.denials import DENIALS, MODERATOR_AGREEMENT, REMEDY_PLACES, place_of
from app.posting.errors import ReasonCode, RemedyPlace
from app.posting.tickets import Tickets
from app.settings import Settings
from app.wiring import Services
from tests.conftest import ISSUER
from tests.support.clock import TODAY, FakeClock
from tests.support.forum import ForumBackend, Json, sandbox_number

_TITLES = {
    "identity-unverified": ("发帖前需要验证真实身份", "Verify your identity before you post"),
    "agreement-not-accepted": ("阅读用户协议", "Read the user agreement"),
    "account-suspended": ("申诉", "Appeal"),
}


@pytest.fixture
def account(forum: ForumBackend) -> Json:
    """Refused for three reasons."""
    made = forum.register("山间清风")
    forum.post(f"/v1/accounts/{made['id']}/suspend", {"reason": "刷屏"}).raise_for_status()
    return made


def remedies(forum: ForumBackend, account: Json) -> dict[str, str]:
    answer = forum.token(account["id"])
    assert answer.status_code == 403, answer.text
    return {reason["code"]: reason["remedy"]["url"] for reason in answer.json()["reasons"]}


def visit(forum: ForumBackend, url: str, language: str = "zh") -> httpx2.Response:
    assert url.startswith(f"{ISSUER}/continue/")
    with httpx2.Client(base_url=forum.address, headers={"accept-language": language}) as http:
        return http.get(url.removeprefix(ISSUER))


def test_each_reason_leads_to_what_mends_it_and_the_page_names_the_handle_and_to_appeal_the_reason(
    forum: ForumBackend, account: Json
) -> None:
    found = remedies(forum, account)
    assert set(found) == set(_TITLES)
    for code, url in found.items():
        assert re.fullmatch(f"{ISSUER}/continue/[A-Za-z0-9_-]{{51}}", url)
        for language, title in zip(("zh", "en"), _TITLES[code], strict=True):
            answer = visit(forum, url, language)
            assert answer.status_code == 200
            assert re.findall(r"<h1>(.*?)</h1>", answer.text) == [title]
            assert "山间清风" in answer.text
            assert '<meta name="robots" content="noindex">' in answer.text
            assert (answer.headers["x-robots-tag"], answer.headers["cache-control"]) == ("noindex", "no-store")
            for hidden in (account["id"], url.rsplit("/", 1)[1]):
                assert hidden not in answer.text
            assert ("刷屏" in answer.text) is (code == "account-suspended")


def test_neither_the_refusal_nor_the_visit_writes_anything(
    services: Services, forum: ForumBackend, account: Json
) -> None:
    def state() -> tuple[object, ...]:
        with services.unit_of_work.read() as tx:
            count = tx.session.scalar(select(func.count()).select_from(StagedEntryRow))
            return count, tx.session.scalar(select(AccountRow.updated_at).where(AccountRow.id == account["id"]))

    before = state()
    for url in remedies(forum, account).values():
        visit(forum, url)
        visit(forum, url)
    assert state() == before


def test_a_ticket_that_was_changed_says_that_it_no_longer_works_and_never_fails(
    forum: ForumBackend, account: Json
) -> None:
    url = remedies(forum, account)["identity-unverified"]
    base, ticket = url.rsplit("/", 1)
    raw = bytearray(base64.urlsafe_b64decode(ticket + "=" * (-len(ticket) % 4)))
    changed = [ticket[:-2], ticket + "A", ticket + "=", "x", "A" * 51, "A" * 8000, "票", ticket + "!"]
    for place in (0, 16, 20, 21, 22, 37):
        other = bytearray(raw)
        other[place] ^= 1
        changed.append(base64.urlsafe_b64encode(other).decode().rstrip("="))
    for bad in changed:
        answer = visit(forum, f"{base}/{bad}")
        assert answer.status_code == 410, bad[:60]
        assert "链接已失效" in answer.text
        assert "回到论坛" in answer.text
        assert "山间清风" not in answer.text
    assert visit(forum, url).status_code == 200


def test_exactly_after_15_minutes_a_ticket_has_expired(forum: ForumBackend, account: Json, clock: FakeClock) -> None:
    url = remedies(forum, account)["account-suspended"]
    clock.advance(minutes=14, seconds=59.999)
    assert visit(forum, url).status_code == 200
    clock.advance(seconds=0.001)
    answer = visit(forum, url, "en")
    assert answer.status_code == 410
    assert "This link no longer works" in answer.text


@pytest.mark.parametrize(("days", "good_for"), [(1, 1), (44, 44), (45, 45), (200, 45)])
def test_the_link_of_a_reminder_is_good_until_its_date_and_never_longer_than_45_days(
    services: Services, forum: ForumBackend, account: Json, clock: FakeClock, days: int, good_for: int
) -> None:
    until = clock.now() + timedelta(days=days)
    url = services.posting.reverification_url(AccountId(account["id"]), clock.now(), until)
    clock.advance(days=good_for, seconds=-0.001)
    answer = visit(forum, url)
    assert (answer.status_code, re.findall(r"<h1>(.*?)</h1>", answer.text)) == (200, ["发帖前需要验证真实身份"])
    clock.advance(seconds=0.001)
    assert visit(forum, url).status_code == 410


def test_the_link_of_a_measure_tells_how_to_appeal_for_45_days_and_signs_nobody_in(
    services: Services, forum: ForumBackend, account: Json, clock: FakeClock
) -> None:
    url = services.posting.appeal_url(AccountId(account["id"]), clock.now())
    clock.advance(days=45, seconds=-1)
    answer = visit(forum, url)
    assert (answer.status_code, re.findall(r"<h1>(.*?)</h1>", answer.text)) == (200, ["申诉"])
    assert "set-cookie" not in answer.headers
    with httpx2.Client(base_url=forum.address) as http:
        begun = http.post(url.removeprefix(ISSUER), data={"act": "start"}, headers={"origin": forum.address})
    assert (begun.status_code, "set-cookie" in begun.headers) == (422, False)
    clock.advance(seconds=1)
    assert visit(forum, url).status_code == 410


def test_a_closed_accounts_ticket_no_longer_works(services: Services, forum: ForumBackend, account: Json) -> None:
    url = remedies(forum, account)["account-suspended"]
    with services.unit_of_work.begin(OPERATOR) as tx:
        tx.session.execute(update(AccountRow).where(AccountRow.id == account["id"]).values(closed_at=tx.now))
    answer = visit(forum, url)
    assert answer.status_code == 410
    assert "山间清风" not in answer.text


def test_a_ticket_of_one_account_is_not_another_accounts(forum: ForumBackend, account: Json) -> None:
    other = forum.member("云上看客", sandbox_number(31))
    forum.post(f"/v1/accounts/{other['id']}/suspend", {"reason": "刷屏"}).raise_for_status()
    urls = [remedies(forum, one)["account-suspended"] for one in (account, other)]
    assert ["云上看客" in visit(forum, url).text for url in urls] == [False, True]


def test_an_explanation_is_an_address_that_anybody_may_read(settings: Settings) -> None:
    tickets = Tickets(Mac(load_keyring(settings.keys_dir)), ISSUER)
    url = tickets.url(AccountId("acc_" + "0" * 32), DENIALS[ReasonCode.MINOR_NOT_ALLOWED], TODAY)
    assert url == f"{ISSUER}/problems/minor-not-allowed"


def test_every_remedy_leads_somewhere_and_nothing_else_does() -> None:
    assert set(REMEDY_PLACES) == {code for code, denial in DENIALS.items() if denial.remedy}
    places = {place_of(denial) for denial in (*DENIALS.values(), MODERATOR_AGREEMENT)}
    assert places == {*RemedyPlace, None}
    assert {code for code, denial in DENIALS.items() if place_of(denial) is not None} == set(REMEDY_PLACES)
