"""Numbers and addresses are found however they are written, and what only looks like one is not."""

import pytest

from app.screening.rules import RULES

_FOUND = {
    "@phone": [
        "[13800138000]",
        "电话[１３８００１３８０００]。",
        "[138-0013-8000]",
        "[138 0013 8000]",
        "打[1 3 8 0 0 1 3 8 0 0 0]",
        "[+86 13800138000]",
        "[0086-138-0013-8000]",
        "[8613800138000]",
        "[138💰0013💰8000]",
        "[138\u200b0013\u200b8000]",
        "[1️⃣3️⃣8️⃣0️⃣0️⃣1️⃣3️⃣8️⃣0️⃣0️⃣0️⃣]",
        "[一三八〇〇一三八〇〇〇]",
        "[壹叁捌零零壹叁捌零零零]",
        "[幺三八洞洞幺三八洞洞洞]",
        "[l38oo138ooo]",
        "vx[13800138000]",
        "[138.0013.8000]",
        "[138 001 38 000]",
        "[13800138000]、[13900139000]",
        "[13800138000] [13900139000]",
    ],
    "@id_number": [
        "身份证[11010519491231002X]",
        "[110105 19491231 002x]号",
        "[１１０１０５１９４９１２３１００２Ｘ]",
        "[110105\u200b19491231\u200b002X]",
    ],
    "@url": [
        "看[https://example.com/a?b=c]吧",
        "[hxxp://bad.example.cc/x]",
        "[www.bet365.com]",
        "[www . bet365 . com]",
        "[bet365。com]",
        "[bet365点com]",
        "[bet365 点 com]上线",
        "[bet365[.]com]",
        "[bet365(dot)com]",
        "[ｗｗｗ．bet365．ｃｏｍ]",
    ],
    "@email": [
        "[a@example.com]",
        "联系[abc # example.com]",
        "[abc(at)example.com]",
        "[abc at example dot com]",
        "[ａｂｃ＠example．com]",
    ],
}
_INNOCENT = {
    "@phone": [
        "订单 2013800138000997",
        "ISBN 978-7-111-13800-1",
        "3.14159265358",
        "12345678901",
        "13800138000.5",
        "192.168.13.138",
        "版本 15.2.3100.4455",
        "138.10.138.100",
        "1998-05-12 103 房",
        "1700000000000",
        "价格138,001,38000",
        "1380013800",
        "1" * 1000,
    ],
    "@id_number": [
        "110105194912310021",
        "11010519491231002X1",
        "110105194902300022",
        "991105194912310028",
        "11010519491231002Xa",
        "1" * 1000,
    ],
    "@url": [
        "e.g. 这样",
        "I like it. Me too",
        "asp.net core",
        "版本 3.14.15",
        "main.py",
        "结束了。com",
        "a" * 5000 + ".",
        "12:30",
    ],
    "@email": ["看 @张三 说", "we met at node.js", "5@3", "C# 和 F#"],
}


def _spans(marked: str) -> tuple[str, list[tuple[int, int]]]:
    """A text in which what is to be found stands between [ and ]; [.] is text."""
    text, spans, start = "", [], 0
    marked = marked.replace("[.]", "\0")
    for character in marked:
        if character == "[":
            start = len(text)
        elif character == "]":
            spans.append((start, len(text)))
        else:
            text += "[.]" if character == "\0" else character
    return text, spans


@pytest.mark.parametrize(("name", "marked"), [(name, marked) for name, texts in _FOUND.items() for marked in texts])
def test_a_number_or_address_is_found_from_its_first_to_its_last_character(name: str, marked: str) -> None:
    text, spans = _spans(marked)
    assert [spot[:2] for spot in RULES[name].find(text)] == spans


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in _INNOCENT.items() for text in texts])
def test_what_only_looks_like_one_is_left_alone(name: str, text: str) -> None:
    assert list(RULES[name].find(text)) == []
