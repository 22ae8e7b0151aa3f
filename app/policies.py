"""Every period and limit of the service: one table, each number with its unit and its source.

A source is a duty of `docs` (`L8d`), a rule, or the word `design`: the 2017 Provisions contain no number at all.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Policy:
    value: int
    unit: str
    source: str
    setting: str | None = field(default=None, kw_only=True)
    """The setting that may say otherwise for an installation."""


AUDIT_NUMBERED_WITHIN = Policy(200, "milliseconds after its commit", "docs/threats.md; design")
AUDIT_PUBLISHED_WITHIN = Policy(5, "seconds; then what fails closed is refused", "docs/audit-proofs.md; design")
AUDIT_BATCH = Policy(2000, "entries in one checkpoint at most", "design")
AUDIT_VERIFIED_AT = Policy(3, "o'clock in Shanghai, every night", "design")
AUDIT_VERIFIED_AGAIN = Policy(1, "hours after a verification that could not be done", "design")
AUDIT_VERIFICATION_LOST = Policy(12, "hours without an end, and another one is begun", "design")
AUDIT_VERIFICATION_LATE = Policy(36, "hours since the last one, and the doctor says so", "design")
AUDIT_REFUSAL_REPEATED = Policy(60, "seconds between two lines of the log that say it", "design")
AUDIT_ANCHORED_WITHIN = Policy(60, "seconds after its signature, when the anchor can be written", "design")
AUDIT_ANCHOR_LOOKED = Policy(5, "seconds between two looks of one process", "design")
AUDIT_ANCHOR_RETRIED = Policy(10, "seconds after a failure", "design")
AUDIT_ANCHOR_RENEWED = Policy(3600, "seconds, then the newest checkpoint is anchored once more", "design")
AUDIT_ANCHOR_WRITE = Policy(2, "seconds for one line", "design")
AUDIT_ANCHOR_SEARCHED = Policy(262_144, "bytes at the end of an anchor file, where its newest lines are read", "design")
AUDIT_FILE_HELD = Policy(2, "seconds that somebody else may hold the head file or an anchor", "design")
AUDIT_ENTRY_LONGEST = Policy(65_536, "bytes; what is longer is no entry", "design")
AUDIT_ANCHOR_LATE = Policy(4500, "seconds since an anchor was written, and something is broken", "design")
AUDIT_PUBLIC_SETTLED = Policy(10, "seconds before the full hour, so that every process tells the same", "design")
AUDIT_LATE = Policy(60, "seconds without a number, and something is broken", "design")
AUDIT_WATCH_CACHED = Policy(5, "seconds", "design")

ACCESS_TOKEN_LIFETIME = Policy(3600, "seconds", "design")
PUBLIC_KEYS_CACHED = Policy(300, "seconds", "design")
SIGNING_KEY_NOTICED = Policy(5, "seconds", "design")
SIGNING_KEY_OVERLAP = Policy(3660, "seconds after its replacement", "design")
POSTING_TOKEN_LIFETIME = Policy(600, "seconds", "design", setting="SHIMING_TOKEN_TTL_SECONDS")
POSTING_TOKEN_LONGEST = Policy(900, "seconds", "docs/api.md part 6")
REVOCATION_KEPT = Policy(1, "hours after the token expired, for a clock that is set back", "design")
STATUS_SHOWN_WITHIN = Policy(15, "seconds", "design")
STATUS_LOOK_EVERY = Policy(5, "seconds", "design")
STATUS_LOOK_OVERLAP = Policy(60, "seconds", "design")
STATUS_LIST_LIFETIME = Policy(300, "seconds", "design")
REMEDY_TICKET_LIFETIME = Policy(15, "minutes", "design")
NOTICE_TICKET_LONGEST = Policy(45, "days, and no longer than what the notice is about", "design")
PAUSE_SHOWN_WITHIN = Policy(2, "seconds, on pages; permits are refused at once", "design")
PAUSE_LOOK_WAITED = Policy(200, "milliseconds that a page waits for the look", "design")
DRILL_OUTCOME_LONGEST = Policy(2000, "characters", "design")
CLIENT_SECRET_OVERLAP = Policy(24, "hours", "design")

PHONE_LEVEL_LIFETIME = Policy(180, "days", "design")
SESSION_IDLE = Policy(15, "minutes", "docs/api.md: as the console")
SESSION_LONGEST = Policy(60, "minutes", "design")
POSSESSION_WINDOW = Policy(15, "minutes", "design")
CODE_LIFETIME = Policy(10, "minutes", "design")
CODE_TRIES = Policy(5, "tries", "design")
TEXTS_PER_HOUR = Policy(4, "texts a phone", "design")
TEXTS_PER_DAY = Policy(8, "texts a phone", "design")
TEXTS_PER_ACCOUNT = Policy(20, "texts in 24 hours", "design")
TEXTS_KEPT_FOR_CODES = Policy(20, "percent of a day's texts, which no notice uses up", "design")
NOTICE_TEXT_KEPT = Policy(2, "days", "design")
HELD_PHONE_GRACE = Policy(5, "minutes after its code", "design")
SMS_PAUSE = Policy(60, "seconds", "design", setting="SHIMING_SMS_PAUSE_SECONDS")
SMS_PAUSE_FLOOR = Policy(30, "seconds", "design")

MISUSE_PROOFS = Policy(3, "proofs of one's own identity in 24 hours, for one complaint", "design")
REJECTIONS_PER_ACCOUNT = Policy(10, "rejected attempts in 24 hours", "design")
REJECTIONS_PER_ACCOUNT_AND_DOCUMENT = Policy(3, "rejected attempts in 24 hours", "design")
MINIMUM_AGE = Policy(14, "years", "design")
ADULT_AGE = Policy(18, "years", "N10")

ACCOUNTS_PER_PERSON = Policy(3, "accounts in a forum", "design")
CLOSURE_REVERSIBLE = Policy(30, "days", "design")
HANDLE_RESERVED = Policy(90, "days", "design")
DESTRUCTIVE_ACTS = Policy(20, "accounts an hour by one client", "design")
DESTRUCTIVE_ACTS_SHARE = Policy(1, "percent of a forum's accounts, where that is more", "design")
DESTRUCTIVE_ACTS_WINDOW = Policy(1, "hours", "design")
CONFIRMATION_LIFETIME = Policy(1, "hours", "design")

SCREENINGS_KEPT = Policy(183, "days", "docs/api.md part 7")
SCREENINGS_FORGOTTEN_AT_ONCE = Policy(500, "rows", "design")
SCREENED_ITEMS = Policy(500, "texts in one screening", "docs/api.md part 7")
SCREENED_TEXT_LONGEST = Policy(100_000, "code points", "design")
SCREENED_CONTENTS = Policy(500, "contents that the texts of one screening become: as many as its items", "design")
SCREENED_TEXT_KEPT = Policy(60, "days after its decision", "design")
REVIEW_CLAIM = Policy(10, "minutes that a reviewer's claim to a text holds", "design")
REVIEW_EXCERPT = Policy(40, "characters around the hits in a list of reviews", "design")
REVIEW_HISTORY = Policy(50, "earlier decisions on one account that a reviewer sees", "design")
SUGGESTIONS_READ = Policy(2000, "decisions back, in which suggestions are looked for", "design")
SUGGESTION_REACH = Policy(2, "characters on either side of a hit", "design")
PATROL_WAITS = Policy(10, "seconds after a publication: whoever began before it has ended", "L5c; design")
PATROL_BATCH = Policy(1000, "accounts, boards or kept texts in one transaction", "design")
PATROL_LARGEST_BATCH = Policy(1, "MiB of kept texts in one transaction, or one text", "design")
PATROL_FINDINGS_LIMIT = Policy(10_000, "findings, then a patrol opens no more reviews", "design")
PATROL_EARLY_READ = Policy(20_000, "texts that a patrol begins with", "design")
PATROL_EARLY_SHARE = Policy(5, "percent of these found, then it opens no more reviews", "design")
PATROLS_SHOWN = Policy(20, "patrols, the newest first", "design")
REVIEWS_CACHED = Policy(5, "seconds", "design")
REVIEW_WITHIN = Policy(24, "hours that a text waits for a person at most", "L5b; design")
PATROL_WITHIN = Policy(24, "hours after a publication until all has been read again", "L5c; design")

FLOW_LIFETIME = Policy(30, "minutes, and as many again whenever they are asked for", "WCAG 2.2, 2.2.1")
FLOW_LONGEST = Policy(24, "hours", "design")
OPEN_FLOWS = Policy(20, "begun from refusals of one account and still open", "design")
FLOW_KEPT = Policy(30, "days after its end, without what was entered", "design")
HANDOFF_LIFETIME = Policy(10, "minutes", "design")

REVERIFICATION_INTERVAL = Policy(180, "days of Shanghai", "L8d names no period; design")
REVERIFICATION_SHORTEST = Policy(30, "days", "design")
REVERIFICATION_LONGEST = Policy(365, "days", "design")
REVERIFICATION_WINDOW = Policy(30, "days before a due date, or half the interval where that is shorter", "design")
REVERIFICATION_REMINDERS = (
    Policy(7, "days before a due date", "design"),
    Policy(1, "days before a due date", "design"),
)
"""After the first reminder, which opens the window."""
REVERIFICATION_GRACE = Policy(14, "days after a due date in which powers remain", "design")
REVERIFICATION_LONGEST_GRACE = Policy(90, "days", "design")
TERMS_AHEAD = Policy(365, "days that a change of terms is announced ahead at most", "design")
REVERIFICATION_NOTICE = Policy(30, "days that a new interval gives everybody at least", "design")
ORDER_PREVIEWED = Policy(200, "appointments that a preview shows", "design")
RISK_ORDER = Policy(7, "days to re-verify after a risk", "design")
FORECAST_WEEKS = Policy(52, "weeks at most", "design")
RECONCILIATION_EVERY = Policy(1, "days", "L8c; design")
OVERDUE_LOOK = Policy(5, "minutes between two looks at who is overdue", "design")
STOPPED_LOOK = Policy(1, "days between two looks at whose account is stopped", "design")
UNATTENDED_NOTICE = Policy(14, "days before a board loses its last working moderator", "L8c; design")
RISK_REACH = Policy(30, "days back in which a risk is looked for", "design")
TEXTED_AT_ONCE = Policy(20, "reminders", "design")
ORDERED_AT_ONCE = Policy(5000, "appointments in a statement", "design")
SWEPT_AT_ONCE = Policy(2000, "appointments in a transaction", "design")

IMPORT_BATCH = Policy(50, "users in one transaction", "design")
IMPORT_LONGEST_LINE = Policy(65_536, "bytes, with all the lines that quotes hold together", "design")
IMPORT_LARGEST = Policy(1024, "MiB a file", "design")
CAMPAIGN_WEEKS = Policy(12, "weeks shown, this one too", "design")

AGREEMENT_ACCEPTANCE = Policy(7, "days", "design")
AGREEMENT_LONGEST_ACCEPTANCE = Policy(365, "days", "design")
AGREEMENT_AHEAD = Policy(365, "days that a version is published ahead at most", "design")
AGREEMENT_LONGEST_TEXT = Policy(20_000, "characters in one language", "design")
AGREEMENT_LINES = Policy(2_000, "lines in one language", "design")

FILING_REVIEW = Policy(365, "days, then a forum's filing is to be looked at again", "L2b; design")
AUTHORITY_REVIEW = Policy(365, "days, then an entry of the directory is to be looked at again", "L3; design")

LEXICON_LARGEST = Policy(32, "MiB a file", "design")
LEXICON_LINES = Policy(200_000, "lines a file", "design")
LEXICON_CHARACTERS = Policy(2_000_000, "characters of all terms of a file", "design")
LEXICON_FAULTS_TOLD = Policy(100, "faults of a file, beside the number of all", "design")
TERM_LONGEST = Policy(64, "characters", "design")
CANDIDATES_JUDGED = Policy(256, "candidates in a text, then somebody looks at it", "design")
LEXICON_ROUNDS = Policy(10, "compilations, where others publish meanwhile", "design")
LEXICON_BLOBS_KEPT = Policy(2, "publications, for who began before the newest", "design")
DIFFERENCE_SHOWN = Policy(200, "terms of each kind", "design")
REHEARSAL_TEXTS = Policy(20_000, "newest texts", "design")
REHEARSAL_TEXTS_BEFORE_PUBLICATION = Policy(2_000, "newest texts", "design")
REHEARSAL_LARGEST = Policy(8, "MiB of kept texts", "design")
REHEARSAL_EXAMPLES = Policy(50, "texts", "design")
REHEARSAL_ALARM = Policy(5, "percent of texts that would be dealt with more strictly", "design")
REHEARSAL_ALARM_LEAST = Policy(3, "texts, however few there are", "design")
CASES_LARGEST = Policy(4, "MiB a file", "design")

IDEMPOTENCY_LEASE = Policy(60, "seconds", "contract")
IDEMPOTENCY_KEPT = Policy(24, "hours", "contract")
IDEMPOTENCY_RETRY = Policy(2, "seconds", "design")
IDEMPOTENCY_PURGED_AT_ONCE = Policy(50, "rows", "design")

WEBHOOK_ENDPOINTS = Policy(20, "endpoints a forum", "design")
WEBHOOK_SECRET_OVERLAP = Policy(24, "hours", "design")
EVENT_LONGEST_DELAY = Policy(6, "hours", "contract")
EVENT_ATTEMPT = Policy(10, "seconds for one attempt, all in all", "design")
EVENT_CONNECT = Policy(5, "seconds for each of two addresses", "design")
EVENT_ANSWER_READ = Policy(64, "KiB of an answer's head", "design")
EVENT_CLAIM = Policy(30, "seconds, then another sender takes it", "design")
EVENT_SEATS = Policy(32, "attempts at once in one process, half of them to endpoints in trouble", "design")
EVENT_SEATS_PER_ENDPOINT = Policy(8, "attempts at once to one endpoint", "design")
EVENT_SLOW = Policy(1, "seconds, from which an endpoint is in trouble", "design")
EVENT_RETRIES = tuple(
    Policy(seconds, "seconds after the attempt before, and up to a tenth more", "design")
    for seconds in (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 64_800, 79_200)
)
EVENT_GIVEN_UP = Policy(3, "days after the first attempt", "contract")
ENDPOINT_FAILURES = Policy(5, "failed attempts in a row, then the whole endpoint pauses", "design")
ENDPOINT_PAUSE = Policy(5, "seconds, twice as long after each further failure", "design")
ENDPOINT_LONGEST_PAUSE = Policy(300, "seconds", "design")
DELIVERY_WITHIN = Policy(60, "minutes that an event waits at most, or the overview says so", "design")
EVENT_KEPT = Policy(30, "days after its delivery ended", "design")
EVENTS_PURGED_AT_ONCE = Policy(500, "rows", "design")

PROVIDER_BUDGET = Policy(8, "seconds for all providers together", "design")
PROVIDER_LEAST = Policy(1, "seconds left, or nobody is asked any more", "design")
PROVIDER_JITTER = Policy(400, "milliseconds at most before the second send", "design")
BREAKER_WINDOW = Policy(30, "seconds", "design")
BREAKER_CALLS = Policy(5, "calls at least, half of them failed", "design")
BREAKER_PAUSE = Policy(30, "seconds", "design")
BREAKER_LONGEST_PAUSE = Policy(300, "seconds", "design")
BREAKER_OPERATOR_PAUSE = Policy(600, "seconds", "design")
DAILY_CHECKS = Policy(10_000, "perhaps billed checks a provider", "design", setting="SHIMING_DAILY_CHECKS")
MONTHLY_CHECKS = Policy(100_000, "perhaps billed checks a provider", "design", setting="SHIMING_MONTHLY_CHECKS")
BUDGET_ALERT = Policy(80, "percent", "design")
DAILY_TEXTS = Policy(20_000, "texts, to all phones together", "design", setting="SHIMING_DAILY_TEXTS")
ATTEMPT_LOST = Policy(60, "seconds without an answer", "design")
PROVIDER_READ = Policy(6, "seconds", "design")
PROVIDER_SEATS = Policy(8, "threads", "design")
WORK_SEATS = Policy(1, "threads", "design")
SMS_SEATS = Policy(4, "threads", "design")
INDEX_SEATS_PER_CORE = Policy(2, "threads", "design")
SEAT_WAIT = Policy(2, "seconds", "design")

JOB_NOTED_EVERY = Policy(5, "seconds at least between two notes of one job that did not fail", "design")
JOB_RUNS_CACHED = Policy(5, "seconds", "design")
OVERVIEW_CACHED = Policy(30, "seconds, then it is read anew beside whoever looks", "design")
OVERVIEW_OLDEST = Policy(300, "seconds, then whoever looks waits for it", "design")
OVERVIEW_SHARE = Policy(10, "percent of the time that reading it may take at most", "design")
POSTERS_MANY = Policy(20_000, "accounts, then the overview goes by the count that is kept", "design")
POSTERS_COUNTED_EVERY = Policy(300, "seconds at least between two counts that are kept", "design")
POSTERS_KEPT = Policy(60, "minutes, then whoever looks at the overview counts", "design")
DRILL_WITHIN = Policy(365, "days since an emergency was rehearsed", "L5d; design")
OVERVIEW_WEEKS = Policy(12, "weeks ahead", "docs/api.md part 9; design")
OVERVIEW_DAYS = Policy(30, "days back", "design")
DISCLOSURE_STAFF = Policy(2, "members with the role privacy beside whoever asks, or nobody can disclose", "design")
DISCLOSURE_STAFF_STANDING = Policy(24, "hours in the role and here before they count", "design")
LIST_COMPARED_WITHIN = Policy(2, "days since a forum sent the list of a board", "L8c; design")
TIMELINE_LONGEST = Policy(1000, "events of one account, the newest", "design")
TALLY_NOTED_EVERY = Policy(10, "seconds between two notes of one process", "design")

JOB_RUN_KEPT = Policy(1, "hours after its last beginning, once no timetable names it", "design")
JOB_BEHIND = Policy(60, "seconds late, and the doctor names it", "design")
JOB_HANGS = Policy(30, "seconds beyond its limit, and its lane goes on without it", "design")

DISK_LOW = Policy(1024, "MiB free", "design")
DISK_FULL = Policy(100, "MiB free", "design")
CLOCK_TOLERANCE = Policy(5, "seconds", "design")
KEY_AGE = Policy(365, "days", "design")

STAFF_SESSION_IDLE = Policy(15, "minutes", "docs/threats.md; design")
STAFF_SESSION_LONGEST = Policy(12, "hours", "docs/threats.md; design")
STAFF_SESSION_SEEN_EVERY = Policy(60, "seconds between two notes that a session is used", "design")
STAFF_SESSION_KEPT = Policy(30, "days after its beginning", "design")
SECOND_FACTOR_FRESH = Policy(5, "minutes", "docs/api.md part 9")
SECOND_FACTOR_TRIES = Policy(5, "wrong codes in a row at step-up, or wrong passwords, then the session ends", "design")
USED_CODE_KEPT = Policy(24, "hours", "design")
RECOVERY_CODES = Policy(10, "codes of 80 bits", "design")
SIGN_IN_FAILURES = Policy(10, "failures, then only who has the second factor is judged", "design")
SIGN_IN_GUESSES = Policy(2000, "attempts at one address not judged, then one code is too little", "design")
SIGN_IN_GUESSES_WINDOW = Policy(24, "hours in which they are counted", "design")
SIGN_IN_WINDOW = Policy(15, "minutes in which they are counted", "design")
PASSWORD_SHORTEST = Policy(8, "characters, with the second factor that everybody has", "docs/threats.md; design")
PASSWORD_LONGEST = Policy(128, "characters", "design")
PRIVACY_STANDING = Policy(7, "days in the role before a member confirms another", "docs/api.md part 9")
CONFIRMER_APART = Policy(30, "days in which who confirmed a member and that member count as one", "design")
APPROVER_STANDING = Policy(24, "hours in the role and here before an approval counts", "docs/threats.md; design")

DISCLOSURE_LIFETIME = Policy(24, "hours", "docs/api.md part 9")
DISCLOSURE_APPROVALS = Policy(2, "people with the role privacy, other than who asked", "docs/api.md part 9")
DISCLOSURE_APPROVALS_MINOR = Policy(3, "likewise, where nobody knows that the person is of age", "N10; design")
DISCLOSURES_PER_HOUR = Policy(5, "identities that one member opens in an hour", "design")
DISCLOSURES_PER_DAY = Policy(20, "identities that one member opens in 24 hours", "design")
DISCLOSURE_ALARMS = tuple(
    Policy(opened, "identities that one member has opened in all", "design") for opened in (25, 250, 2500)
)
"""Each is on record when it is reached, and stands on the overview."""
DISCLOSURE_NOTICE_DELAY = Policy(365, "days for which an instrument keeps it from the person at most", "design")

WORKING_DAY_BEGINS = Policy(9, "o'clock in Shanghai", "design")
WORKING_DAY_ENDS = Policy(17, "o'clock in Shanghai", "design")
COMPLAINT_ACKNOWLEDGED = Policy(8, "working hours until a complaint is accepted", "L11d; design")
COMPLAINT_DECIDED = Policy(24, "working hours until it is decided: three working days", "L11d; design")
URGENT_ACKNOWLEDGED = Policy(2, "working hours, of doxxing and identity misuse", "L11d; design")
URGENT_DECIDED = Policy(8, "working hours, of doxxing and identity misuse", "L11d; design")
MINORS_ACKNOWLEDGED = Policy(2, "hours round the clock", "L11d, N14; design")
MINORS_DECIDED = Policy(2, "hours round the clock", "L11d, N14; design")
APPEAL_ACKNOWLEDGED = Policy(8, "working hours until an appeal is accepted", "N15; design")
APPEAL_DECIDED = Policy(40, "working hours until it is decided: five working days", "N15; design")
COMPLAINT_WAITS = Policy(24, "working hours that a clock stands still for one question at most", "design")
COMPLAINT_NEAR = Policy(25, "percent of the time is left, and a case is near its end", "design")
COMPLAINT_LONGEST = Policy(5000, "characters of a description, of grounds or of a message", "design")
COMPLAINT_EVIDENCE = Policy(10, "links or texts with one complaint", "design")
COMPLAINT_EVIDENCE_LONGEST = Policy(2000, "characters each", "design")
COMPLAINT_MESSAGES = Policy(50, "messages in one case from whoever complained", "design")
COMPLAINT_OUTCOME_LONGEST = Policy(2000, "characters beside the reason", "design")
CASE_KEPT = Policy(1095, "days after its end", "design")
CONTACT_KEPT = Policy(183, "days after the end of its case", "PIPL 47; design")
CASES_SHOWN_ALSO = Policy(50, "other open complaints about the same", "design")
CASES_ERASED_AT_ONCE = Policy(200, "cases", "design")
CALENDAR_AHEAD = Policy(14, "days ahead for which holidays must be known", "design")
INTEGRITY_DAYS = tuple(Policy(days, "days back", "design") for days in (90, 30, 365))
CASES_ESCALATED_AT_ONCE = Policy(200, "cases", "design")
TRANSPARENCY_DAYS = Policy(90, "days, of which the public page tells counts", "L11c; design")
TRANSPARENCY_SMALLEST = Policy(10, "cases; a smaller count is not told", "L11c; design")
TRANSPARENCY_CACHED = Policy(600, "seconds, then whoever looks has it counted anew", "design")


EVIDENCE_KEPT = Policy(1095, "days after it was recorded, longer while somebody holds it", "L7d; design")
EVIDENCE_FORGOTTEN_AT_ONCE = Policy(100, "violations in one transaction", "design")
VIOLATION_TEXT_LONGEST = Policy(60_000, "characters of what was published", "design")
MEASURE_ATTACHED = Policy(7, "days, then what is done to an account or board is not for a violation before", "design")
PS_REPORT_WITHIN = Policy(24, "hours after the discovery, to the local public security", "N6")
REPORT_NEAR = Policy(4, "hours before an authority is to be told, and the overview says so", "L7e; design")
CAC_REPORT_WITHIN = Policy(24, "hours after the discovery, to the local or national CAC", "L7e names none; design")


class RouteClass(StrEnum):
    """What is counted together."""

    TOKENS = "tokens"
    READS = "reads"
    WRITES = "writes"
    VERIFICATIONS = "verifications"
    LOGIN = "login"
    WRONG_SECRETS = "wrong-secrets"
    PUBLIC = "public"
    METRICS = "metrics"
    TEXTS = "texts"
    COMPLAINTS = "complaints"
    TRACKING = "tracking"


@dataclass(frozen=True, slots=True)
class Rate(Policy):
    """`value` in every window of `seconds`, in one process."""

    seconds: int


RATES = {
    RouteClass.TOKENS: Rate(40_000, "requests a client", "docs/api.md part 1: 20,000 a second at least", 1),
    RouteClass.READS: Rate(10_000, "requests a client", "design", 1),
    RouteClass.WRITES: Rate(2_000, "requests a client", "design", 1),
    RouteClass.VERIFICATIONS: Rate(1_000, "requests a client", "design", 1),
    RouteClass.LOGIN: Rate(500, "requests an address", "design", 10),
    RouteClass.WRONG_SECRETS: Rate(20, "refusals of one client id at one address", "design", 60),
    RouteClass.PUBLIC: Rate(1_000, "requests an address", "design", 1),
    RouteClass.METRICS: Rate(100, "requests an address", "design", 10),
    RouteClass.TEXTS: Rate(60, "texts that an address asks for on our pages", "design", 3600),
    RouteClass.COMPLAINTS: Rate(120, "complaints, appeals and messages from an address", "design", 60),
    RouteClass.TRACKING: Rate(600, "tracking codes from an address", "design", 60),
}
"""Far above what a forum that works well asks for: they stop a loop that went wild, not a busy day."""


def every_number() -> Iterator[tuple[str, Policy]]:
    """All of this table, in its order: each by its name in small letters, the parts of a row with a number behind."""
    for name, found in globals().items():
        if isinstance(found, Policy):
            yield name.lower(), found
        elif isinstance(found, tuple) and found and isinstance(found[0], Policy):
            yield from ((f"{name.lower()}_{number}", policy) for number, policy in enumerate(found, 1))
        elif found is RATES:
            yield from ((f"rate_{kind.lower().replace('-', '_')}", rate) for kind, rate in RATES.items())
