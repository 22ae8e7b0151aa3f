"""Guesses at many accounts at once, by one address and by many: none gets in, and every owner still does."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.crypto.passwords import new_password
from app.kernel.errors import Unavailable
from app.kernel.secret import Secret
from app.staff.access import Role
from app.staff.domain import Face, SignInAttempt
from app.staff.errors import SignInFailed, TooManyFailures
from app.wiring import Services
from tests.support.staff import PASSWORD, StaffLogin, make_staff
from tests.torture.form import Form

_GUESSERS = 8
_ADDRESSES = 250


@pytest.mark.parametrize("addresses", [1, _ADDRESSES], ids=["one address", "many addresses"])
def test_no_guess_gets_in_and_every_owner_does(services: Services, form: Form, addresses: int) -> None:
    """Half of the guesses are at a password, half are at a code by somebody who knows the password."""
    logins = [make_staff(services, Role.REVIEWER) for _ in range(form.size(short=2, long=100))]
    count, seed = form.size(short=150, long=100_000), random.SystemRandom().randrange(2**32)
    dice = random.Random(seed)  # noqa: S311 -- repeatable
    attempts = [_guess(dice, logins[number % len(logins)], number % addresses) for number in range(count)]
    with ThreadPoolExecutor(_GUESSERS) as crowd:
        heard = Counter(crowd.map(lambda attempt: _heard(services, attempt), attempts))
    assert set(heard) <= {SignInFailed, TooManyFailures, Unavailable}, seed
    assert heard[Unavailable] <= count // 100
    assert heard[SignInFailed] <= 10 * min(len(logins), addresses)
    for login in logins:
        admitted = services.staff.sessions.admit(login.attempt(address="198.51.100.0"))
        assert services.staff.sessions.sign_in(admitted).session.staff.id == login.staff_id
    form.tell(
        f"guesses at {len(logins)} members, {addresses} addresses, {services.engine.dialect.name}",
        f"{count} guesses, seed {seed}: {heard[SignInFailed]} judged, 0 got in, every owner did",
    )


def _guess(dice: random.Random, login: StaffLogin, address: int) -> SignInAttempt:
    """Codes that are wrong by their first digit, which none of the three that are right has then by chance alone."""
    right = login.code()
    code = f"{(int(right[0]) + dice.randrange(1, 10)) % 10}{right[1:]}"
    password = Secret(PASSWORD) if dice.random() < 0.5 else new_password()
    return SignInAttempt(login.email, password, Secret(code), Face.API, f"198.51.100.{address}")


def _heard(services: Services, attempt: SignInAttempt) -> type[Exception] | None:
    try:
        services.staff.sessions.sign_in(services.staff.sessions.admit(attempt))
    except (SignInFailed, TooManyFailures, Unavailable) as refused:
        return Unavailable if isinstance(refused, Unavailable) else type(refused)
    return None
