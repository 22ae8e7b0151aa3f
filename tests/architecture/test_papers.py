"""The papers about security against the code: what they name exists, and nothing that they must name is missing."""

import ast
import csv
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from app.crypto.keyring import KeyPurpose
from app.crypto.mac import MacUse

_ROOT = Path(__file__).parents[2]
_THREATS = _ROOT / "docs" / "threats.md"
_ASVS = _ROOT / "docs" / "asvs.csv"
_DESIGN = _ROOT.parent / "shared" / "design" / "security.md"
_PAPERS = ("SECURITY.md", "CONTRIBUTING.md", "docs/threats.md", "docs/asvs.csv")
_VERDICTS = {"met", "partly", "later", "not applicable"}
_ATTACKERS = (
    "stranger on the internet; person registering",
    "curious forum employee with the forum's client and a list of names and numbers",
    "forum backend taken over",
    "two forums that compare notes",
    "staff member; `admin` alone",
    "copy of the database, or of a backup",
    "the same plus the key directory",
    "root on the running host",
)
_LEVELS = """
6.1 122, 6.2 111111112222, 6.3 11223333, 6.4 112233, 6.5 22222333, 6.6 2223, 6.7 33, 6.8 2222,
7.1 222, 7.2 1111, 7.3 22, 7.4 11222, 7.5 223, 7.6 22,
9.1 111, 9.2 1222,
10.1 22, 10.2 223, 10.3 22223, 10.4 1111122222233333, 10.5 22222, 10.6 22, 10.7 222,
11.1 2233, 11.2 22233, 11.3 11233, 11.4 1222, 11.5 23, 11.6 23, 11.7 33,
16.1 2, 16.2 22222, 16.3 2222, 16.4 222, 16.5 2223
"""
"""Each section of ASVS 5.0.0 with the levels of its requirements, in their order."""
_MAY_DRAW_LOTS = {"app/events/deliveries.py", "app/verification/checks.py"}
"""Where `random` spreads load, and guards nothing."""
_SPOKEN = re.compile(r"`([^`\n]+)`")
_TEST = re.compile(r"(tests/[\w/]+\.py)::(test_\w+)", re.ASCII)
_FILE = re.compile(r"(?:app|tests|docs|keys|bench|migrations|tools)/[\w./-]*\w(?:\.\w+)|[A-Z]+\.md|pyproject\.toml")


def asvs_rows() -> list[dict[str, str]]:
    with _ASVS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def named_in(text: str) -> Iterator[str]:
    for pattern in (_TEST, _FILE):
        yield from (found[0] for found in pattern.finditer(text))


def is_there(name: str) -> bool:
    path, _, test = name.partition("::")
    file = _ROOT / path
    return file.exists() and (not test or f"def {test}(" in file.read_text(encoding="utf-8"))


def missing_from(text: str) -> list[str]:
    return sorted({name for name in named_in(text) if not is_there(name)})


def test_every_file_and_every_test_that_a_paper_names_exists() -> None:
    missing = {paper: missing_from((_ROOT / paper).read_text(encoding="utf-8")) for paper in _PAPERS}
    assert {paper: names for paper, names in missing.items() if names} == {}


def test_a_name_that_is_not_there_is_noticed() -> None:
    here = "tests/architecture/test_papers.py"
    assert missing_from(f"`{here}::test_a_name_that_is_not_there_is_noticed` in `app/main.py`, README.md") == []
    assert missing_from(f"`{here}::test_nothing`, `app/none.py`") == ["app/none.py", f"{here}::test_nothing"]


def test_every_link_of_a_paper_leads_to_a_file() -> None:
    for paper in (*_PAPERS, "README.md", "README.zh.md"):
        page = _ROOT / paper
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), (paper, target)


def test_both_readmes_lead_to_the_papers() -> None:
    for readme in ("README.md", "README.zh.md"):
        text = (_ROOT / readme).read_text(encoding="utf-8")
        assert [paper for paper in _PAPERS if f"]({paper})" not in text] == [], readme


