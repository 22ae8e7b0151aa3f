"""The numbers of `app.policies` in words: what each is for, its unit, and where it comes from."""

import re
from contextlib import suppress
from datetime import timedelta

from app.console.moments import language, period
from app.console.visits import Visit
from app.kernel.sentence import Language
from app.policies import Policy, Rate

_WORD = re.compile(r"[a-z]+")
_BETWEEN_WORDS = re.compile(r"[^a-z0-9]+")


def said_name(visit: Visit, name: str) -> str:
    """Its own name, where nobody has written words for it: a test holds that somebody has."""
    with suppress(KeyError):
        return visit.say(f"numbers.name.{name}")
    return name


def said_unit(visit: Visit, policy: Policy) -> str:
    """The table's own words are English, and say more than a unit; a rate says in which time."""
    if language(visit) is Language.ENGLISH:
        unit = policy.unit
    else:
        found = _WORD.search(policy.unit.lower())
        unit = policy.unit
        with suppress(KeyError):
            unit = visit.say(f"numbers.unit.{found[0] if found else ''}")
    if not isinstance(policy, Rate):
        return unit
    return visit.say("numbers.unit.within", unit=unit, period=period(visit, timedelta(seconds=policy.seconds)))


def said_source(visit: Visit, source: str) -> str:
    with suppress(KeyError):
        return visit.say(f"numbers.source.{_BETWEEN_WORDS.sub('_', source.lower()).strip('_')}")
    return source
