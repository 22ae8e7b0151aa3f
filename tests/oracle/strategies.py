"""What a forum can try that knows a person's name, number and phone, and may do all that its credentials allow.

Each strategy is one sentence and the calls that it makes. None reads a text that went to the person's own phone.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.oracle.observer import MISMATCHED, Observer
from tests.oracle.world import OWN_PHONE, PHONE
from tests.support.forum import PERSON, Json

Strategy = Callable[[Observer], None]
USCC = "91110199MA00TEXT15"


def the_pair_on_the_handle(forum: Observer) -> None:
    """Send the person's name and number for the handle, and for another."""
    for account in (forum.x, forum.z):
        forum.verify(account.id)
        forum.verify(account.id, MISMATCHED)


def the_pair_after_a_wrong_code(forum: Observer) -> None:
    """Have a code sent to the person's phone for the handle, guess it, then send the pair."""
    asked = forum.ask_code(forum.x.id, PHONE)
    forum.enter_code(asked, "000000")
    forum.verify(forum.x.id)
    forum.get(f"/v1/verifications/{asked['id']}")


def the_pair_on_a_fresh_account(forum: Observer) -> None:
    """Send the pair for an account of one's own, and look at the handle before and after."""
    fresh = forum.fresh()
    for step in (lambda: None, lambda: forum.verify(fresh)):
        step()
        for account in (forum.x.id, forum.z.id, fresh):
            forum.look_at(account)


def a_ban_between(forum: Observer) -> None:
    """Ban the handle, send the pair for a fresh account, lift the ban, send it again."""
    between(forum, "ban")


def a_closing_between(forum: Observer) -> None:
    """Close the handle, send the pair for a fresh account, reopen it, send it again."""
    between(forum, "close")


def a_suspension_between(forum: Observer) -> None:
    """Suspend the handle, send the pair for a fresh account, lift it, send it again."""
    between(forum, "suspend")


def between(forum: Observer, act: str) -> None:
    before, after = forum.fresh(), forum.fresh()
    forum.act(act, forum.x.id)
    forum.verify(before)
    forum.look_at(before)
    forum.act("reinstate", forum.x.id)
    forum.verify(after)
    forum.verify(before)
    for account in (forum.x.id, before, after):
        forum.look_at(account)


def more_accounts_than_one_may_have(forum: Observer) -> None:
    """Send the pair for more fresh accounts than a person may have, with the handle open and closed."""
    for _ in range(4):
        forum.verify(forum.fresh())
    forum.act("close", forum.x.id)
    forum.verify(forum.fresh())
    forum.act("reinstate", forum.x.id)
    forum.look_at(forum.x.id)


def until_no_try_is_left(forum: Observer) -> None:
    """Use up the tries on the handle, then on a fresh account, and compare how long one is told to wait."""
    fresh = forum.fresh()
    for account in (forum.x.id, fresh):
        for _ in range(4):
            forum.verify(account)
        forum.verify(account, MISMATCHED)


def two_forums_together(forum: Observer) -> None:
    """Another forum acts on an account that it knows to be the person's, while this one sends the pair and looks."""
    there = forum.world.second
    forum.act("ban", forum.w.id, there)
    forum.verify(forum.fresh())
    forum.verify(forum.fresh(there), side=there)
    forum.verify(forum.w.id, side=there)
    forum.look_at(forum.x.id)
    forum.act("reinstate", forum.w.id, there)
    forum.verify(forum.fresh())
    forum.look_at(forum.z.id)


def names_orders_and_times(forum: Observer) -> None:
    """Name accounts in every way, and look for a change in lists, their order and `updated_at`."""
    fresh = forum.fresh()
    shown = forum.look_at(fresh)
    document = {"type": "resident_id", "number": PERSON, "name": "测试甲"}
    names: list[Json] = [{"handle": "云上客"}, {"handle": shown["handle"]}, {"external_id": shown["external_id"]}]
    for name in names:
        forum.post("/v1/verifications", {**name, "method": "id2", "document": document})
        for query in ("status=active", "status=unverified", "handle=云上客"):
            forum.get(f"/v1/accounts?{query}")
    forum.post("/v1/tokens", {"account_id": forum.x.id, "scope": "post"})


