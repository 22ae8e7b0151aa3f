"""How far a forum is with verifying the accounts that it had before: counted by the rules that posting goes by."""

from datetime import date, datetime, timedelta

from app import policies
from app.accounts.domain import AccountStatus
from app.db.unit_of_work import Transaction
from app.forums.errors import ForumNotFound
from app.kernel.clock import SHANGHAI
from app.kernel.ids import ForumId
from app.posting.decision import PostingPolicy
from app.posting.domain import Campaign
from app.posting.status_reader import Counted, agreement_gate, count_first_verified, count_standings, forum_names

_WEEK = timedelta(days=7)


def count_campaigns(tx: Transaction, forum_id: str | None, policy: PostingPolicy) -> list[Campaign]:
    """A step. Raises `ForumNotFound`."""
    forums = forum_names(tx.session, forum_id)
    if forum_id is not None and not forums:
        raise ForumNotFound
    ids, mondays = [number for number, _ in forums], mondays_until(tx.now)
    counted = count_standings(tx.session, ids, agreement_gate(tx.session, tx.now), policy, tx.now)
    weeks = count_first_verified(tx.session, ids, mondays)
    return [
        sum_up(
            forum,
            [one for one in counted if one.forum_id == forum[0]],
            [(monday.date(), weeks.get((forum[0], place), 0)) for place, monday in enumerate(mondays)],
        )
        for forum in forums
    ]


def sum_up(forum: tuple[ForumId, str], counted: list[Counted], weeks: list[tuple[date, int]]) -> Campaign:
    """The numbers of one forum, by id and name."""
    still = [one for one in counted if one.status is not AccountStatus.CLOSED]
    return Campaign(
        forum_id=forum[0],
        name=forum[1],
        by_status={status: sum(one.accounts for one in counted if one.status is status) for status in AccountStatus},
        may_post=sum(one.accounts for one in counted if one.may_post),
        unverified_may_post=sum(one.accounts for one in counted if _posts_unverified(one)),
        verified=sum(one.accounts for one in still if one.verified),
        brought_in=sum(one.accounts for one in still if one.brought_in),
        brought_in_verified=sum(one.accounts for one in still if one.brought_in and one.verified),
        verified_by_week=tuple(weeks),
    )


def mondays_until(now: datetime) -> list[datetime]:
    """The beginnings of the last weeks in Shanghai, the latest first. Boundary: at midnight the new week has begun."""
    today = now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    monday = today - timedelta(days=today.weekday())
    return [monday - _WEEK * weeks for weeks in range(policies.CAMPAIGN_WEEKS.value)]


def _posts_unverified(one: Counted) -> bool:
    """By either reader's word."""
    return one.may_post and (not one.verified or one.status is AccountStatus.UNVERIFIED)
