"""Reads the files of Wycheproof, which are no part of this repository."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "vectors" / "wycheproof"
Json = dict[str, Any]


def vectors(file: str) -> Iterator[tuple[Json, Json]]:
    """Each test with its group; as many as the file says it holds."""
    content: Json = json.loads((FOLDER / file).read_text(encoding="utf-8"))
    found = [(group, test) for group in content["testGroups"] for test in group["tests"]]
    assert len(found) == content["numberOfTests"]
    yield from found


def said(test: Json) -> str:
    """The vector by its number and its own words."""
    return f"{test['tcId']} {test['comment']}"
