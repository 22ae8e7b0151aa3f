"""What a kind of unwanted text is called before the person who wrote it; never which word was found."""

from collections.abc import Iterable

from app.kernel.sentence import Sentence

CATEGORY_WORDS = {
    "abuse": Sentence("辱骂", "abuse"),
    "advertising": Sentence("广告", "advertising"),
    "contact": Sentence("联系方式", "contact details"),
    "defamation": Sentence("诽谤", "defamation"),
    "doxxing": Sentence("他人的个人信息", "personal details of others"),
    "drugs": Sentence("毒品", "drugs"),
    "extremism": Sentence("极端主义", "extremism"),
    "fraud": Sentence("诈骗", "fraud"),
    "gambling": Sentence("赌博", "gambling"),
    "hate": Sentence("仇恨", "hatred"),
    "illegal": Sentence("违法", "illegal"),
    "impersonation": Sentence("冒充", "impersonation"),
    "link": Sentence("链接", "links"),
    "minors": Sentence("危害未成年人", "harm to minors"),
    "politics": Sentence("时政", "politics"),
    "pornography": Sentence("色情", "pornography"),
    "privacy": Sentence("隐私", "privacy"),
    "rumour": Sentence("谣言", "rumours"),
    "self_harm": Sentence("自残", "self-harm"),
    "spam": Sentence("垃圾信息", "spam"),
    "terrorism": Sentence("恐怖主义", "terrorism"),
    "violence": Sentence("暴力", "violence"),
    "weapons": Sentence("武器", "weapons"),
}
"""An operator's own categories are many; these have words of their own."""

OTHER = Sentence("其他", "other")


def words_of(categories: Iterable[str]) -> Sentence:
    """The categories in one line, each once; `OTHER` for those without words, last, and for none at all."""
    wanted = sorted(set(categories))
    words = [CATEGORY_WORDS[category] for category in wanted if category in CATEGORY_WORDS]
    if len(words) < len(wanted) or not words:
        words.append(OTHER)
    return Sentence("、".join(word.zh for word in words), ", ".join(word.en for word in words))