def test_every_attacker_of_the_design_has_a_row_and_a_part() -> None:
    text = _THREATS.read_text(encoding="utf-8")
    assert tuple(re.findall(r"^### \d\. (.+)$", text, re.MULTILINE)) == _ATTACKERS
    assert [attacker for attacker in _ATTACKERS if f"| {attacker} |" not in text] == []


def test_the_attackers_are_those_of_the_design_where_it_is_at_hand() -> None:
    if not _DESIGN.exists():  # only beside the project's own workspace; the list above is held by the page
        return
    part = _DESIGN.read_text(encoding="utf-8").partition("## 0 ")[2].partition("## 1 ")[0]
    rows = re.findall(r"^\| (.+?) \| (.+) \|$", part, re.MULTILINE)
    assert tuple(attacker for attacker, _ in rows if attacker not in {"attacker", "---"}) == _ATTACKERS


def test_every_part_about_an_attacker_says_what_remains_and_names_a_test_or_what_is_missing() -> None:
    text = _THREATS.read_text(encoding="utf-8").partition("## Measured traps")[0]
    starts = [found.start() for found in re.finditer(r"^### ", text, re.MULTILINE)]
    for begin, end in pairwise([*starts, len(text)]):
        part = text[begin:end]
        assert "**Remains.**" in part, part[:60]
        assert "**You.**" in part, part[:60]
        assert _TEST.search(part) or "not built yet" in part, part[:60]


def test_every_requirement_of_levels_1_and_2_has_one_row_with_its_level() -> None:
    expected = {
        f"v5.0.0-{section}.{number}": level
        for section, levels in (pair.split() for pair in _LEVELS.split(","))
        for number, level in enumerate(levels, 1)
        if level != "3"
    }
    rows = asvs_rows()
    assert [one for one, count in Counter(row["id"] for row in rows).items() if count > 1] == []
    assert {row["id"]: row["level"] for row in rows} == expected
    assert list(rows[0]) == ["id", "level", "area", "requirement", "verdict", "where", "test", "note"]


def test_a_verdict_says_where_it_is_met_and_by_which_test_or_why_not() -> None:
    for row in asvs_rows():
        assert row["verdict"] in _VERDICTS, row
        assert row["requirement"], row
        if row["verdict"] in {"met", "partly"}:
            assert is_there(row["where"]), row
            assert all(_TEST.fullmatch(test) for test in row["test"].split("; ")), row
        if row["verdict"] != "met":
            assert row["note"], row
        if row["verdict"] in {"later", "not applicable"}:
            assert not row["where"] + row["test"], row


def spoken_in(heading: str) -> set[str]:
    """What stands between backticks in one part of the page about threats."""
    _, found, rest = _THREATS.read_text(encoding="utf-8").partition(f"## {heading}\n")
    assert found, heading
    return set(_SPOKEN.findall(rest.partition("\n## ")[0]))


def test_every_key_and_every_use_of_one_stands_in_the_inventory() -> None:
    named = spoken_in("Keys and algorithms")
    assert {purpose.value for purpose in KeyPurpose} | {use.value for use in MacUse} <= named


def test_every_line_of_the_log_stands_in_the_inventory() -> None:
    spoken = {
        node.args[0].value
        for path in (_ROOT / "app").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and _is_logging(node.func) and isinstance(node.args[0], ast.Constant)
    }
    assert {"request", "login-refused"} <= spoken
    assert spoken | {"library"} <= spoken_in("What is written down")


def _is_logging(function: ast.expr) -> bool:
    """`logger().info`, `logger().warning` and the like."""
    called = function.value if isinstance(function, ast.Attribute) else None
    return isinstance(called, ast.Call) and isinstance(called.func, ast.Name) and called.func.id == "logger"


def test_chance_that_guards_something_comes_from_the_system() -> None:
    importers = {
        path.relative_to(_ROOT).as_posix()
        for path in (_ROOT / "app").rglob("*.py")
        if re.search(
            r"^\s*(?:import|from) (?:random|numpy\.random)\b|\bnp\.random\b",
            path.read_text(encoding="utf-8"),
            re.MULTILINE,
        )
    }
    assert importers == _MAY_DRAW_LOTS
