"""`Idempotency-Key` at a route: the same request again takes effect once and hears the first answer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Protocol, TypeVar

from fastapi import Depends, Header, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

from app.api.dependencies import ServicesOf
from app.api.shapes import ToldOnce
from app.audit.proofs import Receipt
from app.db.unit_of_work import Transaction
from app.idempotency.domain import Claim, KeyedRequest, StoredAnswer
from app.idempotency.errors import InProgress, KeyReused
from app.idempotency.service import Idempotency
from app.kernel.actor import Actor
from app.kernel.errors import FieldError, Invalid, ShimingError
from app.kernel.sentence import Sentence
from app.web.problems import problem_response, status_of

_HEADER = "Idempotency-Key"
_Announced = TypeVar("_Announced")
_ONE_KEY = FieldError(f"/{_HEADER}", "too-many", Sentence("只能有一个。", "Send it once."))
_FINAL = range(400, 500)
_NOT_FINAL = frozenset({401, 408, 413, 415, 429})
KeyGiven = Annotated[
    str | None,
    Header(
        alias=_HEADER,
        min_length=16,
        max_length=128,
        pattern="^[!-~]+$",
        description="Any 16-128 visible ASCII characters, new for each request; a repetition within 24 hours hears"
        " the first answer, with `Idempotency-Replayed: true`.",
    ),
]


class Calling(Protocol):
    """Whoever calls: a forum's client, or a member of the staff. A key counts for them alone."""

    @property
    def actor(self) -> Actor: ...


@dataclass(frozen=True, slots=True)
class Anybody:
    """Whoever calls without a login: of them nothing is known, and nothing is written down."""

    actor: Actor
    address: str
    """From here alone a key of theirs counts."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A request at work, under a claim when it came with a key."""

    idempotency: Idempotency
    status: int
    claim: Claim | None

    def note(self, tx: Transaction, subject: str) -> None:
        """A step, in the transaction after which somebody outside is asked: says what was begun."""
        if self.claim is not None:
            self.idempotency.note_subject(tx, self.claim, subject)

    def end(self, work: Callable[[], BaseModel]) -> Response:
        """Answers with what `work` gives; under a claim, its transactions and the stored answer are one.

        What is told once is stored without it: a repetition is told the rest.
        """
        if self.claim is None:
            return _rendered(self.status, work())
        told: list[Response] = []

        def worked() -> StoredAnswer:
            answer = work()
            told[:] = [_rendered(self.status, answer)]
            return _stored(_rendered(self.status, answer.without_it() if isinstance(answer, ToldOnce) else answer))

        self.idempotency.complete(self.claim, worked)
        return told[0]


@dataclass(frozen=True, slots=True)
class Once:
    request: Request
    idempotency: Idempotency
    key: str | None
    body: bytes

    def answer(self, caller: Calling, status: int, work: Callable[[], BaseModel]) -> Response:
        """Runs `work`, whose use cases ask nobody outside, and answers; a repetition hears the same."""
        taken = self._take(caller)
        if isinstance(taken, StoredAnswer):
            return _replayed(taken)
        begun = Begun(self.idempotency, status, taken)
        try:
            return begun.end(work)
        except ShimingError as error:
            return self._refuse(taken, error)
        except Exception:
            self._release(taken)
            raise

    async def answer_in_steps(
        self,
        caller: Calling,
        status: int,
        work: Callable[[Begun], Awaitable[Response]],
        read: Callable[[str], BaseModel],
    ) -> Response:
        """The same for `work` that asks somebody outside: it tells `Begun.note` before, and ends with `Begun.end`.

        When it broke off in between, a repetition asks nobody and answers with `read` of what was noted.
        """
        taken = await run_in_threadpool(self._take, caller)
        if isinstance(taken, StoredAnswer):
            return _replayed(taken)
        begun = Begun(self.idempotency, status, taken)
        subject = taken.subject if taken else None
        try:
            if subject is not None:
                return await run_in_threadpool(begun.end, lambda: read(subject))
            return await work(begun)
        except ShimingError as error:
            return await run_in_threadpool(self._refuse, taken, error)
        except Exception:
            await run_in_threadpool(self._release, taken)
            raise

    async def answer_on_record(
        self, caller: Calling, status: int, begin: Callable[[], Receipt], work: Callable[[Receipt], BaseModel]
    ) -> Response:
        """The same for an act that fails closed: `begin` publishes that it was begun, before any transaction of `work`.

        A repetition hears the first answer, and puts nothing on record again.
        """
        return await self.answer_announced(caller, status, lambda: run_in_threadpool(begin), work)

    async def answer_announced(
        self,
        caller: Calling,
        status: int,
        announce: Callable[[], Awaitable[_Announced]],
        work: Callable[[_Announced], BaseModel],
    ) -> Response:
        """The same where announcing takes more than a thread."""

        async def steps(begun: Begun) -> Response:
            announced = await announce()
            return await run_in_threadpool(begun.end, lambda: work(announced))

        return await self.answer_in_steps(caller, status, steps, _nothing_noted)

    def _take(self, caller: Calling) -> Claim | StoredAnswer | None:
        if self.key is None:
            return None
        route, path = self.request.scope["route"].path, self.request.scope["path"]
        asked = KeyedRequest(caller.actor.id, route, path, self.key, self.body)
        return self.idempotency.claim(asked.of_anybody(caller.address) if isinstance(caller, Anybody) else asked)

    def _refuse(self, claim: Claim | None, error: ShimingError) -> Response:
        """A refusal that rules decided is final and stored, on its own: what it refused has been rolled back."""
        if claim is None:
            raise error
        if not _is_final(error):
            self._release(claim)
            raise error
        answer = _stored(problem_response(self.request, error))
        return _response(self.idempotency.complete(claim, lambda: answer))

    def _release(self, claim: Claim | None) -> None:
        if claim is not None:
            self.idempotency.release(claim)


async def once_asked(request: Request, services: ServicesOf, idempotency_key: KeyGiven = None) -> Once:
    """Raises `Invalid` for a second key."""
    if len(request.headers.getlist(_HEADER)) > 1:
        raise Invalid([_ONE_KEY])
    return Once(request, services.idempotency, idempotency_key, await request.body())


OnceOf = Annotated[Once, Depends(once_asked)]


def _nothing_noted(_subject: str) -> BaseModel:
    raise RuntimeError("an act on record is begun anew; nothing was noted of it")


def _is_final(error: ShimingError) -> bool:
    status = status_of(type(error))
    return status in _FINAL and status not in _NOT_FINAL and not isinstance(error, InProgress | KeyReused)


def _rendered(status: int, answer: BaseModel) -> Response:
    return Response(answer.model_dump_json(), status, media_type="application/json")


def _stored(response: Response) -> StoredAnswer:
    headers = {name: value for name, value in response.headers.items() if name != "content-length"}
    return StoredAnswer(response.status_code, headers, bytes(response.body))


def _response(answer: StoredAnswer) -> Response:
    return Response(answer.body, answer.status, dict(answer.headers))


def _replayed(answer: StoredAnswer) -> Response:
    response = _response(answer)
    response.headers["idempotency-replayed"] = "true"
    return response
