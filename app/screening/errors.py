"""What can go wrong with lexicons."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.kernel.errors import FieldError, Invalid
from app.kernel.sentence import Sentence


@dataclass(frozen=True, slots=True)
class LineFault:
    """What is wrong with one line of a lexicon file, or worth a second look; `line` counts from 1, the header's."""

    line: int
    reason: str
    detail: Sentence


class LexiconFaulty(Invalid):
    """Nothing of the file was loaded. `faults` are the first of `count`."""

    code = "lexicon-faulty"
    sentence = Sentence(
        "词库文件有错误，什么都没有载入；按行号改好后重新载入。",
        "The lexicon file has faults and nothing of it was loaded; mend the lines that are named and load it again.",
    )

    def __init__(self, faults: Sequence[LineFault], count: int | None = None) -> None:
        super().__init__([FieldError(f"/lines/{fault.line}", fault.reason, fault.detail) for fault in faults])
        self.faults = tuple(faults)
        self.count = len(self.faults) if count is None else count


class BlobOutdated(Exception):
    """Compiled by another version of the engine or its tables: compile the terms again."""
