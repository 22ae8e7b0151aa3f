"""Reads an OpenAPI document into what the documentation page shows: operations, fields, answers."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_MAX_DEPTH = 4
Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    kind: str
    required: bool
    note: str


@dataclass(frozen=True, slots=True)
class Outcome:
    status: str
    said: str


@dataclass(frozen=True, slots=True)
class Operation:
    method: str
    path: str
    note: str
    parameters: tuple[Field, ...]
    sent: tuple[Field, ...]
    answered: tuple[Field, ...]
    outcomes: tuple[Outcome, ...]


def operations_of(document: Schema) -> dict[str, list[Operation]]:
    """Tag to operations, in the document's order."""
    groups: dict[str, list[Operation]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            groups.setdefault((operation.get("tags") or ["other"])[0], []).append(
                _operation(document, path, method.upper(), operation)
            )
    return groups


def _operation(document: Schema, path: str, method: str, operation: Schema) -> Operation:
    answers: Schema = operation["responses"]
    success: Schema = next((answer for status, answer in answers.items() if status.startswith("2")), {})
    return Operation(
        method=method,
        path=path,
        note=operation.get("description", "").replace("`", ""),
        parameters=tuple(
            Field(parameter["name"], _kind(document, parameter["schema"]), parameter.get("required", False), "")
            for parameter in operation.get("parameters", [])
        ),
        sent=tuple(_fields_of_content(document, operation.get("requestBody", {}))),
        answered=tuple(_fields_of_content(document, success)),
        outcomes=tuple(Outcome(status, answer.get("description", "")) for status, answer in sorted(answers.items())),
    )


def _fields_of_content(document: Schema, holder: Schema) -> Iterator[Field]:
    for content in holder.get("content", {}).values():
        yield from _fields(document, content["schema"], "", 0)


def _fields(document: Schema, schema: Schema, prefix: str, depth: int) -> Iterator[Field]:
    schema = _resolved(document, schema)
    for variant in schema.get("anyOf", []):
        yield from _fields(document, variant, prefix, depth)
    if schema.get("type") == "array":
        yield from _fields(document, schema["items"], f"{prefix}[]", depth)
    for name, member in schema.get("properties", {}).items():
        path = f"{prefix}.{name}".removeprefix(".")
        yield Field(path, _kind(document, member), name in schema.get("required", []), member.get("description", ""))
        if depth < _MAX_DEPTH:
            yield from _fields(document, member, path, depth + 1)


def _kind(document: Schema, schema: Schema) -> str:
    schema = _resolved(document, schema)
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(_kind(document, variant) for variant in schema["anyOf"]))
    if "enum" in schema:
        return " | ".join(json.dumps(value).strip('"') for value in schema["enum"])
    if "const" in schema:
        return json.dumps(schema["const"]).strip('"')
    if schema.get("type") == "array":
        return f"{_kind(document, schema['items'])}[]"
    return str(schema.get("format") or schema.get("type", "object"))


def _resolved(document: Schema, schema: Schema) -> Schema:
    if "$ref" not in schema:
        return schema
    found: Schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    return found
