"""The words of all pages: whole in both languages, all of them used, nothing but words and a few plain tags."""

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from jinja2 import nodes
from markupsafe import Markup

from app.kernel.sentence import Language
from app.web.templating import environment
from app.web.words import clock, come_back, moment, read_catalogue, text

APP = Path(__file__).parents[2] / "app"
LOCALES = ("zh_Hans_CN", "en")
KEY = re.compile(r"[a-z_]+(\.[a-z0-9_-]+){2,}")
START = re.compile(r"[a-z_]+\.[a-z0-9_.-]*\.")
PLACE = re.compile(r"\{([a-z_]+)\}")
PLAIN = re.compile(r"</?(?:strong|code|a|time|br)(?: (?:href|lang)=\"[^\"<>]*\")*>|&(?:lt|gt|amp|nbsp);")
Catalogues = dict[str, dict[str, str]]


@dataclass
class Uses:
    """Keys named whole with the values given to them, and beginnings of keys that are put together."""

    whole: list[tuple[str, str, frozenset[str] | None]] = field(default_factory=list)
    begun: list[tuple[str, str]] = field(default_factory=list)


def catalogues(app: Path) -> Catalogues:
    found: Catalogues = {locale: {} for locale in LOCALES}
    for locale in LOCALES:
        for path in sorted(app.glob(f"*/locale/{locale}/*.po")):
            found[locale] |= read_catalogue(path)
    return found


def uses_in_template(source: str, place: str, uses: Uses) -> None:
    for call in environment(Language.CHINESE).parse(source).find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == "t":
            first = call.args[0]
            given = None if call.dyn_kwargs else frozenset(pair.key for pair in call.kwargs)
            for said in _parts(first):
                if isinstance(said, nodes.Concat):
                    assert isinstance(said.nodes[0], nodes.Const), f"{place}: a key begins with its family"
                    uses.begun.append((place, str(said.nodes[0].value)))
                elif isinstance(said, nodes.Const):
                    uses.whole.append((place, str(said.value), given))


def _parts(said: nodes.Expr) -> Iterator[nodes.Expr]:
    if isinstance(said, nodes.CondExpr):
        yield from _parts(said.expr1)
        if said.expr2 is not None:
            yield from _parts(said.expr2)
    else:
        yield said


