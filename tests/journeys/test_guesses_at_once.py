"""Guesses that come all at once are judged no more often than one after the other."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import func, select

from app.verification.models import VerificationRow
from app.wiring import Services
from tests.support.forum import ForumBackend, Json


def test_wrong_guesses_at_once_are_judged_no_more_often_than_one_after_the_other(
    forum: ForumBackend, services: Services
) -> None:
    account = forum.register("山间清风")["id"]

    def guess(_: int) -> tuple[int, str]:
        response = forum.check_document(account, "110199199003070033")
        body: Json = response.json()
        return response.status_code, body.get("code") or body["reason"]

    with ThreadPoolExecutor(30) as pool:
        answers = Counter(pool.map(guess, range(30)))
    assert set(answers) <= {(201, "not-confirmed"), (429, "too-many-attempts"), (503, "unavailable")}
    assert answers[201, "not-confirmed"] <= 3
    with services.unit_of_work.read() as tx:
        assert (tx.session.scalar(select(func.count()).select_from(VerificationRow)) or 0) <= 3
