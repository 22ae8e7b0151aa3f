"""Who is asked about identities and who sends texts, as the settings name them; and what it may cost."""

from collections.abc import Callable
from urllib.parse import urlsplit

from app import policies
from app.kernel.clock import Clock
from app.kernel.errors import StartRefused
from app.settings import Settings
from app.start_rules import provider_names, sms_pause
from app.verification.checks import Budget
from app.verification.providers.contract import RecordCheckProvider
from app.verification.providers.sandbox import SandboxProvider
from app.verification.sms.contract import SmsSender
from app.verification.sms.sandbox import SandboxSender
from app.verification.texts import CodeRules

_PROVIDERS: dict[str, Callable[[], RecordCheckProvider]] = {"sandbox": SandboxProvider}


def providers_of(settings: Settings) -> list[RecordCheckProvider]:
    """In the order of asking. Raises `StartRefused`."""
    names = provider_names(settings)
    if not names or len(set(names)) < len(names) or not set(names) <= set(_PROVIDERS):
        raise StartRefused(
            f"SHIMING_VERIFICATION_PROVIDERS: name each once, out of what this version has: {', '.join(_PROVIDERS)}."
        )
    return [_PROVIDERS[name]() for name in names]


def budget_of(settings: Settings) -> Budget:
    a_day, a_month = settings.daily_checks, settings.monthly_checks
    return Budget(
        policies.DAILY_CHECKS.value if a_day is None else a_day,
        policies.MONTHLY_CHECKS.value if a_month is None else a_month,
    )


def sender_of(settings: Settings, clock: Clock) -> SmsSender:
    if settings.sms_senders != "sandbox":
        raise StartRefused("SHIMING_SMS_SENDERS: this version has only `sandbox`.")
    return SandboxSender(clock)


def code_rules_of(settings: Settings) -> CodeRules:
    daily_texts = policies.DAILY_TEXTS.value if settings.daily_texts is None else settings.daily_texts
    return CodeRules(sms_pause(settings), daily_texts, urlsplit(settings.issuer).hostname or "")
