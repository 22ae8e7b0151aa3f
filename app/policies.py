"""Every period and limit of the service: one table, each number with its unit and its source.

A source is a duty of `docs` (`L8d`), a rule, or the word `design`: the 2017 Provisions contain no number at all.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    value: int
    unit: str
    source: str


ACCESS_TOKEN_LIFETIME = Policy(3600, "seconds", "design")
PUBLIC_KEYS_CACHED = Policy(300, "seconds", "design")
SIGNING_KEY_NOTICED = Policy(5, "seconds", "design")
SIGNING_KEY_OVERLAP = Policy(3660, "seconds after its replacement", "design")
POSTING_TOKEN_LIFETIME = Policy(600, "seconds", "design")
STATUS_SHOWN_WITHIN = Policy(15, "seconds", "design")
STATUS_LOOK_EVERY = Policy(5, "seconds", "design")
STATUS_LOOK_OVERLAP = Policy(60, "seconds", "design")
STATUS_LIST_LIFETIME = Policy(300, "seconds", "design")
REMEDY_TICKET_LIFETIME = Policy(15, "minutes", "design")
CLIENT_SECRET_OVERLAP = Policy(24, "hours", "design")

PHONE_LEVEL_LIFETIME = Policy(180, "days", "design")
POSSESSION_WINDOW = Policy(15, "minutes", "design")
CODE_LIFETIME = Policy(10, "minutes", "design")
CODE_TRIES = Policy(5, "tries", "design")
TEXTS_PER_HOUR = Policy(4, "texts a phone", "design")
TEXTS_PER_DAY = Policy(8, "texts a phone", "design")
TEXTS_PER_ACCOUNT = Policy(20, "texts in 24 hours", "design")
HELD_PHONE_GRACE = Policy(5, "minutes after its code", "design")
SMS_PAUSE = Policy(60, "seconds", "design")
SMS_PAUSE_FLOOR = Policy(30, "seconds", "design")

REJECTIONS_PER_ACCOUNT = Policy(10, "rejected attempts in 24 hours", "design")
REJECTIONS_PER_ACCOUNT_AND_DOCUMENT = Policy(3, "rejected attempts in 24 hours", "design")
MINIMUM_AGE = Policy(14, "years", "design")
ADULT_AGE = Policy(18, "years", "N10")

ACCOUNTS_PER_PERSON = Policy(3, "accounts in a forum", "design")
CLOSURE_REVERSIBLE = Policy(30, "days", "design")

AGREEMENT_ACCEPTANCE = Policy(7, "days", "design")

PROVIDER_READ = Policy(6, "seconds", "design")
PROVIDER_SEATS = Policy(8, "threads", "design")
WORK_SEATS = Policy(1, "threads", "design")
SMS_SEATS = Policy(4, "threads", "design")
INDEX_SEATS_PER_CORE = Policy(2, "threads", "design")
SEAT_WAIT = Policy(2, "seconds", "design")
