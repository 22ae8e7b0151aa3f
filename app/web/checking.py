"""A code sent and a document checked, in the steps that hold seats: the same for the API and for the pages.

Seats are taken here, on the event loop: whoever waits for one holds no thread.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from fastapi.concurrency import run_in_threadpool

from app.accounts.domain import AccountName
from app.kernel.actor import Actor
from app.kernel.ids import ForumId
from app.kernel.secret import Secret
from app.verification.codes import PhoneCodes
from app.verification.domain import Method, Verification
from app.verification.service import GivenDocument, NoteAttempt, Verifications
from app.web.seats import AllSeats

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Applicant:
    """The account that somebody is to be put behind, and who asks for it."""

    actor: Actor
    forum_id: ForumId
    account: AccountName
    direct: bool = False
    """Whether a forum's backend sends what identifies, and not the person at our own pages."""


class Checking:
    """The use cases and the seats that a check needs, in one hand."""

    def __init__(self, verifications: Verifications, codes: PhoneCodes, seats: AllSeats) -> None:
        self._verifications, self._codes, self._seats = verifications, codes, seats

    async def send_code(self, applicant: Applicant, phone: Secret[str], note: NoteAttempt) -> Verification:
        """Raises what `PhoneCodes.prepare` and `send` raise, and `Unavailable`."""
        codes = self._codes
        async with self._seats.sms.take():
            request = await run_in_threadpool(codes.prepare, applicant.forum_id, applicant.account, phone)
            async with self._seats.index.take():
                index = await run_in_threadpool(codes.index, request)
            return await run_in_threadpool(codes.send, applicant.actor, request, index, note)

    async def check_document(
        self,
        applicant: Applicant,
        method: Method,
        given: GivenDocument,
        note: NoteAttempt,
        end: Callable[[Callable[[], Verification]], T],
    ) -> T:
        """`end` runs the last use case and makes the answer. Raises what `Verifications` raises, and `Unavailable`."""
        checks, forum_id, account = self._verifications, applicant.forum_id, applicant.account
        async with self._seats.provider.take():
            async with self._seats.work.take(patient=True) as turn:
                prepare = partial(checks.prepare, direct=applicant.direct)
                request = await run_in_threadpool(prepare, forum_id, account, method, given)
                started = await run_in_threadpool(checks.start, applicant.actor, request, note)
                if (ended := started.ended) is not None:
                    turn.rest()  # a queue of people who all hear this must not crowd out everybody else
                    return await run_in_threadpool(end, lambda: ended)
            asked = await run_in_threadpool(checks.ask, started)
            index = None
            if asked.needs_index:  # a provider that hangs or fails costs no Argon2
                async with self._seats.index.take(patient=True):
                    index = await run_in_threadpool(checks.index, asked)
            async with self._seats.work.take(patient=True):
                return await run_in_threadpool(end, lambda: checks.settle(applicant.actor, asked, index))
