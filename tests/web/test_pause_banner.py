"""While posting is paused every page that it concerns says so, and no page waits for that."""

import asyncio
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event

import httpx2
import pytest

from app import policies
from app.forums.domain import Pause, PausedPlace
from app.kernel.actor import OPERATOR
from app.kernel.errors import Unavailable
from app.kernel.ids import BoardId, ForumId, PauseId
from app.web.pause_banner import PauseBanner, Paused
from app.wiring import Services
from tests.support.clock import TODAY
from tests.support.forum import ForumBackend
from tests.support.serving import serving

BROWSER = {"accept": "text/html"}
HERE = ForumId("frm_1")
_EVERY = ("/", "/problems", "/problems/posting-paused", "/docs", "/me", "/nothing", "/register/none", "/continue/none")


def pause(place: PausedPlace) -> Pause:
    return Pause(PauseId("pau_1"), place, "演练", TODAY, "stf_1")


@contextmanager
def browsing(services: Services) -> Iterator[httpx2.Client]:
    with serving(services) as address, httpx2.Client(base_url=address, headers=BROWSER) as http:
        yield http


def said(answer: httpx2.Response) -> str | None:
    """The banner, without its marks."""
    found = re.search(r'<div class="paused" role="status">\s*<div[^>]*><p>(.*?)</p></div>', answer.text, re.DOTALL)
    return re.sub(r"<[^>]+>", "", found[1]) if found else None


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_when_everything_is_paused_every_page_says_since_when_in_both_languages(services: Services) -> None:
    services.emergency.pauses.pause(OPERATOR, PausedPlace(), "不给外人看的理由")
    with browsing(services) as http:
        for path in _EVERY:
            page = http.get(path)
            assert (
                said(page) == "全部论坛自 2026-11-21 12:00（北京时间）起暂停发布，浏览不受影响。恢复时间请看公告。"
            ), path
            assert "理由" not in page.text
        english = "Posting has been paused in all forums since 21 Nov 2026, 12:00 (Beijing); reading stays open. "
        assert said(http.get("/?lang=en")) == english + "See the notice for when it returns."


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_paused_forum_is_told_of_on_its_own_pages_alone(
    services: Services, forum: ForumBackend, new_forum: Callable[[str], ForumBackend]
) -> None:
    here, other = forum.credentials.forum_id, new_forum("别的论坛").credentials.forum_id
    board = forum.board(forum.moderator_to_be("山间清风")["id"])["id"]
    services.emergency.pauses.pause(OPERATOR, PausedPlace(board_id=BoardId(board)), "演练")
    with browsing(services) as http:
        assert [said(http.get(path)) for path in ("/", f"/me?forum={here}")] == [None, None]
    services.emergency.pauses.pause(OPERATOR, PausedPlace(here), "演练")
    refused = forum.token(forum.register("未验证")["id"]).json()["reasons"][0]["remedy"]["url"]
    with browsing(services) as http:
        told = "本论坛自 2026-11-21 12:00（北京时间）起暂停发布，浏览不受影响。恢复时间请看公告。"
        ticket = httpx2.URL(refused).path
        assert [said(http.get(path)) for path in (f"/me?forum={here}", ticket)] == [told, told]
        assert [said(http.get(path)) for path in ("/", "/me", f"/me?forum={other}")] == [None] * 3


def test_it_looks_again_when_two_seconds_have_passed_and_not_before() -> None:
    time, looks, in_force = [0.0], list[float](), list[Pause]()

    def look() -> Sequence[Pause]:
        looks.append(time[0])
        return list(in_force)

    async def story() -> None:
        banner = PauseBanner(look, lambda: time[0])
        await asyncio.gather(*(banner.look() for _ in range(20)))
        assert banner.concerning(HERE) is None
        in_force.append(pause(PausedPlace(HERE)))
        for time[0] in (1.9, 2.0, 3.9):
            await banner.look()
        assert banner.concerning(HERE) == Paused(everywhere=False, since=TODAY)
        assert banner.concerning(None) is banner.concerning("frm_2") is None
        in_force.append(pause(PausedPlace()))
        time[0] = 4.0
        await banner.look()
        assert banner.concerning(HERE) == banner.concerning(None) == Paused(everywhere=True, since=TODAY)
        in_force.clear()
        time[0] = 6.0
        await banner.look()
        assert banner.concerning(HERE) is None

    asyncio.run(story())
    assert looks == [0.0, 2.0, 4.0, 6.0]


def test_a_database_that_does_not_answer_keeps_no_page_and_what_was_known_is_shown() -> None:
    time, answers = [0.0], Event()

    def hangs() -> Sequence[Pause]:
        if time[0] == 0:
            return [pause(PausedPlace())]
        answers.wait(10)
        raise Unavailable

    async def story() -> float:
        banner = PauseBanner(hangs, lambda: time[0])
        await banner.look()
        time[0] = 5.0
        began = asyncio.get_running_loop().time()
        await banner.look()
        waited = asyncio.get_running_loop().time() - began
        assert banner.concerning(None) == Paused(everywhere=True, since=TODAY)
        answers.set()
        await banner.look()
        assert banner.concerning(None) == Paused(everywhere=True, since=TODAY)
        return waited

    assert policies.PAUSE_LOOK_WAITED.value / 1000 <= asyncio.run(story()) + 0.01 < 5
