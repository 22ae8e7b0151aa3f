"""Codes of an authenticator against the vectors of RFC 6238 (appendix B, SHA-1, the last six digits)."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from app.crypto import totp
from app.kernel.secret import Secret

SEED = Secret(base64.b32encode(b"12345678901234567890").decode())


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_a_code_is_the_one_of_the_rfc(seconds: int, code: str) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)
    assert totp.code_at(SEED, moment) == code
    assert totp.step_of(SEED, code, [moment]) == seconds // 30
    for aside in (-1, 1):
        assert totp.step_of(SEED, code, [moment + timedelta(seconds=30 * aside)]) == seconds // 30
    assert totp.step_of(SEED, code, [moment + timedelta(seconds=60)]) is None
    assert totp.step_of(SEED, code, [moment + timedelta(days=1), moment]) == seconds // 30


@pytest.mark.parametrize("code", ["", "0", "28708", "2870820", "ABCDEF"])
def test_what_is_no_code_is_wrong(code: str) -> None:
    assert totp.step_of(SEED, code, [datetime.fromtimestamp(59, UTC)]) is None


def test_an_authenticator_reads_the_seed_and_whose_it_is() -> None:
    said = totp.provisioning_uri(SEED, "a@b.example").reveal()
    assert said == f"otpauth://totp/Shiming:a%40b.example?secret={SEED.reveal()}&issuer=Shiming"
    assert len({totp.new_seed().reveal() for _ in range(50)}) == 50
    assert len(base64.b32decode(totp.new_seed().reveal())) == 20
