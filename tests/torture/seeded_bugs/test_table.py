"""Every seeded bug can still be put in, and whoever is to notice it exists."""

import ast

from tests.torture.form import ROOT
from tests.torture.seeded_bugs.table import BUGS


def test_every_bug_can_still_be_put_in() -> None:
    assert len(BUGS) == 20
    for bug in BUGS:
        for file, text in bug.texts(ROOT).items():
            ast.parse(text, file)


def test_whoever_is_to_notice_a_bug_exists() -> None:
    for test in {test for bug in BUGS for test in bug.noticed_by}:
        file, _, name = test.partition("::")
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, test
