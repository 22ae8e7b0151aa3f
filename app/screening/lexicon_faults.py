"""The sentences that say what is wrong with a line of a lexicon file, or worth a second look."""

from collections.abc import Mapping

from app.kernel.sentence import Sentence

FAULTS: Mapping[str, Sentence] = {
    "file-too-large": Sentence(
        "文件超过 {most} MiB，请分成几个词库。", "The file is larger than {most} MiB; split it into several."
    ),
    "too-many-lines": Sentence("词条超过 {most} 行，请删减。", "There are more than {most} lines; take some out."),
    "too-much-text": Sentence(
        "到这一行，词条共超过 {most} 个字符，请缩短或删减。",
        "Up to this line the terms are longer than {most} characters together; shorten them or take some out.",
    ),
    "wrong-header": Sentence("第一行必须是 {header}。", "The first line must be {header}."),
    "line-too-long": Sentence("这一行太长。", "This line is too long."),
    "not-utf-8": Sentence("这一行不是 UTF-8，请另存为 UTF-8。", "This line is not UTF-8; save the file as UTF-8."),
    "empty-line": Sentence("空行，请删掉。", "An empty line; take it out."),
    "bad-quotes": Sentence(
        '引号不成对：含逗号或引号的值用 " 括起，其中的 " 写成 ""。',
        'Quotes do not match: put a value with commas or quotes between ", and write a " in it as "".',
    ),
    "wrong-columns": Sentence(
        "有 {columns} 列，应为 {wanted} 列。", "It has {columns} columns and should have {wanted}."
    ),
    "empty-term": Sentence("词条是空的，请填写或删掉这一行。", "The term is empty; fill it in or take the line out."),
    "term-too-long": Sentence(
        "词条超过 {most} 个字符，请缩短。", "The term is longer than {most} characters; shorten it."
    ),
    "bad-character": Sentence(
        "词条含控制字符或残缺的字符，请删掉。", "The term holds control characters or half of one; take them out."
    ),
    "bad-note": Sentence(
        "备注含控制字符或残缺的字符，请删掉。", "The note holds control characters or half of one; take them out."
    ),
    "unknown-rule": Sentence(
        "没有规则 {value}；@ 开头的词条只能是：{rules}。",
        "There is no rule {value}; terms that begin with @ are: {rules}.",
    ),
    "folds-to-nothing": Sentence(
        "词条只有会被忽略的字符（标点、表情、空白），永远不会命中，请改写或删掉。",
        "The term is only of characters that are left out (marks, emoji, spaces) and would never hit; change it.",
    ),
    "one-character": Sentence(
        "只有一个字的词条会误伤太多；确实需要时 boundary 填 single。",
        "A term of one character hits too much; if you mean it, put single into boundary.",
    ),
    "not-one-character": Sentence(
        "boundary 为 single 的词条只能有一个字。", "A term whose boundary is single has one character only."
    ),
    "duplicate": Sentence(
        "与第 {earlier} 行重复：写法不同，但折叠后相同，且适用栏目重叠。",
        "The same as line {earlier}: folded they are equal, and their fields overlap.",
    ),
    "bad-category": Sentence(
        "类别 {value} 不行：用 1–32 个小写字母、数字或下划线。",
        "The category {value} will not do: use 1 to 32 small letters, digits or underscores.",
    ),
    "unknown-action": Sentence(
        "没有处置 {value}；可用 block、review、mask、allow。",
        "There is no action {value}; there are block, review, mask and allow.",
    ),
    "bad-severity": Sentence("严重程度 {value} 不行，填 1 到 5。", "The severity {value} will not do; put 1 to 5."),
    "unknown-field": Sentence(
        "没有栏目 {value}；栏目用空格分开，留空为全部。",
        "There is no field {value}; fields are separated by spaces, and blank means all.",
    ),
    "unknown-boundary": Sentence(
        "没有边界 {value}；留空，或填 word、single。",
        "There is no boundary {value}; leave it blank or put word or single.",
    ),
}
WARNINGS: Mapping[str, Sentence] = {
    "common-word": Sentence(
        "“{term}”本身是常用词，会命中平常的话；考虑改为 review，或换更长的词条。",
        "“{term}” is a common word itself and stands in ordinary texts; consider review, or a longer term.",
    ),
    "inside-words": Sentence(
        "常用词里含有“{term}”：{words}；考虑加 allow 词条。",
        "Common words contain “{term}”: {words}; consider allow terms.",
    ),
    "short-block": Sentence(
        "“{term}”很短又直接拦截；考虑改为 review。", "“{term}” is very short and blocks; consider review."
    ),
    "never-allowed": Sentence(
        "没有词条含在“{term}”里，这条 allow 不起作用。", "No term lies within “{term}”; this allow term does nothing."
    ),
}
