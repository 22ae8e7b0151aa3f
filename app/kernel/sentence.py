"""What people read, in the two languages that the service speaks."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

_PLACE = re.compile(r"\{([a-z_]+)\}")


class Language(StrEnum):
    CHINESE = "zh"
    ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class Sentence:
    """One thing said in Chinese and in English; `{x}` is filled by `with_values`."""

    zh: str
    en: str

    def in_language(self, language: Language) -> str:
        return self.en if language is Language.ENGLISH else self.zh

    def with_values(self, **values: "str | Sentence | None") -> "Sentence":
        """Fills `{x}`, in each language its own; a part in `[brackets]` stays only when all that it names is known."""
        return Sentence(*(_fill(pattern, _values_in(language, values)) for language, pattern in self._patterns()))

    def _patterns(self) -> "tuple[tuple[Language, str], ...]":
        return (Language.CHINESE, self.zh), (Language.ENGLISH, self.en)


def _values_in(language: Language, values: Mapping[str, str | Sentence | None]) -> dict[str, str | None]:
    return {
        name: value.in_language(language) if isinstance(value, Sentence) else value for name, value in values.items()
    }


def _fill(pattern: str, values: Mapping[str, str | None]) -> str:
    """One pass: a value that holds `{x}` or `[x]` itself is text and nothing more."""
    parts = re.split(r"\[([^\]]*)\]", pattern)
    kept = [
        part
        for index, part in enumerate(parts)
        if index % 2 == 0 or all(values.get(name) is not None for name in _PLACE.findall(part))
    ]
    return "".join(_PLACE.sub(lambda place: values.get(place.group(1)) or "", part) for part in kept)
