"""Passwords that members choose, and what Argon2 is asked for."""

import pytest

from app.crypto import passwords
from app.kernel.secret import Secret
from app.staff.errors import PasswordUnusable
from app.staff.password_rules import refuse_weak

EMAIL = "zhang.wei@example-operator.cn"


@pytest.mark.parametrize(
    "password", ["8 chars!", "长一点的密码也可以", "x1y2" * 32, "correct horse battery", "🔑🔑🔒🔓🔐🗝️ab"]
)
def test_a_password_of_8_to_128_characters_of_any_kind_is_taken(password: str) -> None:
    refuse_weak(Secret(password), EMAIL)


@pytest.mark.parametrize(
    "password",
    [
        *(
            "",
            "7 chars",
            "x1y2" * 32 + "x",
            "password",
            "PASSWORD1",
            "Ｐａｓｓｗｏｒｄ",
            "qwertyuiop",
            "1qaz2wsx",
            "88888888",
        ),
        *("abababababab", "zhang2026!!", "My-Zhang-Password", "operator.2026", "shiming-2026", "xxSHIMINGxx"),
    ],
)
def test_a_short_a_common_and_a_telling_password_is_refused(password: str) -> None:
    with pytest.raises(PasswordUnusable):
        refuse_weak(Secret(password), EMAIL)


def test_the_same_keys_give_the_same_password_on_every_system() -> None:
    assert passwords.matches(passwords.hash_password(Secret("Å 密碼 ﬁve")), Secret("A\u030a 密碼 five"))


def test_a_hash_costs_what_owasp_asks_for_and_nobodys_costs_the_same() -> None:
    stored = passwords.hash_password(Secret("some password"))
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.NOBODYS_HASH.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert not passwords.is_outdated(passwords.NOBODYS_HASH)
    assert not passwords.matches(passwords.NOBODYS_HASH, Secret(""))
    for broken in ("", "plain", stored[:-4]):
        assert not passwords.matches(broken, Secret("some password"))


def test_a_password_that_is_handed_out_is_never_the_same_and_may_be_chosen() -> None:
    made = {passwords.new_password().reveal() for _ in range(100)}
    assert len(made) == 100
    assert {len(password) for password in made} == {20}
    for password in made:
        refuse_weak(Secret(password), "a@b.cn")
