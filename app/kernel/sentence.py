"""What people read, in the two languages that the service speaks."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


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


def _fill(pattern: str, values: dict[str, str | None]) -> str:
    known = {name: value for name, value in values.items() if value is not None}
    filled = ""
    for index, part in enumerate(pattern.replace("]", "[").split("[")):
        bracketed = index % 2 == 1
        if bracketed and not all(name in known for name in _names_in(part)):
            continue
        for name in _names_in(part):
            part = part.replace("{" + name + "}", known.get(name, ""))  # noqa: PLW2901 -- the part is being filled
        filled += part
    return filled


def _names_in(part: str) -> list[str]:
    return [piece.split("}")[0] for piece in part.split("{")[1:]]