def uses_in_code(source: str, place: str, families: set[str], uses: Uses) -> None:
    tree = ast.parse(source)
    given_at: dict[int, frozenset[str] | None] = {}
    inside = {id(part) for joined in ast.walk(tree) if isinstance(joined, ast.JoinedStr) for part in joined.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "text":
            names = [keyword.arg for keyword in node.keywords]
            given = None if None in names else frozenset(name for name in names if name)
            given_at |= {id(argument): given for argument in node.args}
        if isinstance(node, ast.JoinedStr) and node.values and isinstance(node.values[0], ast.Constant):
            start = str(node.values[0].value)
            if START.fullmatch(start) and start.partition(".")[0] in families:
                uses.begun.append((place, start))
        elif isinstance(node, ast.Constant) and id(node) not in inside and _is_key(node.value, families):
            uses.whole.append((place, str(node.value), given_at.get(id(node))))


def _is_key(value: object, families: set[str]) -> bool:
    return isinstance(value, str) and bool(KEY.fullmatch(value)) and value.partition(".")[0] in families


def complaints(app: Path) -> list[str]:
    """What is wrong with the catalogues and templates below this folder."""
    said = catalogues(app)
    chinese, english = (said[locale] for locale in LOCALES)
    families = {path.stem for path in app.glob("*/locale/*/*.po")}
    found = [f"{key}: in one language only" for key in sorted(chinese.keys() ^ english.keys())]
    for path in sorted(app.glob("*/locale/*/*.po")):
        ids = re.findall(r'^msgid "(.+)"$', path.read_text(encoding="utf-8"), re.MULTILINE)
        found += [f"{key}: twice in {path.name}" for key, times in Counter(ids).items() if times > 1]
        found += [f"{key}: not of {path.name}" for key in ids if key.split(".")[0] != path.stem]
        found += [f"{key}: no key" for key in ids if not KEY.fullmatch(key)]
        found += [f"{path.name}: fuzzy"] * ("#, fuzzy" in path.read_text(encoding="utf-8"))
    for key in sorted(chinese.keys() & english.keys()):
        if sorted(set(PLACE.findall(chinese[key]))) != sorted(set(PLACE.findall(english[key]))):
            found.append(f"{key}: places differ")
    for locale, texts in said.items():
        found += [f"{key}: empty in {locale}" for key, words in texts.items() if not words.strip()]
        found += [
            f"{key}: markup in {locale}" for key, words in texts.items() if re.search(r"[<>&]", PLAIN.sub("", words))
        ]
    return found + _misuses(app, chinese, families)


def _misuses(app: Path, known: Mapping[str, str], families: set[str]) -> list[str]:
    uses = Uses()
    for path in sorted(app.glob("*/templates/**/*.html")):
        uses_in_template(path.read_text(encoding="utf-8"), path.name, uses)
    for path in sorted(app.rglob("*.py")):
        uses_in_code(path.read_text(encoding="utf-8"), path.name, families, uses)
    found = [f"{key}: used in {place}, in no catalogue" for place, key, _ in uses.whole if key not in known]
    for place, start in uses.begun:
        found += [] if any(key.startswith(start) for key in known) else [f"{start}…: used in {place}, in no catalogue"]
    for place, key, given in uses.whole:
        missing = set(PLACE.findall(known.get(key, ""))) - (
            given if given is not None else set(PLACE.findall(known.get(key, "")))
        )
        found += [f"{key}: {{{name}}} is not given in {place}" for name in sorted(missing)]
    used, starts = {key for _, key, _ in uses.whole}, tuple(start for _, start in uses.begun)
    return found + [f"{key}: never used" for key in sorted(known) if key not in used and not key.startswith(starts)]


def test_every_word_stands_in_both_languages_and_every_key_is_used() -> None:
    assert complaints(APP) == []
    assert len(catalogues(APP)["en"]) > 10


BAD = {
    "in one language only": ('msgid "web.a.b"\nmsgstr "x"\n', "", '{{ t("web.a.b") }}'),
    "places differ": (
        'msgid "web.a.b"\nmsgstr "{x}"\n',
        'msgid "web.a.b"\nmsgstr "{y}"\n',
        '{{ t("web.a.b", x=1, y=1) }}',
    ),
    "is not given": ('msgid "web.a.b"\nmsgstr "{x}"\n', 'msgid "web.a.b"\nmsgstr "{x}"\n', '{{ t("web.a.b") }}'),
    "never used": ('msgid "web.a.b"\nmsgstr "x"\n', 'msgid "web.a.b"\nmsgstr "x"\n', ""),
    "in no catalogue": ("", "", '{{ t("web.a.c" if x else "web.a.b") }}'),
    "…: used in": ("", "", '{{ t("web.a." ~ x) }}'),
    "empty in": ('msgid "web.a.b"\nmsgstr ""\n', 'msgid "web.a.b"\nmsgstr "x"\n', '{{ t("web.a.b") }}'),
    "twice in": ('msgid "web.a.b"\nmsgstr "x"\n' * 2, 'msgid "web.a.b"\nmsgstr "x"\n', '{{ t("web.a.b") }}'),
    "not of web.po": ('msgid "me.a.b"\nmsgstr "x"\n', 'msgid "me.a.b"\nmsgstr "x"\n', '{{ t("me.a.b") }}'),
    "markup in": ('msgid "web.a.b"\nmsgstr "<i>x</i>"\n', 'msgid "web.a.b"\nmsgstr "x"\n', '{{ t("web.a.b") }}'),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_fault_in_the_catalogues_is_found(fault: str, tmp_path: Path) -> None:
    chinese, english, template = BAD[fault]
    for locale, words in zip(LOCALES, (chinese, english), strict=True):
        (tmp_path / "web" / "locale" / locale).mkdir(parents=True)
        (tmp_path / "web" / "locale" / locale / "web.po").write_text(words, encoding="utf-8")
    (tmp_path / "web" / "templates").mkdir()
    (tmp_path / "web" / "templates" / "a.html").write_text(template, encoding="utf-8")
    assert any(fault in said for said in complaints(tmp_path))


def test_what_people_typed_is_escaped_and_what_we_wrote_is_not() -> None:
    hostile = '<script>"&{i}{0.__class__}'
    assert text(Language.ENGLISH, "web.frame.step", i=hostile, n=Markup("<b>5</b>")) == (
        "Step &lt;script&gt;&#34;&amp;{i}{0.__class__} of <b>5</b>"
    )
    with pytest.raises(KeyError):
        text(Language.ENGLISH, "web.frame.step", i=1)
    with pytest.raises(KeyError):
        text(Language.ENGLISH, "web.frame.nothing")


def test_a_word_that_a_number_counts_agrees_with_it() -> None:
    said = [text(Language.ENGLISH, "console.period.days", n=number) for number in (0, 1, "1", 2)]
    assert said == ["0 days", "1 day", "1 day", "2 days"]


def test_moments_are_told_in_beijing() -> None:
    late = datetime(2026, 11, 20, 16, 5, 9, tzinfo=UTC)
    assert moment(Language.CHINESE, late) == (
        '<time datetime="2026-11-21T00:05:09+08:00">2026-11-21 00:05（北京时间）</time>'
    )
    assert moment(Language.ENGLISH, late) == (
        '<time datetime="2026-11-21T00:05:09+08:00">21 Nov 2026, 00:05 (Beijing)</time>'
    )
    assert clock(Language.ENGLISH, late) == '<time datetime="2026-11-21T00:05:09+08:00">00:05</time>'


def test_when_to_come_back_is_told_in_whole_minutes_and_with_its_day_where_that_is_another() -> None:
    now = datetime(2026, 11, 20, 15, 57, 30, tzinfo=UTC)
    assert come_back(Language.ENGLISH, now, 60).striptags() == "23:59"
    assert come_back(Language.ENGLISH, now, 90).striptags() == "23:59"
    assert come_back(Language.ENGLISH, now, 91).striptags() == "21 Nov 2026, 00:00 (Beijing)"
