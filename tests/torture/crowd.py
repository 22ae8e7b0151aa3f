"""Forums whose people come all at once, each in another spelling; a 503 is asked again until it is answered."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from random import uniform
from threading import Barrier
from time import monotonic, sleep
from uuid import uuid4

from tests.support.desk import CODE, Desk
from tests.support.forum import ForumBackend, Json, sandbox_number

_SECONDS = 900
_DOTS = "\u00b7\u2022\u2027\u30fb\u0387\uff0e\uff65"
"""One name in seven spellings."""


def numbers_with_x() -> Iterator[str]:
    """Sandbox numbers whose last place has spellings of its own, each another person."""
    births = (date(1970, 1, 1) + timedelta(days=day) for day in range(10_000))
    every = (sandbox_number(sequence, birth=f"{birth:%Y%m%d}") for birth in births for sequence in range(1000))
    return (number for number in every if number.endswith("X"))


def spelling(number: str, which: int) -> str:
    full_width = number.translate({ord("0") + digit: ord("０") + digit for digit in range(10)})
    spellings = (
        number,
        number.lower(),
        full_width,
        full_width.replace("X", "ｘ"),
        f" {number} ",
        f"{number[:6]} {number[6:14]} {number[14:]}",
        f"{number[:6]}-{number[6:14]}-{number[14:]}",
        f"{number[:6]}\u200b{number[6:]}",
        f"\u3000{number[:9]}\u3000{number[9:]}",
        f"{number[:-1]}\u2169",
    )
    return spellings[which % len(spellings)]


def name_spelling(which: int) -> str:
    return " " * (which % 3) + f"测试{_DOTS[which % len(_DOTS)]}甲"


@dataclass(frozen=True)
class Crowd:
    """So many requests begin together, spread over the forums."""

    forums: Sequence[ForumBackend]
    desks: Sequence[Desk]
    size: int
    statuses: list[int] = field(default_factory=list)
    """Of all answers, in the order in which they came."""

    def from_many_accounts(self, person: int, number: str) -> Counter[str]:
        """Everybody registers, and then says to be this person."""
        return self._at_once([partial(self._register_and_check, person, number, which) for which in range(self.size)])

    def from_one_account(self, person: int, number: str) -> Counter[str]:
        account = self.desks[0].account(f"第{person}人")
        return self._at_once(
            [partial(self._check, self.forums[0], account.id, number, which) for which in range(self.size)]
        )

    def by_codes(self, person: int, phone: str) -> Counter[str]:
        """As many accounts have a code to one phone, and enter it."""
        codes = []
        for which in range(self.size):
            desk, forum = self.desks[which % len(self.desks)], self.forums[which % len(self.forums)]
            codes.append((forum, desk.text(desk.account(f"第{person}人{which}"), phone)))
        return self._at_once([partial(self._enter, forum, verification) for forum, verification in codes])

    def after_codes(self, person: int, number: str, phone: str) -> Counter[str]:
        """Somebody is on file, and as many more accounts as may be have entered a code to their phone."""
        first = self.desks[0].on_file(f"第{person}人", phone, number)
        accounts = [(self.forums[0], first.id)]
        for which in range(1, 3 * len(self.forums)):
            at = which % len(self.forums)
            another = self.desks[at].account(f"第{person}人{which}")
            assert self.desks[at].prove(another, phone).outcome == "verified"
            accounts.append((self.forums[at], another.id))
        works = [partial(self._check, *accounts[n % len(accounts)], number, n) for n in range(self.size)]
        return self._at_once(works)

    def _register_and_check(self, person: int, number: str, which: int) -> str:
        forum = self.forums[which % len(self.forums)]
        account = self._post(forum, "/v1/accounts", {"handle": f"第{person}人{which}"})
        return self._check(forum, account["id"], number, which)

    def _check(self, forum: ForumBackend, account_id: str, number: str, which: int) -> str:
        document = {"type": "resident_id", "number": spelling(number, which), "name": name_spelling(which)}
        body = {"account_id": account_id, "method": "id2", "document": document}
        return _end(self._post(forum, "/v1/verifications", body))

    def _enter(self, forum: ForumBackend, verification: str) -> str:
        return _end(self._post(forum, f"/v1/verifications/{verification}/code", {"code": CODE}))

    def _post(self, forum: ForumBackend, path: str, body: Json) -> Json:
        """Sends again, when it was told to, as long as the service is full. Any other 5xx is a defect."""
        key, deadline = {"idempotency-key": uuid4().hex}, monotonic() + _SECONDS
        while True:
            response = forum.post(path, body, headers=key)
            answer: Json = response.json()
            self.statuses.append(response.status_code)
            if answer.get("code") not in {"unavailable", "idempotency-in-progress"}:
                assert response.status_code in {200, 201, 409}, response.text
                return answer
            assert monotonic() < deadline
            sleep(int(response.headers["retry-after"]) * uniform(1, 1.3))  # noqa: S311 -- spreads load, guards nothing

    def _at_once(self, works: Sequence[Callable[[], str]]) -> Counter[str]:
        ready = Barrier(len(works))

        def run(work: Callable[[], str]) -> str:
            ready.wait()
            return work()

        with ThreadPoolExecutor(len(works)) as pool:
            return Counter(pool.map(run, works))


def _end(answer: Json) -> str:
    return str(answer.get("outcome") or answer["code"])
