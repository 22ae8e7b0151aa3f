"""Values that no good client sends, one at a time in every place of a good request."""

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from tests.support.forum import Json
from tests.torture.asked import Asked

_TEXTS = (
    *("", " ", "a\x00b", "长" * 2_000, "9" * 4_000, "e" + "\u0301" * 300, "\u0301", "𠮷" * 50, "null", "-1", "1e400"),
    *(
        "👩‍🚀🏴\U000e0067\U000e007f",
        "\u202eabc\u2066",
        "a\u200bb\u200c\u200d\ufeff",
        "\uffff\ufdd0\U0010ffff",
        "\ue000",
    ),
    *("\x01\x1b[31m\x7f\x85", "\u3164\u115f", "İı", "ﬃ㍿㎯", "１１０１９９", "٠١٢٣", "\u1680", "\U0001d173", "\u0378"),
    *("'; DROP TABLE accounts;--", "%_\\", "<script>alert(1)</script>", "../../etc/passwd", "a\r\nSet-Cookie: x=1"),
    *("%00%ff%zz%25", "{0.__class__} %s %(x)s ${jndi:x}", "a/b//c/.", "a;b=c", "a+b&c=d#e?f", str(2**63)),
    *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2016-12-31T23:59:60Z", "99999-01-01T00:00:00Z"),
)
_OTHERS: tuple[object, ...] = (
    *(None, True, 0, -1, 2**63, -(2**63) - 1, 10**400, 0.5, 1e308, [], {}, [[]], {"a": {}}, [None], ["x"]),
)


def spoiled(document: Json, asked: Asked) -> Iterator[Asked]:
    """Every request that differs from a good one in one value; members that it leaves out are put in."""
    for name in asked.path:
        for text in _TEXTS:
            yield replace(asked, path={**asked.path, name: quote(text, safe="")})
    method, path = asked.operation.split(" ")
    operation = document["paths"][path][method.lower()]
    query = [parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "query"]
    for where, names in (("params", query), ("data", []), ("json", _members(document, operation))):
        sent = asked.options.get(where, {})
        values = (*_TEXTS, *_OTHERS) if where == "json" else _TEXTS
        for place in [*_places(sent), *((name,) for name in names if name not in sent)]:
            for value in values:
                yield replace(asked, options={**asked.options, where: _with(sent, place, value)})


def _members(document: Json, operation: Json) -> list[str]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None or "$ref" not in content["schema"]:  # no body, or one that is empty where there is one
        return []
    return list(document["components"]["schemas"][content["schema"]["$ref"].rsplit("/", 1)[1]]["properties"])


def _places(value: object, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if not isinstance(value, dict):
        yield above
        return
    for name, member in value.items():
        yield from _places(member, (*above, name))


def _with(sent: Json, place: tuple[str, ...], value: Any) -> Json:
    changed = copy.deepcopy(sent)
    holder = changed
    for name in place[:-1]:
        holder = holder[name]
    holder[place[-1]] = value
    return changed
