"""Turns the framework's complaints about a body into ours: which field, why, what to do; never what was sent."""

import difflib
from collections.abc import Iterable, Sequence

from pydantic_core import ErrorDetails

from app.kernel.errors import FieldError, Invalid
from app.kernel.sentence import Sentence

_MISSING = Sentence("缺少这个字段。", "This field is required.")
_TOO_SHORT = Sentence("太短或为空[（至少 {min_length} 个）]。", "It is empty or too short[ (at least {min_length})].")
_TOO_LONG = Sentence("太长[（最多 {max_length} 个）]。", "It is too long[ (at most {max_length})].")
_WRONG_TYPE = Sentence("类型不对，见 /docs。", "It has the wrong type; see /docs.")
_WRONG_VALUE = Sentence("值不在允许的范围内，见 /docs。", "The value is not one of those allowed; see /docs.")
_NOT_A_TIME = Sentence("时间要写成 2026-11-21T00:00:00Z。", "Write times as 2026-11-21T00:00:00Z.")
_NOT_A_DAY = Sentence("日期要写成 2026-11-21。", "Write days as 2026-11-21.")
_UNKNOWN = Sentence("有不认识的字段，见 /docs。", "There is an unknown field here; see /docs.")
_SENTENCES: dict[str, tuple[str, Sentence]] = {
    "missing": ("missing", _MISSING),
    "string_too_short": ("too-short", _TOO_SHORT),
    "too_short": ("too-short", _TOO_SHORT),
    "string_too_long": ("too-long", _TOO_LONG),
    "too_long": ("too-long", _TOO_LONG),
    "literal_error": ("not-allowed", _WRONG_VALUE),
    "enum": ("not-allowed", _WRONG_VALUE),
    "string_pattern_mismatch": ("not-allowed", _WRONG_VALUE),
    "greater_than_equal": ("not-allowed", _WRONG_VALUE),
    "less_than_equal": ("not-allowed", _WRONG_VALUE),
    "moment": ("not-a-time", _NOT_A_TIME),
    "day": ("not-a-day", _NOT_A_DAY),
}
_OTHER = ("wrong-type", _WRONG_TYPE)
_UNKNOWN_FIELD = "extra_forbidden"
_PLACES = frozenset({"body", "query", "path", "header"})


def refusal_of(complaints: Iterable[ErrorDetails], known_fields: Iterable[str]) -> Invalid:
    """`known_fields` are the names of the contract, for a hint."""
    known = sorted(known_fields)
    return Invalid([_field_error(complaint, known) for complaint in complaints])


def _field_error(complaint: ErrorDetails, known: Sequence[str]) -> FieldError:
    path = [str(part) for part in complaint["loc"]]
    path = path[1:] if path and path[0] in _PLACES else path
    kind = complaint["type"]
    if kind == _UNKNOWN_FIELD:
        return _unknown_field(path, known)
    reason, sentence = _SENTENCES.get(kind, _OTHER)
    limits = {name: complaint.get("ctx", {}).get(name) for name in ("min_length", "max_length")}
    known_limits = {name: None if limit is None else str(limit) for name, limit in limits.items()}
    return FieldError(_pointer(path), reason, sentence.with_values(**known_limits))


def _unknown_field(path: Sequence[str], known: Sequence[str]) -> FieldError:
    """Its own name is not repeated: a caller may have put anything there. A near name of the contract is offered."""
    parent, name = path[:-1], path[-1] if path else ""
    near = difflib.get_close_matches(name[:40], known, n=1, cutoff=0.75)
    sentence = _UNKNOWN
    if near:
        sentence = Sentence(
            f"有不认识的字段，是不是 {near[0]}？", f"There is an unknown field here; did you mean {near[0]}?"
        )
    return FieldError(_pointer(parent), "unknown-field", sentence)


def _pointer(path: Sequence[str]) -> str:
    """RFC 6901; the whole document is the empty string."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)
