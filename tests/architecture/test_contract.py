"""The served OpenAPI document against the contract: row by row, both ways, and nothing beside it.

`contract_expected.csv` was written by hand from `docs/api.md`. Names of schemas are free; everything else is fixed.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.forum import Json

_HERE = Path(__file__).parent
_ROOT = _HERE.parents[1]
_DOCUMENT = _ROOT / "docs" / "api.md"
_OUR_OWN = tuple(
    _ROOT / "docs" / name
    for name in (
        "boards.md",
        "webhooks.md",
        "screening.md",
        "staff.md",
        "staff-api.md",
        "disclosure.md",
        "audit-proofs.md",
        "emergency.md",
        "organisation.md",
        "violations.md",
        "appeals.md",
        "complaints.md",
    )
)
"""They name what the contract leaves to us in its parts 5, 7, 9, 10 and 11."""
_SOURCE = _ROOT.parent / "shared" / "design" / "api.md"
_JSON_TYPES = {"string", "integer", "boolean", "object"}
_FIELD_PLACES = {"path", "query", "header", "request", "response"}
_SHAPE_LEFT_OPEN = {"/livez", "/readyz", "/metrics"}
"""The contract says that they answer, and not with which fields."""
_NAMED_BY_RFC_7517 = {"keys", "kty", "crv", "x", "y", "EC", "P-256"}
_NAMED_BY_RFC_7009_AND_8414 = {
    *("username", "token_type_hint", "issuer", "jwks_uri", "scopes_supported", "grant_types_supported"),
    *("response_types_supported", "service_documentation", "token_endpoint", "introspection_endpoint"),
    *("revocation_endpoint", "token_endpoint_auth_methods_supported", "introspection_endpoint_auth_methods_supported"),
    "revocation_endpoint_auth_methods_supported",
}
_OAUTH_ERRORS = {
    ("/oauth/token", "400"): {"invalid_request", "unsupported_grant_type", "invalid_scope"},
    ("/oauth/introspect", "400"): {"invalid_request"},
    ("/oauth/revoke", "400"): {"invalid_request"},
}
_NO_REFUSAL = {"2", "3"}
Operation = tuple[str, str]


@dataclass(frozen=True)
class Field:
    """`enum` is what a closed set holds; empty where the set is open."""

    type: str
    required: bool
    nullable: bool
    enum: frozenset[str]


Fields = dict[tuple[str, str], Field]


# ---------------------------------------------------------------- what the contract expects


def expected_rows() -> list[dict[str, str]]:
    with (_HERE / "contract_expected.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _words(cell: str) -> frozenset[str]:
    return frozenset(filter(None, cell.split(";")))


def expected_fields() -> dict[Operation, Fields]:
    rows = [row for row in expected_rows() if row["where"] in _FIELD_PLACES]
    found: dict[Operation, Fields] = {(row["method"], row["path"]): {} for row in expected_rows()}
    for row in rows:
        fields, place = found[row["method"], row["path"]], (row["where"], row["name"])
        assert place not in fields, row
        is_type = row["type"] in _JSON_TYPES
        fields[place] = Field(
            row["type"] if is_type else "object",
            row["required"] == "yes",
            row["nullable"] == "yes",
            _words(row["enum"]),
        )
        if not is_type:
            fields.update(_rows_of_schema(rows, row["type"], row["name"]))
    return found


def _rows_of_schema(rows: list[dict[str, str]], schema: str, prefix: str) -> Fields:
    """The fields of a schema that has rows of its own, where another operation answers with it."""
    status = next(row for row in expected_rows() if row["where"] == "status" and row["type"] == schema)
    return {
        ("response", f"{prefix}.{row['name']}"): Field(
            row["type"], row["required"] == "yes", row["nullable"] == "yes", _words(row["enum"])
        )
        for row in rows
        if (row["method"], row["path"], row["where"]) == (status["method"], status["path"], "response")
    }


def expected_statuses() -> dict[Operation, dict[str, frozenset[str]]]:
    found: dict[Operation, dict[str, frozenset[str]]] = {}
    for row in expected_rows():
        if row["where"] == "status":
            found.setdefault((row["method"], row["path"]), {})[row["name"]] = _words(row["type"])
    return found


# ---------------------------------------------------------------- what the service says


def resolve(document: Json, schema: Json) -> Json:
    while "$ref" in schema:
        schema = document["components"]["schemas"].get(schema["$ref"].removeprefix("#/components/schemas/"), {})
    return schema


def fields_of(document: Json, schema: Json, prefix: str = "") -> dict[str, Field]:
    """Every field below a schema by its path; a field of some variants only is not required."""
    variants = [variant for variant in _variants(document, schema) if variant.get("type") != "null"]
    found: list[dict[str, Field]] = []
    for variant in variants:
        if variant.get("type") == "array":
            found.append(fields_of(document, variant["items"], prefix))
            continue
        fields: dict[str, Field] = {}
        for name, member in variant.get("properties", {}).items():
            path = f"{prefix}.{name}".removeprefix(".")
            fields.update(_member(document, path, member, required=name in variant.get("required", [])))
        found.append(fields)
    return {path: _merged([fields.get(path) for fields in found]) for fields in found for path in fields}


def _member(document: Json, path: str, schema: Json, *, required: bool) -> dict[str, Field]:
    variants = _variants(document, schema)
    nullable = any(variant.get("type") == "null" for variant in variants)
    plain = [variant for variant in variants if variant.get("type") != "null"]
    if any(variant.get("type") == "array" for variant in plain):
        assert len(plain) == 1, path
        path, plain = f"{path}[]", _variants(document, plain[0]["items"])
    types = {variant["type"] for variant in plain}
    assert len(types) == 1, (path, types)
    enums = [_enum(variant) for variant in plain]
    enum = frozenset().union(*enums) if all(enums) else frozenset()
    below = fields_of(document, schema, path) if types == {"object"} else {}
    return {path: Field(types.pop(), required, nullable, enum), **below}


def _variants(document: Json, schema: Json) -> list[Json]:
    schema = resolve(document, schema)
    if "anyOf" not in schema:
        return [schema]
    return [found for variant in schema["anyOf"] for found in _variants(document, variant)]


def _enum(schema: Json) -> frozenset[str]:
    if schema["type"] == "boolean":
        return frozenset()
    return frozenset(str(value) for value in schema.get("enum", [schema["const"]] if "const" in schema else []))


def _merged(found: list[Field | None]) -> Field:
    known = [field for field in found if field is not None]
    assert len({field.type for field in known}) == 1
    return Field(
        known[0].type,
        all(field is not None and field.required for field in found),
        any(field.nullable for field in known),
        frozenset().union(*(field.enum for field in known)),
    )


def served_fields(document: Json, operation: Json) -> Fields:
    found: Fields = {}
    for parameter in operation.get("parameters", []):
        member = _member(document, parameter["name"], parameter["schema"], required=parameter["required"])
        found.update({(parameter["in"], name): field for name, field in member.items()})
    for content in operation.get("requestBody", {}).get("content", {}).values():
        found.update({("request", name): field for name, field in fields_of(document, content["schema"]).items()})
    for status, answer in operation["responses"].items():
        for content in answer.get("content", {}).values() if status.startswith("2") else ():
            found.update({("response", name): field for name, field in fields_of(document, content["schema"]).items()})
    return found


def operations(document: Json) -> Iterator[tuple[Operation, Json]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield (method.upper(), path), operation


# ---------------------------------------------------------------- the comparison


@pytest.fixture
def document(address: str) -> Json:
    answer = httpx2.get(f"{address}/openapi.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    found: Json = answer.json()
    return found


def test_the_served_operations_and_fields_are_those_of_the_contract(document: Json) -> None:
    expected, served = expected_fields(), dict(operations(document))
    assert set(served) == set(expected)
    for operation, fields in expected.items():
        found = served_fields(document, served[operation])
        if operation[1] in _SHAPE_LEFT_OPEN:
            assert not fields
            continue
        assert set(found) == set(fields), operation
        for place, field in fields.items():
            assert found[place] in _allowed(place[0], field), (operation, place)


def _allowed(place: str, field: Field) -> list[Field]:
    """Where a request may leave a field out, the service may also take null for it."""
    if place in {"request", "query", "header"} and not field.required:
        return [field, Field(field.type, field.required, nullable=True, enum=field.enum)]
    return [field]


def test_the_served_statuses_and_their_codes_are_those_of_the_contract(document: Json) -> None:
    expected = expected_statuses()
    problems = {}
    for operation, served in operations(document):
        said = {status: _codes(document, status, answer) for status, answer in served["responses"].items()}
        wanted = {
            status: _OAUTH_ERRORS.get((operation[1], status), {"invalid_client"})
            if codes == {"OAuthError"}
            else (frozenset() if status[0] in _NO_REFUSAL else codes)
            for status, codes in expected[operation].items()
        }
        if said != wanted:
            problems[operation] = {
                status: (wanted.get(status), said.get(status))
                for status in sorted({*wanted, *said})
                if wanted.get(status) != said.get(status)
            }
    assert problems == {}


def _codes(document: Json, status: str, answer: Json) -> frozenset[str]:
    """The codes that a status may carry; a refusal must be a problem document, or RFC 6749's at the login."""
    if status[0] in _NO_REFUSAL:
        return frozenset()
    for media_type, content in answer["content"].items():
        names = set(resolve(document, content["schema"]).get("properties", {}))
        if "error" in names:
            assert (media_type, names) == ("application/json", {"error", "error_description"})
        elif media_type == "application/problem+json":
            assert {"type", "title", "status", "detail", "instance", "code", "request_id"} <= names
    return frozenset(answer["description"].split(", "))


