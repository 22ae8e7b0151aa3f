"""schemathesis over the served OpenAPI document, with values that stand in the database put into what it makes up."""

import base64
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from schemathesis import engine
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events
from schemathesis.generation.case import Case
from schemathesis.generation.modes import GenerationMode
from schemathesis.hooks import HookContext, unregister
from schemathesis.schemas import BaseSchema

from app.verification.domain import Method
from tests.support.forum import Json
from tests.torture.ledger import Ledger, was_read
from tests.torture.world import World, is_for_staff

_NAMES = ("account_id", "handle", "external_id")
_KEY, _KEY_LENGTH = "Idempotency-Key", 16
_AGED_AFTER = 150
_SPARED = {(True, "forum_id"): "spare_forum_id"}
"""Staff must not disable the forum that asks everything else."""
_REFUSED = ["400", "401", "403", "404", "409", "413", "415", "422", "429"]
_CHECKS = {
    # the deadline of an answer, on a machine that stands still; the test bounds how many
    "not_a_server_error": {"expected-statuses": ["2xx", "3xx", "4xx", "503"]},
    # a body over 64 KiB may break another rule too
    "negative_data_rejection": {"expected-statuses": [*_REFUSED, "405"]},
    # a schema cannot say: one of three names, a text without control characters, a number with its check digit, 64 KiB
    "positive_data_acceptance": {"expected-statuses": ["2xx", *(one for one in _REFUSED if one != "415")]},
}
_UNEXPECTED_METHODS = ["delete", "options", "trace", "query"]
"""PUT, POST and PATCH without JSON are refused for that (415) before anybody looks which route it is."""


def schema_of(document: Json, *, seed: int, examples: int, limits: bool, fixed: bool) -> BaseSchema:
    """`examples` for each operation; with `limits` all besides that the document's own limits ask for."""
    generation = {"max-examples": examples, "no-shrink": True, "database": "none", "deterministic": fixed}
    phases = {
        "examples": {"enabled": False},  # the document holds none
        "stateful": {"enabled": False},  # nor links; what follows from what is in `tests/journeys`
        "coverage": {"enabled": limits, "unexpected-methods": _UNEXPECTED_METHODS},
    }
    return schemathesis.openapi.from_dict(
        document,
        config=SchemathesisConfig.from_dict(
            {
                "seed": seed,
                "continue-on-failure": True,
                "cache": {"enabled": False},
                "checks": _CHECKS,
                "generation": generation,
                "phases": phases,
            }
        ),
    )


@dataclass
class Fuzz:
    """One run. `faults` are the sentences of all checks that failed; `asked` counts the requests."""

    world: World
    ledger: Ledger
    seed: int
    asked: int = 0
    faults: dict[str, str] = field(default_factory=dict)

    def run(self) -> None:
        with _before_each_call(_Hand(self.world, random.Random(self.seed))):  # noqa: S311 -- repeatable, on purpose
            for event in engine.from_schema(self.ledger.schema).execute():
                if isinstance(event, events.ScenarioFinished):
                    self._note(event)
                elif isinstance(event, events.NonFatalError | events.FatalError):
                    self.faults[str(event)] = ""

    def _note(self, event: events.ScenarioFinished) -> None:
        recorder = event.recorder
        for name, interaction in recorder.interactions.items():
            self.asked += 1
            request, answer = interaction.request, interaction.response
            what = f"{request.method} {request.uri} {request.body!r}"
            if answer is None:
                self.faults[f"{event.label}: no answer"] = what
            elif event.label and event.label.startswith(f"{request.method} "):
                self.ledger.count(event.label, answer)
            for check in recorder.checks.get(name, []):
                if check.failure_info is not None and (answer is None or was_read(answer)):
                    status = answer.status_code if answer else 0
                    self.faults[f"{event.label}: {status}: {check.name}"] = what


