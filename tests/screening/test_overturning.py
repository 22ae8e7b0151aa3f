"""After an appeal a text passes: a name is shown again, a post passes when it is sent again, and nothing else moves."""

import pytest

from app.accounts.domain import Account, AccountChange
from app.events.domain import Subscription
from app.kernel.actor import OPERATOR, Actor, ActorKind
from app.kernel.ids import AccountId
from app.screening.contents import Item
from app.screening.docket import ReviewFilter
from app.screening.domain import Decision, Field, Ruling
from app.screening.errors import NothingToOverturn
from app.screening.overturning import Objection
from app.wiring import Services
from tests.support.desk import Desk
from tests.support.lexicons import BLOCKED, MASKED, publish_terms, put_in_force
from tests.support.told import NOBODY_LISTENS, told

REVIEWER = Actor(ActorKind.STAFF, "stf_reviewer")


@pytest.fixture
def desk(services: Services) -> Desk:
    forum_id = services.forums.add(OPERATOR, "测试论坛").forum_id
    services.webhooks.add(OPERATOR, forum_id, NOBODY_LISTENS, Subscription(None))
    return Desk(services, forum_id)


def objection(desk: Desk, account: Account, ref: str | None = None) -> Objection | None:
    with desk.services.unit_of_work.read() as tx:
        return desk.services.complaints.overturning.find(tx, desk.forum_id, account.id, ref)


def let_pass(desk: Desk, account: Account, ref: str) -> None:
    with desk.services.unit_of_work.begin(OPERATOR) as tx:
        against = Objection(desk.forum_id, account.id, ref, None, None)
        desk.services.complaints.overturning.let_pass(tx, against, "申诉成立")


def decide(services: Services, ruling: Ruling) -> str:
    (review,) = services.reviews.list_open(ReviewFilter())
    services.reviews.decide(REVIEWER, review.id, review.version, ruling, "不合适")
    return review.id


def test_a_handle_that_was_refused_is_shown_again_unless_another_has_it(services: Services, desk: Desk) -> None:
    put_in_force(services.lexicons, "赌场,gambling,review,3,,,", name="reviewed")
    first, second = desk.account("赌场老板"), desk.account("赌场老手")
    refused = {}
    for review in services.reviews.list_open(ReviewFilter()):
        services.reviews.decide(REVIEWER, review.id, review.version, Ruling.BLOCK, "不合适")
        refused[review.account_id] = review.id
    found = objection(desk, first)
    assert found == Objection(desk.forum_id, first.id, refused[first.id], ("staff", "stf_reviewer"), "不合适")
    assert objection(desk, first, refused[second.id]) is None
    let_pass(desk, first, refused[first.id])
    assert services.accounts.get(desk.forum_id, first.id).handle == "赌场老板"
    assert told(services, "review.decided")[-1]["data"]["decision"] == "pass"
    with pytest.raises(NothingToOverturn):
        let_pass(desk, first, refused[first.id])
    assert objection(desk, first) is None
    services.accounts.change(OPERATOR, desk.forum_id, second.id, AccountChange("另起一名", None, {}))
    let_pass(desk, second, refused[second.id])
    assert services.accounts.get(desk.forum_id, second.id).handle == "另起一名"


def test_a_profile_that_was_masked_is_shown_whole_again(services: Services, desk: Desk) -> None:
    put_in_force(services.lexicons, "赌场,gambling,review,3,,,", name="reviewed")
    account = desk.account("山间清风")
    services.accounts.change(OPERATOR, desk.forum_id, account.id, AccountChange(None, None, {"bio": "欢迎来赌场"}))
    masked = decide(services, Ruling.MASK)
    assert services.accounts.get(desk.forum_id, account.id).profile.bio == "欢迎来**"
    let_pass(desk, account, masked)
    assert services.accounts.get(desk.forum_id, account.id).profile.bio == "欢迎来赌场"


def test_a_post_that_the_lexicons_blocked_passes_from_now_on_as_long_as_nothing_else_in_it_is_blocked(
    services: Services, desk: Desk
) -> None:
    publish_terms(services)
    account = desk.account("山间清风")

    def screen(text: str) -> tuple[str, Decision]:
        item = Item(Field.POST, text, AccountId(account.id))
        done = services.screenings.screen(OPERATOR, desk.forum_id, [item])
        return done.id, done.decision

    blocked = f"{BLOCKED}和代开发票"
    screening, decision = screen(blocked)
    others = Item(Field.POST, "别人也写网上赌场", desk.account("同批的人").id)
    both = [Item(Field.POST, f"{BLOCKED}一", account.id), others]
    batch = services.screenings.screen(OPERATOR, desk.forum_id, both).id
    masking, _ = screen(MASKED)
    assert decision is Decision.BLOCK
    assert objection(desk, account, screening) == Objection(desk.forum_id, account.id, screening, None, None)
    assert objection(desk, desk.account("别人"), screening) is None
    assert objection(desk, account, "scr_none") is objection(desk, account, "rev_none") is None
    for one in (screening, masking, batch):
        let_pass(desk, account, one)
    assert [screen(text)[1] for text in (blocked, MASKED)] == [Decision.PASS, Decision.PASS]
    assert screen(f"{BLOCKED}一")[1] is Decision.PASS
    assert screen(others.text)[1] is Decision.BLOCK  # of another account in the same call
    let_pass(desk, account, "scr_none")
    with pytest.raises(NothingToOverturn):
        let_pass(desk, account, "rev_none")
    put_in_force(services.lexicons, "代开发票", name="more")
    assert screen(blocked)[1] is Decision.BLOCK  # for something that nobody let pass
