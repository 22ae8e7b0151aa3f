"""What a seeded bug is: changes of the product's text, and the tests that are expected to notice."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Edit:
    """`old` stands exactly once in the file; `new` takes its place."""

    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Bug:
    """`what` goes wrong, in a sentence. `noticed_by`: functions of `make test`, which are tried before all others."""

    what: str
    edits: tuple[Edit, ...]
    noticed_by: tuple[str, ...]

    def texts(self, root: Path) -> dict[str, str]:
        """The files with the bug in them; an error where one has moved on."""
        texts: dict[str, str] = {}
        for edit in self.edits:
            text = texts.get(edit.file) or (root / edit.file).read_text(encoding="utf-8")
            assert text.count(edit.old) == 1, f"{edit.file} does not hold exactly once: {edit.old}"
            texts[edit.file] = text.replace(edit.old, edit.new)
        return texts

    def put_in(self, root: Path) -> None:
        for file, text in self.texts(root).items():
            (root / file).write_text(text, encoding="utf-8")
