"""What the OpenAPI document promises, and which of it has been heard."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx2
from schemathesis.core.transport import Response
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.forum import Json

_CONFORMS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
Entry = tuple[str, int, str]
"""An operation as `POST /v1/accounts`, a status, and the code of a refusal; empty for an answer that is none."""


def promised(document: Json) -> Iterator[Entry]:
    """Everything that the document says and a client can bring about: not what happens when the service is down."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for status, answer in operation["responses"].items():
                codes = answer["description"].split(", ") if status[0] == "4" else [""]
                if status[0] != "5":
                    yield from ((f"{method.upper()} {path}", int(status), code) for code in codes)


@dataclass
class Ledger:
    schema: BaseSchema
    heard: Counter[Entry] = field(default_factory=Counter)

    def note(self, operation: str, answer: httpx2.Response) -> tuple[int, str]:
        """Counts an answer; raises where it is none of those that the document names for this operation."""
        if not was_read(Response.from_any(answer)):
            return self.count(operation, Response.from_any(answer))
        method, path = operation.split(" ")
        asked = self.schema[path][method].Case(path_parameters=dict.fromkeys(re.findall(r"{(\w+)}", path), "any"))
        asked.validate_response(answer, checks=_CONFORMS)
        return self.count(operation, Response.from_any(answer))

    def count(self, operation: str, answer: Response) -> tuple[int, str]:
        code = _code(answer) if answer.status_code >= httpx2.codes.BAD_REQUEST else ""
        self.heard[operation, answer.status_code, code] += 1
        return answer.status_code, code

    def unavailable(self) -> int:
        return sum(count for (_, status, _), count in self.heard.items() if status == httpx2.codes.SERVICE_UNAVAILABLE)

    def missing(self, document: Json) -> set[Entry]:
        return set(promised(document)) - set(self.heard)


def was_read(answer: Response) -> bool:
    """False where the gate could not read the request, before it was for any operation: no operation names that."""
    return answer.status_code != httpx2.codes.BAD_REQUEST or _code(answer) != "malformed-request"


def _code(answer: Response) -> str:
    said = answer.json()
    return str(said.get("code", said.get("error")))
