"""Pairs of what hides a term and what only looks like it, rule by rule."""

import pytest

from app.screening.domain import Field
from tests.screening.cases import lexicon

_HIDDEN = {
    "a word of another script that spells the term and stands alone": [
        ("slots", "首存送ѕӏоtѕ礼包"),
        ("cash", "提саѕһ秒到"),
    ],
    "a term in its own script": [
        ("казино", "Лучшее казино онлайн"),
        ("казино", "КАЗИНО для всех"),
        ("قمار", "موقع القمار الأول"),
        ("قمار", "مواقع قـــمار"),
        ("הימורים", "אתר ההימורים הטוב"),
        ("đánh bạc", "trang đánh bạc uy tín"),
        ("đánh bạc", "choi danh bac online"),
    ],
    "marks that hide": [("porn", "free pórn"), ("casino", "c\u0301as\u0301ino"), ("gambling", "gâmblîng now")],
    "letters that are no flags": [("porn", "🇵🇴🇷🇳 看"), ("cash", "🇨 🇦 🇸 🇭")],
    "signs between letters": [("porn", "P.O.R.N 全套"), ("porn", "p、o、r、n")],
    "a line broken in a word": [("网投", "正规网\n投平台"), ("高利贷", "放高利\n贷的")],
    "spaces among equal characters": [("时时彩", "时 时 彩计划"), ("天天返利", "天 天返利")],
    "numbers by sound": [("六合彩", "六合采资料"), ("六合彩", "liu he cai"), ("一夜情", "yi夜情")],
    "equal characters by sound": [("时时彩", "shishicai群"), ("时时彩", "时时采计划"), ("牛牛棋牌", "niu niu qi pai")],
    "numbers above ten": [("十三水", "13水"), ("二十一点", "21点开桌"), ("11选5", "十一选五计划")],
    "names of services": [("加微信", "加VX详聊"), ("QQ群推广", "扣扣群推广"), ("加QQ", "加扣扣"), ("加QQ群", "加Q群")],
    "dots in brackets": [("bet365.com", "bet365 (dot) com"), ("bet365.com", "bet365[点]com")],
    "equal characters at an end": [("赌博", "赌赌博博"), ("上门服务", "上门服务务务")],
    "characters that look alike": [("球网", "浗网"), ("视频", "枧频"), ("系统公告", "糸统公告"), ("三级片", "三级爿")],
}
_INNOCENT = {
    "words that meet": [
        ("下注", "他写下注解就走了"),
        ("套现", "他戴着手套现场直播"),
        ("性交", "两次性质不同的交流，一次性交齐"),
        ("推油", "师傅慢慢推油门"),
        ("赌博", "他一赌博得满堂彩"),
        ("爱液", "他很爱液晶电视"),
    ],
    "words of equal characters": [("小姐", "小姐姐真好"), ("老妹", "老妹妹")],
    "words that meet in another script or with digits": [
        ("套现", "戴上手套現場"),
        ("快三", "快3点半了"),
        ("快三", "快30分钟了"),
    ],
    "words that meet at the end of a line": [("网投", "大家都上网\n投票吧"), ("色情", "各具特色\n情节曲折")],
    "words that sound alike": [("管理员", "管理园区"), ("成人片", "成人篇幅"), ("一夜情", "一夜晴空")],
    "lists of capitals": [("sex", "点 S、E、X 在圆上"), ("cash", "C, A, S, H 四组")],
    "flags": [("cash", "🇨🇦🇸🇭 两面旗"), ("sino", "🇸🇮🇳🇴")],
    "words of languages with marks": [
        ("ete", "l'été dernier"),
        ("mat", "Mất điện rồi"),
        ("sale", "le salé et la crème"),
    ],
    "words with other marks than the term": [("đánh bạc", "dành bác")],
    "parts of words in other scripts": [("قمار", "قماري"), ("ставка", "подставка"), ("τζόγος", "ατζόγος")],
    "words of a text in another script": [("pocto", "Рост осто росто текст"), ("cop", "Это сор и песок")],
    "numbers that go on": [("快三", "快3.5米"), ("十三水", "213水")],
}
_NAMES_HIDDEN = [("moderator", "rnoderator"), ("webmaster", "vvebrnaster"), ("moderator", "rotaredom")]
_NAMES_INNOCENT = [("pools", "Sloop"), ("modem", "modern"), ("drawer", "reward")]


def _hits(term: str, text: str, field: Field = Field.POST) -> list[tuple[int, int]]:
    return [(hit.start, hit.end) for hit in lexicon([term]).screen(text, field).hits]


@pytest.mark.parametrize("rule", _HIDDEN)
def test_a_term_is_found_in_spite_of(rule: str) -> None:
    assert [(term, text) for term, text in _HIDDEN[rule] if not _hits(term, text)] == []


@pytest.mark.parametrize("rule", _INNOCENT)
def test_no_term_is_found_in(rule: str) -> None:
    assert [(term, text) for term, text in _INNOCENT[rule] if _hits(term, text)] == []


def test_names_are_read_backwards_and_as_they_look() -> None:
    assert [(term, text) for term, text in _NAMES_HIDDEN if not _hits(term, text, Field.HANDLE)] == []
    assert [(term, text) for term, text in _NAMES_INNOCENT if _hits(term, text, Field.HANDLE)] == []


def test_texts_are_not_read_as_they_look() -> None:
    assert _hits("moderator", "ask a rnoderator") == []
