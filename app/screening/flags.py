"""Flags, which are written with two letters each: 🇨🇦 is a flag, and letters that name no country are letters."""

import re
from functools import lru_cache

_LETTERS = re.compile("[\U0001f1e6-\U0001f1ff]+")
_FIRST = 0x1F1E6
_LONGEST = 64
_COUNTRIES = (
    "AC AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ "
    "CA CC CD CF CG CH CI CK CL CM CN CO CP CR CU CV CW CX CY CZ DE DG DJ DK DM DO DZ EA EC EE EG EH ER ES ET EU FI FJ "
    "FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU IC ID IE IL IM IN IO IQ IR "
    "IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM "
    "MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT "
    "PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TA TC TD TF TG TH TJ TK TL "
    "TM TN TO TR TT TV TW TZ UA UG UM UN US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW"
)
"""The regions that Unicode 15 has flags for."""


def is_in_a_flag(text: str, offset: int) -> bool:
    """Whether the letter at an offset stands among flags that follow one another."""
    if not _LETTERS.match(text, offset):
        return False
    first = offset
    while first and offset - first < _LONGEST and _LETTERS.match(text, first - 1, first):
        first -= 1
    letters = _LETTERS.match(text, first, offset + _LONGEST)
    return letters is not None and _all_flags(letters.group())


@lru_cache(maxsize=1 << 8)
def _all_flags(letters: str) -> bool:
    countries = frozenset(_COUNTRIES.split())
    plain = "".join(chr(ord(letter) - _FIRST + ord("A")) for letter in letters)
    return len(plain) % 2 == 0 and all(plain[place : place + 2] in countries for place in range(0, len(plain), 2))
