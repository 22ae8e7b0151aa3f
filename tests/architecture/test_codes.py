"""Codes are unique and explained, acts are described, and no file or function has outgrown its size."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import app
from app.audit.domain import Action
from app.kernel.errors import ShimingError
from app.posting.errors import ReasonCode
from app.web.problems import problem_codes, status_by_code, status_of, title_of

_ROOT = Path(__file__).parents[2]
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_LONGEST_FUNCTION = 40
_LONGEST_MODULE = 400
_SAID_BY_THE_LOGIN_OR_BY_ACCIDENT = {"invalid-client", "internal-error", "request-timeout", "malformed-request"}
"""Not in the contract's list: RFC 6749 spells the first `invalid_client`, and nobody plans the others."""


def kinds(family: type[ShimingError] = ShimingError) -> Iterator[type[ShimingError]]:
    """Every refusal that the application can raise; all its modules are loaded first."""
    if family is ShimingError:
        for module in pkgutil.walk_packages(app.__path__, "app."):
            importlib.import_module(module.name)
    for child in family.__subclasses__():
        if child.__module__.startswith("app."):
            yield child
            yield from kinds(child)


def codes() -> dict[str, list[type[ShimingError]]]:
    found: dict[str, list[type[ShimingError]]] = {}
    for kind in kinds():
        if "code" in vars(kind) and kind not in found.setdefault(kind.code, []):
            found[kind.code].append(kind)
    return found


def test_a_code_is_given_by_one_kind_of_refusal_and_has_one_status() -> None:
    found = codes()
    assert len(found) > 15
    assert {code: owners for code, owners in found.items() if len(owners) != 1} == {}
    statuses: dict[str, set[int]] = {}
    for kind in kinds():
        if hasattr(kind, "code"):
            statuses.setdefault(kind.code, set()).add(status_of(kind))
    assert {code: answered for code, answered in statuses.items() if len(answered) != 1} == {}
    assert all(400 <= status < 600 for answered in statuses.values() for status in answered)


def test_every_code_has_a_title_and_every_title_a_code() -> None:
    assert set(problem_codes()) == set(codes())
    for code, (kind,) in codes().items():
        assert status_by_code(code) == (status_of(kind), kind.sentence), code


def test_every_title_and_every_sentence_is_said_in_both_languages() -> None:
    for sentence in [
        *(title_of(code) for code in problem_codes()),
        *(kind.sentence for kind in kinds() if hasattr(kind, "sentence")),
    ]:
        assert _CHINESE.search(sentence.zh), sentence
        assert sentence.en, sentence
        assert not _CHINESE.search(sentence.en), sentence


def test_a_code_is_spelt_as_an_address_may_be() -> None:
    for code in [*codes(), *(reason.value for reason in ReasonCode)]:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", code), code


def test_every_code_is_named_by_the_contract_or_by_our_page_about_the_staff() -> None:
    pages = "".join(
        (_ROOT / "docs" / name).read_text(encoding="utf-8")
        for name in ("api.md", "staff.md", "disclosure.md", "complaints.md", "violations.md")
    )
    contract = set(re.findall(r"`([a-z-]+)`", pages))
    assert set(codes()) - contract <= _SAID_BY_THE_LOGIN_OR_BY_ACCIDENT


def test_every_recorded_act_is_described_and_nothing_else() -> None:
    page = (_ROOT / "docs" / "audit-actions.md").read_text(encoding="utf-8")
    described = re.findall(r"^\| `([^`]+)` \| (.+) \|$", page, re.MULTILINE)
    assert [action for action, _ in described] == [action.value for action in Action]
    assert all(text.endswith(".") and len(text.split()) > 3 for _, text in described)


def test_every_act_that_can_be_recorded_is_recorded_somewhere() -> None:
    used = {
        node.attr
        for path, written, tree in modules()
        if path != Path("app/audit/domain.py") and "from app.audit.domain import " in written
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Action"
    }
    assert {action.name for action in Action} == used


def modules() -> list[tuple[Path, str, ast.Module]]:
    """Every module of the product, its text and its tree."""
    found = []
    for path in sorted((_ROOT / "app").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        found.append((path.relative_to(_ROOT), text, ast.parse(text)))
    assert len(found) > 50
    return found


def test_every_module_says_in_one_sentence_what_it_is() -> None:
    for path, _, tree in modules():
        first, _, rest = (ast.get_docstring(tree) or "").partition("\n")
        assert first.rstrip('")`').endswith("."), path
        assert len(first.split()) > 2, path
        assert rest == "" or rest.startswith("\n"), path  # the sentence stands on a line of its own


def test_no_function_is_longer_than_40_lines() -> None:
    too_long = {
        f"{path}:{node.name}": length
        for path, _, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or 0) - node.lineno + 1) > _LONGEST_FUNCTION
    }
    assert too_long == {}


def test_no_module_is_longer_than_400_lines() -> None:
    too_long = {str(path): lines for path, text, _ in modules() if (lines := text.count("\n")) > _LONGEST_MODULE}
    assert too_long == {}
