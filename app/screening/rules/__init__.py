"""Rules that a lexicon names like terms: one module each, one line each."""

from collections.abc import Mapping

from app.screening.rules import email, id_number, phone, url
from app.screening.rules.contract import Rule

RULES: Mapping[str, Rule] = {"@phone": phone.RULE, "@id_number": id_number.RULE, "@url": url.RULE, "@email": email.RULE}
