"""Lexicons and texts at random that are made to collide: few characters, and everything that stands for them."""

from collections.abc import Sequence
from functools import cache
from random import Random

from app.screening import tables
from app.screening.domain import Action, Boundary, Category, Field, Term
from app.screening.rules import RULES

_THEMES = (
    "赌博场网站",
    "微信加扣",
    "博彩平台网",
    "代开发票",
    "嘻哈大家",
    "betcasino",
    "abab1",
    "赌aⅢ博",
    "棋牌bet.com",
    "𠮷野家赌",
    "现在下注意",
    "11选5",
)
_SKIPS: tuple[str, ...] = (
    *" .,，。！-_*·•\n\t'@$#|/",
    *"\u200b\u200d\u202e\u2060\ufe0f\u0301\u20e3",
    "  ",
    "😀",
    "👨\u200d👩\u200d👧",
    "🇨🇳",
    "👍🏽",
    "\ud83d",
    "\0",
    "\uffff",
    "\ue000",
    "......",
    "\u200b" * 9,
    " " * 12,
    "#" * 40,
)
_FILLERS: tuple[str, ...] = (
    *"的是我你今天好呀稍任了abetsx019",
    "稍微",
    "信任",
    "在下",
    "注意",
    "beat",
    "alphabet",
    "kai",
    "du",
    "xian",
    "tuō",
    "クж",
)
_FOR_RULES = (
    "13800138000",
    "一三八００１３８ 0000",
    "11010519491231002X",
    "www.bet.com",
    "a@bet.com",
    "http://赌博.cn/a?b=加",
)
_SPELLED = {"加": ("+", "＋", "伽"), ".": ("点", "dot", " . ")}
_CATEGORIES = (Category("gambling"), Category("impersonation"), Category("fraud"))
_ACTIONS = (Action.BLOCK, Action.BLOCK, Action.REVIEW, Action.MASK, Action.MASK, Action.ALLOW)
_FIELDS = (Field.POST, Field.HANDLE, Field.BIO, Field.DISPLAY_NAME)
_LENGTHS = (0, 1, 3, 8, 20, 30, 61, 62, 63, 64, 65, 66, 90)


def lexicon(random: Random) -> list[Term]:
    """A few terms that lie within one another, or share a beginning or an end."""
    theme = random.choice(_THEMES)
    texts = [_word(random, theme) for _ in range(random.choice((1, 1, 2, 3, 5)))]
    for text in list(texts):
        if random.random() < 0.5:
            cut = random.randrange(len(text) + 1)
            texts.append(
                random.choice((text[cut:], text[:cut], text + _word(random, theme), text * 2, "加" + text, "加" + text))
            )
    if random.random() < 0.2:
        texts.append(random.choice(list(RULES)))
    return [_term(random, text) for text in texts if text]


def text_for(random: Random, terms: Sequence[Term]) -> tuple[str, Field]:
    """Out of pieces of the terms, each written otherwise, and of what may stand beside them."""
    wanted = random.choice(_LENGTHS)
    words = [term.term for term in terms if not term.term.startswith("@")] or ["赌博"]
    text = ""
    while len(text) < wanted:
        text += _piece(random, random.choice(words))
    if random.random() < 0.7:
        text = text[:wanted]
    return text[::-1] if random.random() < 0.1 else text, random.choice(_FIELDS)


def _term(random: Random, text: str) -> Term:
    fields = frozenset(random.sample(_FIELDS, random.choice((0, 0, 0, 1, 2))))
    boundary = random.choice((Boundary.NONE, Boundary.NONE, Boundary.NONE, Boundary.WORD))
    action = random.choice(_ACTIONS)
    if len(text) == 1:
        boundary = Boundary.SINGLE
    return Term(text, random.choice(_CATEGORIES), action, random.randint(1, 5), fields, boundary)


def _word(random: Random, theme: str) -> str:
    length = random.choice((1, 2, 2, 2, 3, 3, 4, 5))
    start = random.randrange(len(theme))
    word = (theme + theme)[start : start + length]
    if random.random() < 0.3:
        word = "".join(random.choice(theme) for _ in range(length))
    if random.random() < 0.1:
        word = word[:1] + random.choice((" ", "-", ".")) + word[1:]
    return word


def _piece(random: Random, word: str) -> str:
    kind = random.random()
    if kind < 0.15:
        return random.choice(_FILLERS)
    if kind < 0.2:
        return random.choice(_SKIPS)
    if kind < 0.3:
        cut = random.randrange(len(word) + 1)
        return word[:cut]
    if kind < 0.47:
        return random.choice((word, word, word[::-1], random.choice(_FOR_RULES)))
    strange = random.choice((0.1, 0.4, 0.8))
    return "".join(_otherwise(random, character) if random.random() < strange else character for character in word)


def _otherwise(random: Random, character: str) -> str:
    kind = random.random()
    if kind < 0.2:
        return character + random.choice(_SKIPS)
    if kind < 0.35:
        return character * random.choice((2, 2, 3, 9))
    if character in _SPELLED:
        return random.choice(_SPELLED[character])
    return random.choice(partners(character))


@cache
def partners(character: str) -> tuple[str, ...]:
    """What may stand for it: how else it is written, what looks or sounds like it, its halves, its pinyin."""
    folded = chr(int(tables.plain_table()[ord(character)]))
    alike = tables.classes().get(folded, folded)
    written = [chr(point) for point in _written_as().get(folded, ())]
    syllables = tables.sounds().get(folded, ())
    sounding = [other for syllable in syllables for other in _spoken_as()[syllable][:6]]
    halves = tables.splits().get(folded, ())
    found: tuple[str, ...] = (
        *alike,
        *written[:12],
        *sounding,
        *halves,
        *syllables,
        *(s.capitalize() for s in syllables),
    )
    forms = [form for form, whole in tables.expansions().items() if character in whole]
    return (*found, *forms[:4]) or (character,)


@cache
def _written_as() -> dict[str, list[int]]:
    plain = tables.plain_table()
    found: dict[str, list[int]] = {}
    for point in plain.nonzero()[0].tolist():
        if plain[point] != point:
            found.setdefault(chr(int(plain[point])), []).append(point)
    return found


@cache
def _spoken_as() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for character, syllables in tables.sounds().items():
        for syllable in syllables:
            found.setdefault(syllable, []).append(character)
    return found