@contextmanager
def _before_each_call(hand: "_Hand") -> Iterator[None]:
    def before_call(_context: HookContext, case: Case[Any], _options: Json) -> None:
        hand.touch(case)

    schemathesis.hook(before_call)
    try:
        yield
    finally:
        unregister(before_call)


@dataclass
class _Hand:
    """Logs in, lets time pass, and replaces some of what was made up; what must be refused keeps its fault."""

    world: World
    dice: random.Random
    calls: int = 0

    def touch(self, case: "Case[Any]") -> None:
        self.calls += 1
        if self.calls % _AGED_AFTER == 0:
            self.world.age()
        for name, value in (case.path_parameters or {}).items():
            spared = _SPARED.get((is_for_staff(case.operation.path), name))
            if self._mostly(4) or (spared and value in self.world.known[name]):  # it heard of some in an earlier answer
                case.path_parameters[name] = self._known(spared or name)
        if case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE:
            self._touch_good_one(case)
        headers = case.headers
        if _KEY in headers and len(str(headers[_KEY])) >= _KEY_LENGTH and self._mostly(4):
            headers[_KEY] = f"key-of-call-{self.calls:06d}"  # or most would repeat a key with another body
        if self._mostly(20):
            headers["authorization"] = self._login(case.operation.path)

    def _touch_good_one(self, case: "Case[Any]") -> None:
        for container in (case.query, case.headers):
            for name in sorted(set(container or {}) & set(self.world.known)):
                container[name] = self._known(name)
        if isinstance(case.body, dict):
            case.body = self._filled(self._meant(case.operation.label, case.body))

    def _login(self, path: str) -> str:
        if is_for_staff(path):
            return self.world.forum.staff_headers["authorization"]
        if not path.startswith("/oauth/"):
            return self.world.forum.http.headers["authorization"]
        credentials = self.world.forum.credentials
        pair = f"{credentials.client_id}:{credentials.client_secret.reveal()}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"

    def _mostly(self, many: int) -> bool:
        """All but one of so many times."""
        return self.dice.randrange(many) > 0

    def _known(self, name: str) -> str:
        return self.dice.choice(self.world.known[name])

    def _filled(self, value: Json) -> Json:
        return {name: self._value(name, member) for name, member in value.items()}

    def _value(self, name: str, member: object) -> object:
        if isinstance(member, dict):
            return self._filled(member)
        return self._known(name) if name in self.world.known and self._mostly(3) else member

    def _meant(self, operation: str, body: Json) -> Json:
        """Often what belongs together, which chance does not find: one name of an account, a method and its fields."""
        if not self._mostly(4):
            return body
        if operation.startswith("POST /oauth/"):  # the credentials are in the header
            return {name: member for name, member in body.items() if not name.startswith("client_")}
        name = self.dice.choice(_NAMES)
        named = {name: self._known(name)}
        scope = self.dice.choice(["moderator_id", "board", "account_id"])
        meant: dict[str, Json] = {
            "POST /v1/tokens": {**named, "scope": self._known("scope")},
            "POST /v1/boards": {**body, "founder": named},
            "POST /v1/boards/{board}/moderators": {**named, "role": self.dice.choice(["founder", "manager"])},
            "POST /v1/reverifications": {**body, "scope": {scope: self._known(scope)}},
            "POST /v1/verifications": {**named, **self._verification()},
        }
        return meant.get(operation, body)

    def _verification(self) -> Json:
        method = self.dice.choice([Method.ID2, Method.PHONE3, Method.PHONE_CODE, Method.ORGANISATION])
        asked: Json = {"method": method.value}
        if method in {Method.PHONE3, Method.PHONE_CODE}:
            asked["phone"] = self._known("phone")
        if method is not Method.PHONE_CODE:
            kind = "uscc" if method is Method.ORGANISATION else "resident_id"
            asked["document"] = {"type": kind, "number": self._known("number"), "name": self._known("name")}
        return asked
