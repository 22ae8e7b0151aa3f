"""Handles that look alike are one handle in a forum, and for 90 days after one was given up."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.accounts.domain import is_handle, normalise_handle
from app.accounts.lookalikes import looks, mixes_imitating_scripts, skeleton
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend

DATA = Path(__file__).parents[2] / "app" / "accounts" / "data" / "confusables.txt"
RESERVED = timedelta(days=90)
Answered = tuple[int, str | None]
unhurried = settings(deadline=None, database=None)
_words = st.text(st.characters(categories=("L", "N", "M")), max_size=20)


def alike(first: str, second: str) -> bool:
    return bool(looks(normalise_handle(first)) & looks(normalise_handle(second)))


def register(forum: ForumBackend, handle: str) -> Answered:
    answer = forum.post("/v1/accounts", {"handle": handle})
    return answer.status_code, answer.json().get("code")


def rename(forum: ForumBackend, account_id: str, handle: str) -> Answered:
    answer = forum.http.patch(f"/v1/accounts/{account_id}", json={"handle": handle})
    return answer.status_code, answer.json().get("code")


@pytest.mark.parametrize(
    ("handle", "imitation"),
    [
        ("coco", "сосо"),
        ("paypal", "раураl"),
        ("paypal", "paypaI"),
        ("Paypal", "PaypaI"),
        ("paypal", "paypa1"),
        ("google", "g00gle"),
        ("nine", "ΝΙΝΕ"),
        ("PACE", "расе"),
        ("MAIL", "rnail"),
        ("Mary", "\u039cary"),
        ("Alice", "\U0001d4d0\U0001d4f5\U0001d4f2\U0001d4ec\U0001d4ee"),
        ("力口", "カロ"),
        ("a\u0301b", "\u00e1b"),
    ],
)
def test_an_imitation_looks_like_what_it_imitates(handle: str, imitation: str) -> None:
    assert alike(handle, imitation)
    assert alike(imitation, handle)


@pytest.mark.parametrize(
    ("handle", "other"),
    [("mail", "mall"), ("lisa", "iisa"), ("nine", "vive"), ("山间清风", "山间青风"), ("Иван", "Neah"), ("a_b", "a-b")],
)
def test_handles_that_a_reader_tells_apart_stay_apart(handle: str, other: str) -> None:
    assert not alike(handle, other)


@unhurried
@given(_words)
@example("\u1e9e\u0130\u0149\u03c2")
def test_a_skeleton_is_its_own_skeleton_and_does_not_depend_on_case(text: str) -> None:
    assert skeleton(skeleton(text)) == skeleton(text)
    assert skeleton(text.casefold()) == skeleton(text)
    assert skeleton(unicodedata.normalize("NFD", text)) == skeleton(unicodedata.normalize("NFC", text))


def test_every_character_of_the_table_looks_like_its_prototype_and_comes_to_rest() -> None:
    _, table, _ = DATA.read_text("ascii").split("\n\n")
    pairs = [tuple("".join(chr(int(code, 16)) for code in side.split()) for side in line.split(": "))
             for line in table.splitlines()]  # fmt: skip
    assert sum(len(others) for _, others in pairs) > 1900
    for prototype, others in pairs:
        for other in others:
            assert looks(other) & looks(prototype), ascii(other)
            assert skeleton(skeleton(other)) == skeleton(other)


@unhurried
@given(_words)
def test_one_handle_in_two_cases_shares_a_look_and_every_look_fits_its_column(typed: str) -> None:
    handle = normalise_handle(typed)
    assert alike(handle, handle.casefold())
    if is_handle(handle):
        assert all(1 <= len(look) <= 160 for look in looks(handle))


@pytest.mark.parametrize("handle", ["p\u0430ypal", "\u03b1lpha", "DJжук", "山p\u0430ypal", "\u0405ony", "山\u0440a"])
def test_scripts_that_imitate_each_other_do_not_stand_in_one_handle(handle: str) -> None:
    assert mixes_imitating_scripts(handle)


@pytest.mark.parametrize(
    "handle",
    ["Alice山", "さくら山ロ口", "abcカタ", "ㄅㄆㄇ山", "山ㄚ丫", "한글abc", "中国Россия", "中国αβγ", "日本ไทย", "сосо",
     "user9", "九_9-a", "José", "हिन्दी"],
)  # fmt: skip
def test_scripts_that_are_written_together_or_do_not_imitate_each_other_do(handle: str) -> None:
    assert not mixes_imitating_scripts(handle)


def test_a_mixed_handle_is_refused_with_its_own_sentence(forum: ForumBackend) -> None:
    answer = forum.post("/v1/accounts", {"handle": "p\u0430ypal"})
    assert (answer.status_code, answer.json()["code"]) == (422, "handle-invalid")
    assert [(fault["pointer"], fault["reason"]) for fault in answer.json()["errors"]] == [("/handle", "mixed-scripts")]
    account = forum.register("paypal")
    assert rename(forum, account["id"], "p\u0430ypal") == (422, "handle-invalid")


def test_a_look_alike_of_a_taken_handle_is_taken_and_never_finds_its_account(
    new_forum: Callable[[str], ForumBackend],
) -> None:
    forum, other = new_forum("甲论坛"), new_forum("乙论坛")
    forum.register("coco")
    assert register(forum, "сосо") == (409, "handle-taken")
    assert rename(forum, forum.register("lele")["id"], "сосо") == (409, "handle-taken")
    assert forum.get("/v1/accounts", params={"handle": "сосо"}).json()["items"] == []
    answer = forum.post("/v1/tokens", {"handle": "сосо", "scope": "post"})
    assert (answer.status_code, answer.json()["code"]) == (404, "account-not-found")
    assert register(other, "сосо") == (201, None)


def test_a_handle_that_was_given_up_stays_reserved_for_its_account_for_90_days(
    forum: ForumBackend, clock: FakeClock
) -> None:
    first, second = forum.register("山间清风")["id"], forum.register("海上明月")["id"]
    assert rename(forum, first, "风里来") == (200, None)
    clock.advance(seconds=(RESERVED - timedelta(milliseconds=1)).total_seconds())
    forum.log_in()
    assert register(forum, "山间清风") == (409, "handle-taken")
    assert rename(forum, second, "山间清风") == (409, "handle-taken")
    clock.advance(milliseconds=1)
    assert rename(forum, second, "山间清风") == (200, None)
    assert rename(forum, first, "山间清风") == (409, "handle-taken")


def test_a_handle_may_be_taken_back_at_once_and_is_then_no_longer_only_reserved(
    forum: ForumBackend, clock: FakeClock
) -> None:
    account = forum.register("coco")["id"]
    assert rename(forum, account, "lele") == (200, None)
    assert register(forum, "сосо") == (409, "handle-taken")
    assert rename(forum, account, "CoCo") == (200, None)
    clock.advance(days=91)
    forum.log_in()
    assert register(forum, "coco") == (409, "handle-taken")
    assert register(forum, "lele") == (201, None)
    assert forum.account(account)["handle"] == "CoCo"


def test_a_new_registration_may_take_a_handle_whose_reservation_has_run_out(
    forum: ForumBackend, clock: FakeClock
) -> None:
    rename(forum, forum.register("coco")["id"], "lele")
    clock.advance(days=90)
    forum.log_in()
    assert register(forum, "сосо") == (201, None)
    assert register(forum, "coco") == (409, "handle-taken")


SPELLINGS = ["coco", "сосо", "COCO", "сосО", "c0c0", "Coco", "ⲥⲟⲥⲟ", "СОСО", "CoCo", "ｃｏｃｏ"]


def test_of_twenty_look_alikes_at_once_one_is_registered(forum: ForumBackend) -> None:
    assert all(alike("coco", spelling) for spelling in SPELLINGS)
    work = [registering(forum, spelling) for spelling in SPELLINGS * 2]
    assert _at_once(work) == {(201, None): 1, (409, "handle-taken"): 19}


def test_of_renamings_and_registrations_at_once_one_gets_the_handle(forum: ForumBackend) -> None:
    accounts = [forum.register(f"第{number}个")["id"] for number in range(len(SPELLINGS))]
    work = [registering(forum, spelling) for spelling in SPELLINGS]
    work += [partial(rename, forum, account, spelling) for account, spelling in zip(accounts, SPELLINGS, strict=True)]
    answers = _at_once(work)
    assert answers[409, "handle-taken"] == 19
    assert answers[201, None] + answers[200, None] == 1


def test_a_reservation_that_ran_out_goes_to_one_of_many_who_want_it(forum: ForumBackend, clock: FakeClock) -> None:
    accounts = [forum.register(f"第{number}个")["id"] for number in range(9)]
    giver = forum.register("coco")["id"]
    rename(forum, giver, "lele")
    clock.advance(days=90)
    forum.log_in()
    work = [
        partial(rename, forum, account, spelling) for account, spelling in zip(accounts, SPELLINGS[1:], strict=True)
    ]
    work.append(partial(rename, forum, giver, "coco"))
    assert _at_once(work) == {(200, None): 1, (409, "handle-taken"): 9}


def registering(forum: ForumBackend, handle: str) -> Callable[[], Answered]:
    return partial(register, forum, handle)


def _at_once(work: Sequence[Callable[[], Answered]]) -> Counter[Answered]:
    with ThreadPoolExecutor(len(work)) as pool:
        return Counter(pool.map(lambda call: call(), work))