def test_the_document_refers_only_to_what_it_holds(document: Json) -> None:
    held = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    used = set(_references(document))
    assert used - held == set()


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for member in node.values():
            yield from _references(member)
    elif isinstance(node, list):
        for member in node:
            yield from _references(member)


def test_no_body_takes_a_field_that_the_contract_does_not_name(document: Json) -> None:
    for (method, path), operation in operations(document):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            for schema in _objects(document, content["schema"]):
                assert schema.get("additionalProperties") is False or path.startswith("/oauth/"), (method, path)


def _objects(document: Json, schema: Json) -> Iterator[Json]:
    for variant in _variants(document, schema):
        if variant.get("type") == "array":
            yield from _objects(document, variant["items"])
        if variant.get("type") == "object":
            yield variant
            for member in variant.get("properties", {}).values():
                yield from _objects(document, member)


def test_no_answer_holds_an_object_of_free_form(document: Json) -> None:
    """Whatever a client reads has a name, a type and, where it is an object, an end."""
    for operation, served in operations(document):
        for status, answer in served["responses"].items():
            for content in answer.get("content", {}).values():
                assert list(_free_forms(document, content["schema"], "")) == [], (operation, status)


def _free_forms(document: Json, schema: Json, path: str) -> Iterator[str]:
    for variant in _variants(document, schema):
        kind = variant.get("type")
        closed = variant.get("additionalProperties") is False and variant.get("properties")
        if kind == "object" and closed:
            for name, member in variant["properties"].items():
                yield from _free_forms(document, member, f"{path}/{name}")
        elif kind == "array" and "items" in variant:
            yield from _free_forms(document, variant["items"], f"{path}[]")
        elif kind not in {"string", "integer", "boolean", "null"}:
            yield path or "/"


