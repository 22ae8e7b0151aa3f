"""The ladder of measures against moderators: reason, ground, notice, the way to appeal, and back to what was."""

import random

import httpx2
import pytest

from app.kernel.actor import OPERATOR
from app.wiring import Services
from tests.support.at_once import at_once
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend, Json, reasons_of, sandbox_number
from tests.support.told import listen, told

MEASURE = {"reason": "漏删违规帖 {day}", "basis": "版主协议第八条"}
REASON = {"reason": "复核后撤销"}


@pytest.fixture
def moderator(forum: ForumBackend) -> Json:
    """The founder's filing on `tea`; the forum is told everything."""
    listen(forum)
    forum.board(forum.moderator_to_be("发起人", external_id="u-1")["id"])
    return forum.moderators()[0]


def refusal(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def impose(forum: ForumBackend, moderator: Json, step: str) -> httpx2.Response:
    return forum.post(f"/v1/moderators/{moderator['id']}/sanctions", {"step": step, **MEASURE})


def lift(forum: ForumBackend, moderator: Json, sanction: str) -> httpx2.Response:
    return forum.post(f"/v1/moderators/{moderator['id']}/sanctions/{sanction}/lift", REASON)


@pytest.mark.parametrize(("step", "kind"), [("warn", "moderator.warned"), ("cancel", "moderator.ended")])
def test_a_measure_has_a_reason_a_ground_a_notice_and_a_way_to_appeal(
    forum: ForumBackend, moderator: Json, services: Services, step: str, kind: str
) -> None:
    imposed = impose(forum, moderator, step).json()
    assert imposed == {
        "id": imposed["id"],
        "moderator_id": moderator["id"],
        "step": step,
        **MEASURE,
        "imposed_at": "2026-11-21T04:00:00.000Z",
        "lifted_at": None,
        "lifted_because": None,
    }
    (event,) = told(services, kind)
    data = event["data"]
    assert data["sanction"] == {"id": imposed["id"], "step": step, **MEASURE, "appeal_url": data["notice"]["url"]}
    assert all(text in data["notice"][language] for text in ("茶馆", *MEASURE.values()) for language in ("zh", "en"))
    assert ("申诉" in data["notice"]["zh"], "appeal" in data["notice"]["en"]) == (True, True)
    assert httpx2.get(data["notice"]["url"].replace("http://127.0.0.1:8000", forum.address)).status_code == 200
    assert (data["moderator_id"], data["state"]) == (moderator["id"], "ended" if step == "cancel" else "current")
    assert forum.moderate(moderator["account_id"]).status_code == (403 if step == "cancel" else 201)
    assert forum.get(f"/v1/moderators/{moderator['id']}/sanctions").json()["items"] == [imposed]
    happened = forum.get(f"/v1/moderators/{moderator['id']}/history").json()["items"][-1]
    assert (happened["what"], happened["detail"]) == ("cancelled" if step == "cancel" else "warned", imposed["id"])


def test_a_measure_without_a_reason_or_a_ground_is_none(forum: ForumBackend, moderator: Json) -> None:
    for more in (
        {"reason": ""},
        {"basis": ""},
        {"reason": None},
        {"basis": None},
        {"reason": "\u202e"},
        {"basis": "\u202e"},
        {"basis": "长" * 201},
        {"reason": " \n"},
        {"basis": "\u3000"},
        {"step": "suspend"},
        {"step": None},
        {"until": "2027-01-01T00:00:00Z"},
    ):
        answer = forum.post(f"/v1/moderators/{moderator['id']}/sanctions", {"step": "warn", **MEASURE, **more})
        assert refusal(answer) == (422, "validation-failed"), more
    assert forum.get(f"/v1/moderators/{moderator['id']}/sanctions").json() == {"items": []}


def test_whoever_is_filed_anew_meanwhile_is_not_restored_beside_it(forum: ForumBackend, moderator: Json) -> None:
    cancelled = impose(forum, moderator, "cancel").json()["id"]
    forum.manager(moderator["account_id"])
    assert refusal(lift(forum, moderator, cancelled)) == (409, "state-conflict")
    assert forum.get(f"/v1/moderators/{moderator['id']}/sanctions").json()["items"][0]["lifted_at"] is None
    (anew,) = forum.moderators()
    forum.post(f"/v1/moderators/{anew['id']}/end", REASON)
    heir = forum.moderator_to_be("继任", sandbox_number(171))["id"]
    body = {"account_id": heir, "role": "founder"}
    assert forum.post("/v1/boards/tea/moderators", body).status_code == 201
    assert refusal(lift(forum, moderator, cancelled)) == (409, "state-conflict")  # a board has one founder
    assert [one["account_id"] for one in forum.moderators()] == [heir]


def test_a_measure_is_lifted_where_it_was_imposed_and_once(forum: ForumBackend, moderator: Json) -> None:
    forum.manager(forum.moderator_to_be("管理员", sandbox_number(172))["id"])
    other = next(one for one in forum.moderators() if one["id"] != moderator["id"])
    warning = impose(forum, moderator, "warn").json()
    assert refusal(lift(forum, other, warning["id"])) == (404, "not-found")
    assert refusal(lift(forum, moderator, "san_none")) == (404, "not-found")
    key = {"idempotency-key": "lift-the-first-warning"}
    path = f"/v1/moderators/{moderator['id']}/sanctions/{warning['id']}/lift"
    lifted = forum.post(path, REASON, headers=key).json()
    assert lifted == warning | {"lifted_at": "2026-11-21T04:00:00.000Z", "lifted_because": REASON["reason"]}
    assert forum.post(path, REASON, headers=key).json() == lifted
    assert refusal(lift(forum, moderator, warning["id"])) == (409, "state-conflict")


def test_what_is_done_three_times_at_once_happens_once(
    forum: ForumBackend, moderator: Json, services: Services
) -> None:
    cancelled = at_once([lambda: impose(forum, moderator, "cancel")] * 3)
    assert sorted(answer.status_code for answer in cancelled) == [201, 409, 409]
    (measure,) = forum.get(f"/v1/moderators/{moderator['id']}/sanctions").json()["items"]
    lifted = at_once([lambda: lift(forum, moderator, measure["id"])] * 3)
    assert sorted(answer.status_code for answer in lifted) == [200, 409, 409]
    ended = at_once([lambda: forum.post(f"/v1/moderators/{moderator['id']}/end", REASON)] * 3)
    assert sorted(answer.status_code for answer in ended) == [200, 409, 409]
    body = {"account_id": moderator["account_id"], "role": "founder"}
    filed = at_once([lambda: forum.post("/v1/boards/tea/moderators", body)] * 3)
    assert sorted(answer.status_code for answer in filed) == [201, 409, 409]
    happened = [event["type"] for event in told(services) if event["type"].startswith("moderator.")]
    assert happened == [
        "moderator.filed",
        "moderator.ended",
        "moderator.reinstated",
        "moderator.ended",
        "moderator.filed",
    ]


def test_a_change_of_terms_while_a_moderator_is_out_holds_when_they_are_back(
    forum: ForumBackend, moderator: Json, clock: FakeClock
) -> None:
    """No worker looks: what the database holds must not hide them from the lists."""
    cancelled = impose(forum, moderator, "cancel").json()["id"]
    clock.advance(minutes=1)
    assert forum.http.patch("/v1/boards/tea", json={"interval_days": 30, "grace_days": 0}).status_code == 200
    clock.advance(minutes=1)
    assert lift(forum, moderator, cancelled).status_code == 200
    (back,) = forum.moderators()
    assert (back["id"], back["due_at"]) == (moderator["id"], "2026-12-21T16:00:00.000Z")
    clock.advance(days=31)
    forum.log_in()
    assert [one["id"] for one in forum.moderators(state="suspended")] == [moderator["id"]]
    assert [one["id"] for one in forum.moderators(due_before="2026-12-22T00:00:00Z")] == [moderator["id"]]


# -- any order of steps -------------------------------------------------------------------------------------------

_ACTS = ("warn", "cancel", "lift", "suspend", "ban", "reinstate", "freeze", "close", "reopen")


class _Ladder:
    """What must be so after each act: one office, the account and its board, in the words of L6e."""

    def __init__(self, moderator: Json) -> None:
        self.moderator, self.in_office = moderator, True
        self.account, self.board = "active", "active"
        self.open: dict[str, str] = {}
        """Measures that stand, with their step."""

    @property
    def reasons(self) -> set[str]:
        """Why a permit to moderate is refused now."""
        return {
            *([] if self.in_office else ["not-a-moderator"]),
            *([] if self.account == "active" else [f"account-{self.account}"]),
            *([] if self.board == "active" else [f"board-{self.board}"]),
        }


def _measure(forum: ForumBackend, ladder: _Ladder, act: str) -> tuple[httpx2.Response, bool]:
    """Warns or cancels: what was answered, and whether it had to succeed."""
    answer, legal = impose(forum, ladder.moderator, act), ladder.in_office
    if answer.is_success:
        ladder.open[answer.json()["id"]] = act
        ladder.in_office = act == "warn"
    return answer, legal


def _lift(forum: ForumBackend, ladder: _Ladder, which: str) -> tuple[httpx2.Response, bool]:
    answer, step = lift(forum, ladder.moderator, which), ladder.open.pop(which, None)
    ladder.in_office = ladder.in_office or step == "cancel"
    return answer, step is not None


def _stop(forum: ForumBackend, ladder: _Ladder, act: str) -> tuple[httpx2.Response, bool]:
    answer = forum.post(f"/v1/accounts/{ladder.moderator['account_id']}/{act}", REASON)
    legal = {"suspend": ladder.account != "banned", "ban": True, "reinstate": ladder.account != "active"}[act]
    if legal:
        ladder.account = {"suspend": "suspended", "ban": "banned", "reinstate": "active"}[act]
    return answer, legal


def _shut(forum: ForumBackend, ladder: _Ladder, act: str) -> tuple[httpx2.Response, bool]:
    answer = forum.post(f"/v1/boards/tea/{act}", REASON)
    legal = {"freeze": ladder.board != "closed", "close": True, "reopen": ladder.board != "active"}[act]
    if legal:
        ladder.board = {"freeze": "frozen", "close": "closed", "reopen": "active"}[act]
    return answer, legal


def _play(forum: ForumBackend, ladder: _Ladder, act: str, dice: random.Random) -> tuple[httpx2.Response, bool]:
    if act in {"warn", "cancel"}:
        return _measure(forum, ladder, act)
    if act == "lift":
        return _lift(forum, ladder, dice.choice(sorted(ladder.open) or ["san_none"]))
    return (_stop if act in {"suspend", "ban", "reinstate"} else _shut)(forum, ladder, act)


def test_any_order_of_steps_up_and_down_the_ladder_ends_where_the_steps_that_stand_say(
    forum: ForumBackend, moderator: Json, services: Services
) -> None:
    dice, ladder = random.Random(6), _Ladder(moderator)  # noqa: S311 -- repeatable
    for act in (*_ACTS, *dice.choices(_ACTS, k=24)):
        acted, legal = _play(forum, ladder, act, dice)
        assert acted.is_success is legal, (act, acted.text)
        services.forums.confirm_acts(OPERATOR, forum.credentials.forum_id)
        answer = forum.moderate(moderator["account_id"])
        refused = set() if answer.status_code == 201 else set(reasons_of(answer))
        assert refused == ladder.reasons, act
        shown = forum.get(f"/v1/moderators/{moderator['id']}").json()
        assert shown["powers"] is not bool(ladder.reasons), act
        if not ladder.reasons:
            assert shown == moderator, act
    events = told(services, "moderator.warned", "moderator.ended")
    measures = forum.get(f"/v1/moderators/{moderator['id']}/sanctions").json()["items"]
    assert sorted(event["data"]["sanction"]["id"] for event in events) == sorted(one["id"] for one in measures)
    assert all(one["reason"] and one["basis"] for one in measures)