def right_and_wrong_names(forum: Observer) -> None:
    """Send the number with the right name and with a wrong one, for the handle and for fresh accounts."""
    for name in ("测试甲", "不一致", "测试乙"):
        forum.verify(forum.x.id, name=name)
        forum.verify(forum.fresh(), name=name)


def known_against_unknown(forum: Observer) -> None:
    """Take the time of the pair on a fresh account, against a number that nobody has."""
    for number in (PERSON, MISMATCHED, PERSON):
        forum.verify(forum.fresh(), number)


def at_the_same_time(forum: Observer) -> None:
    """Act on the handle while the pair is being judged for a fresh account, and see who waits."""
    fresh, there = forum.fresh(), forum.world.second
    elsewhere = forum.fresh(there)
    works: list[Callable[[], object]] = [
        lambda: forum.verify(fresh),
        lambda: forum.verify(elsewhere, side=there),
        lambda: forum.act("suspend", forum.x.id),
        lambda: forum.look_at(fresh),
        lambda: forum.verify(forum.x.id),
    ]
    with ThreadPoolExecutor(len(works)) as pool:
        for done in [pool.submit(work) for work in works]:
            done.result()
    forum.heard.sort()
    forum.act("reinstate", forum.x.id)


def name_number_and_phone(forum: Observer) -> None:
    """Send name, number and phone together, for the handle and for a fresh account."""
    for account in (forum.x.id, forum.fresh()):
        for phone in (PHONE, OWN_PHONE):
            forum.verify(account, method="phone3", phone=phone)


def as_an_organisation(forum: Observer) -> None:
    """Send an organisation for the handle and for a fresh account that the pair was sent for."""
    fresh = forum.fresh()
    forum.verify(fresh)
    for account in (forum.x.id, forum.z.id, fresh):
        document = {"type": "uscc", "number": USCC, "name": "测试甲"}
        forum.post("/v1/verifications", {"account_id": account, "method": "organisation", "document": document})
        forum.look_at(account)


def texts_to_the_persons_phone(forum: Observer) -> None:
    """Have codes sent to the person's phone for the handle, another and a fresh account; compare the waits."""
    for account in (forum.x.id, forum.fresh(), forum.z.id):
        for code in ("000000", "111111"):
            asked = forum.ask_code(account, PHONE)
            if "outcome" in asked:
                forum.enter_code(asked, code)
    forum.look_at(forum.x.id)


def ones_own_phone(forum: Observer) -> None:
    """Enter a right code of one's own phone on the handle and on a fresh account, and send the pair after it."""
    for account in (forum.x.id, forum.fresh()):
        asked = forum.ask_code(account, OWN_PHONE)
        forum.enter_code(asked, forum.world.first.backend.read_code(OWN_PHONE))
        forum.verify(account)
        forum.look_at(account)
        forum.world.clock.advance(minutes=2)


STRATEGIES: tuple[Strategy, ...] = (
    the_pair_on_the_handle,
    the_pair_after_a_wrong_code,
    the_pair_on_a_fresh_account,
    a_ban_between,
    a_closing_between,
    a_suspension_between,
    more_accounts_than_one_may_have,
    until_no_try_is_left,
    two_forums_together,
    names_orders_and_times,
    right_and_wrong_names,
    known_against_unknown,
    at_the_same_time,
    name_number_and_phone,
    as_an_organisation,
    texts_to_the_persons_phone,
    ones_own_phone,
)


def with_the_persons_own_phone(forum: Observer) -> None:
    """No strategy of a forum's: who reads the person's texts learns whether a ban on the handle is a ban on them."""
    fresh = forum.fresh()
    forum.act("ban", forum.x.id)
    asked = forum.ask_code(fresh, PHONE)
    forum.enter_code(asked, forum.world.first.backend.read_code(PHONE))