# ---------------------------------------------------------------- the contract's own page


def test_every_name_of_the_contract_stands_on_its_page() -> None:
    page = "".join(path.read_text(encoding="utf-8") for path in (_DOCUMENT, *_OUR_OWN))
    words = set(re.findall(r"[A-Za-z0-9_.+-]+", page)) | set(re.findall(r"[A-Za-z0-9_-]+", page))
    missing = set()
    for row in expected_rows():
        names = {part for part in row["path"].split("/") if part and "{" not in part} | {row["method"]}
        if row["where"] in _FIELD_PLACES - {"path"}:
            names |= {row["name"].split(".")[-1].removesuffix("[]")} | _words(row["enum"])
        elif row["where"] == "status" and row["name"][0] not in _NO_REFUSAL and row["type"] != "OAuthError":
            names |= _words(row["type"])
        missing |= {
            (row["path"], name) for name in names - words - {"*"} - _NAMED_BY_RFC_7517 - _NAMED_BY_RFC_7009_AND_8414
        }
    assert missing == set()


def test_the_page_is_the_contract_byte_for_byte_where_its_source_is_at_hand() -> None:
    page = _DOCUMENT.read_bytes()
    assert page.startswith(b"# The public contract\n")
    if _SOURCE.exists():
        assert page == _SOURCE.read_bytes()


def test_every_general_code_of_the_page_comes_with_its_status(document: Json) -> None:
    page = _DOCUMENT.read_text(encoding="utf-8")
    listed = re.findall(r"`([a-z-]+)` (\d{3})", page.split("General codes:", 1)[1].split(";", 1)[0])
    assert len(listed) == 11
    said = {
        (code, status)
        for _, operation in operations(document)
        for status, answer in operation["responses"].items()
        for code in answer.get("description", "").split(", ")
    }
    spoken = {code for code, _ in said}
    assert {(code, status) for code, status in listed if code in spoken} <= said
    assert spoken >= {"malformed-json", "invalid-token", "insufficient-scope", "not-found", "validation-failed"}
