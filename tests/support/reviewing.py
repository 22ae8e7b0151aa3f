"""What tests of reviews and patrols publish, and how reviewers decide in them."""

from collections.abc import Sequence

from app.kernel.actor import OPERATOR
from app.screening.docket import OpenReview, ReviewFilter
from app.screening.domain import Ruling
from app.wiring import Services
from tests.support.clock import FakeClock

HEADER = "term,category,action,severity,fields,boundary,note\n"
WAITS = 10
"""Seconds between a publication and its patrol."""


def lexicon(**terms: str) -> bytes:
    """Actions by terms: `赌场="review"`."""
    return (HEADER + "".join(f"{term},gambling,{action},3,,,\n" for term, action in terms.items())).encode()


def publish(services: Services, **terms: str) -> int:
    """Puts these terms in force, and no others; the number of the publication."""
    imported = services.lexicons.import_file(OPERATOR, "tests", lexicon(**terms))
    return services.lexicons.publish(OPERATOR, "tests", imported.version.number, despite_alarm=True).publication


def waiting(services: Services) -> Sequence[OpenReview]:
    return services.reviews.list_open(ReviewFilter(limit=500))


def decide(services: Services, ruling: Ruling, review: OpenReview | None = None) -> None:
    """On this one, or on the only one that waits."""
    if review is None:
        (review,) = waiting(services)
    services.reviews.decide(OPERATOR, review.id, review.version, ruling, "核对过")


def patrol(services: Services, clock: FakeClock) -> None:
    """To its end."""
    clock.advance(seconds=WAITS)
    while services.patrol.go_on():
        pass
