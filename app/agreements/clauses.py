"""The clauses that an agreement must hold, and the words by which a text shows that it holds them. Source: L6c-L6e.

It finds words, not meaning: a text that shows every clause may still be wrong, and a person reads it before it binds.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from app.agreements.domain import AgreementKind, Draft
from app.kernel.sentence import Language

_HEADING = re.compile(r"^#", re.MULTILINE)
Words = tuple[tuple[str, ...], ...]
"""All of these in one section, of each any one."""


@dataclass(frozen=True, slots=True)
class Clause:
    zh: Words
    en: Words

    def words(self, language: Language) -> Words:
        return self.en if language is Language.ENGLISH else self.zh


@dataclass(frozen=True, slots=True)
class Missing:
    """A clause that a text does not show, and what would show it: groups with ` + ` between, any of each by `/`."""

    clause: str
    language: Language
    words: str


_MUST_NOT = ("must not", "may not", "shall not")
_SANCTIONS = Clause(
    zh=(("限制",), ("取消",), ("管理权限",), ("封禁", "关闭")),
    en=(("limit", "restrict"), ("cancel", "revoke"), ("powers",), ("ban", "clos")),
)
_PROHIBITED = Clause(
    zh=(("不得",), ("传播",), ("禁止的信息", "违法信息", "违法和不良信息")),
    en=(_MUST_NOT, ("spread", "disseminate"), ("prohibit", "illegal")),
)
CLAUSES: Mapping[AgreementKind, Mapping[str, Clause]] = {
    AgreementKind.USER: {
        "prohibited-information": _PROHIBITED,
        "ban-or-close": Clause(
            zh=(("情节严重",), ("封禁",), ("关闭",), ("账号",), ("版块",)),
            en=(("serious",), ("ban",), ("clos",), ("account",), ("board",)),
        ),
        "moderator-duties": Clause(
            zh=(("发起者",), ("管理者",), ("权利相适应", "权限相适应"), ("义务",)),
            en=(("founder",), ("manager",), ("match", "proportion"), ("dut",)),
        ),
        "moderator-sanctions": _SANCTIONS,
    },
    AgreementKind.MODERATOR: {
        "filing": Clause(
            zh=(("备案",), ("权限",), ("办理备案", "完成备案", "先备案")),
            en=(("put on record", "filing"), ("powers",), ("before you receive", "first the filing")),
        ),
        "prohibited-information": _PROHIBITED,
        "founder-duties": Clause(
            zh=(("发起者",), ("义务",), ("整个版块", "公布版块规则", "名称和简介")),
            en=(("founder",), ("dut",), ("whole board", "rules of the board"), ("description",)),
        ),
        "manager-duties": Clause(
            zh=(("管理者",), ("义务",), ("日常",)), en=(("manager",), ("dut",), ("daily content", "day-to-day"))
        ),
        "fair-use": Clause(zh=(("不得",), ("不正当利益",)), en=(_MUST_NOT, ("improper",))),
        "personal-powers": Clause(
            zh=(("权限",), ("本人",), ("出借", "转让")),
            en=(("powers",), ("only the person", "personal"), ("lend", "transfer")),
        ),
        "periodic-verification": Clause(
            zh=(("定期",), ("核验", "验证"), ("间隔", "每隔")), en=(("periodic",), ("verif",), ("interval", "every"))
        ),
        "moderator-sanctions": _SANCTIONS,
        "end-of-office": Clause(
            zh=(("任职",), ("结束",), ("失效", "收回")), en=(("office",), ("end",), ("lapse at once", "withdrawn"))
        ),
    },
}


def missing_clauses(draft: Draft) -> tuple[Missing, ...]:
    """What a text does not show, in either language; a clause stands in one section, from a heading to the next."""
    texts = dict(zip((Language.CHINESE, Language.ENGLISH), draft.without_marks(), strict=True))
    sections = {language: _HEADING.split(text.lower()) for language, text in texts.items()}
    return tuple(
        Missing(name, language, " + ".join("/".join(group) for group in clause.words(language)))
        for name, clause in CLAUSES[draft.kind].items()
        for language in Language
        if not any(_shows(section, clause.words(language)) for section in sections[language])
    )


def _shows(section: str, words: Words) -> bool:
    return all(any(word in section for word in group) for group in words)
