"""Where something was seen in a text that may be a term: its characters, place by place."""

from dataclasses import dataclass

from app.screening.domain import Evasion


@dataclass(frozen=True, slots=True)
class Part:
    """One place of a view: the offsets of its characters. `stands_for` when these together are another one."""

    offsets: tuple[int, ...]
    stands_for: str = ""
    by: Evasion | None = None


@dataclass(frozen=True, slots=True)
class Sighting:
    """`text` is what was searched: spelled out, and for `Evasion.REVERSED` backwards."""

    text: str
    parts: tuple[Part, ...]

    @property
    def start(self) -> int:
        return self.parts[0].offsets[0]

    @property
    def end(self) -> int:
        return self.parts[-1].offsets[-1] + 1
