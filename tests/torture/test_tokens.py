"""No token that this service did not make is accepted, in process or at any door, and none makes it stumble."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random

import httpx2
import pytest

from app.api.dependencies import ACCESS_TOKEN_TYPE
from app.crypto.errors import TokenRefused
from app.crypto.keyring import (
    KeyPurpose,
    create_missing_keys,
    create_next_signing_key,
    load_keyring,
    promote_signing_key,
)
from app.crypto.signing import TokenSigner
from app.posting.service import TOKEN_TYPE
from app.settings import Settings
from app.wiring import Services
from tests.support.clock import TODAY
from tests.support.forum import ForumBackend, sandbox_number
from tests.torture.doors import UNSENDABLE, Doors
from tests.torture.forge import ORDER, Forge, SigningKey
from tests.torture.forgeries import ACCESS_MISUSES, EXPIRED, FORGERIES, MISUSES
from tests.torture.form import Form
from tests.torture.mutations import mutated

_KINDS = {"permit": TOKEN_TYPE, "access": ACCESS_TOKEN_TYPE}
_MOST = {"permit": 3, "access": 2}
"""Each door once in the short form, and `introspect` for both kinds."""
_SENT_EVERY = 10
_DOORS = {
    "permit": ("verify", "introspect", "revoke", "bearer"),
    "access": ("bearer", "introspect", "revoke", "verify"),
}


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """With a signing key that was replaced ten days ago and has retired."""
    directory = tmp_path / "keys"
    shutil.copytree(settings.keys_dir, directory)
    replacing = create_next_signing_key(directory, "development", TODAY - timedelta(days=20))
    promote_signing_key(directory, replacing, TODAY - timedelta(days=10))
    return settings.model_copy(update={"keys_dir": directory})


@dataclass(frozen=True)
class Smithy:
    """A forum, and a forge around each kind of token that it holds."""

    database: str
    forum: ForumBackend
    signer: TokenSigner
    forges: Mapping[str, Forge]

    def refusal(self, kind: str, text: str) -> str | None:
        """What the signer itself says; None where it accepts."""
        try:
            self.signer.verify(text, _KINDS[kind], TODAY)
        except TokenRefused as refused:
            return refused.reason
        return None


@pytest.fixture
def smithy(
    services: Services,
    settings: Settings,
    forum: ForumBackend,
    new_forum: Callable[[str], ForumBackend],
    tmp_path: Path,
) -> Smithy:
    keys, doors = _keys(settings.keys_dir, tmp_path / "stranger"), Doors(forum)
    accounts = [forum.member("山间清风")["id"], forum.member("海上明月", sandbox_number(500))["id"]]
    permits = [forum.token(account_id).json()["token"] for account_id in (*accounts, accounts[0])]
    logins = [forum.log_in()["access_token"] for _ in range(3)]
    for taken_back in (permits[2], logins[2]):
        doors.revoke(taken_back)
    forum.http.headers["authorization"] = f"Bearer {logins[1]}"
    foreign = new_forum("另一个论坛").register("山间清风")["id"]
    now = int(TODAY.timestamp())
    made = {
        "permit": Forge(permits[0], permits[1], logins[0], permits[2], *keys, foreign, now),
        "access": Forge(logins[0], logins[1], permits[0], logins[2], *keys, foreign, now),
    }
    return Smithy(services.engine.dialect.name, forum, services.signer, made)


def _keys(directory: Path, elsewhere: Path) -> tuple[SigningKey, SigningKey, SigningKey, SigningKey]:
    """Ours, the next one, a retired one, a stranger's."""
    ring = load_keyring(directory)
    [retired] = [key for key in ring.of(KeyPurpose.SIGNING) if key.superseded_at is not None]
    following = ring.next_signing_key()
    assert following is not None
    create_missing_keys(elsewhere, "development", TODAY)
    stranger = load_keyring(elsewhere).current(KeyPurpose.SIGNING)
    ours = ring.current(KeyPurpose.SIGNING)
    return SigningKey.of(ours), SigningKey.of(following), SigningKey.of(retired), SigningKey.of(stranger)


def _as_genuine(text: str, genuine: str, door: str) -> bool:
    """Blanks around a header's value are HTTP's and no part of it: there nothing is left of such a forgery."""
    return text == genuine or (door == "bearer" and text.strip(" \t\r\n") == genuine)


def test_what_was_not_changed_is_accepted_and_each_forgery_is_refused_at_every_door(form: Form, smithy: Smithy) -> None:
    doors, wrong, tried = Doors(smithy.forum), [], 0
    expected = dict.fromkeys(FORGERIES, "token-invalid") | dict.fromkeys(EXPIRED, "token-expired")
    assert len(expected) >= 60
    for kind, forge in smithy.forges.items():
        _assert_accepted(smithy, kind)
        for said, recipe in {**FORGERIES, **EXPIRED}.items():
            text = recipe(forge)
            at = [
                door
                for door in _DOORS[kind][: form.size(short=_MOST[kind], long=4)]
                if not _as_genuine(text, forge.genuine, door)
            ]
            heard = {"in process": smithy.refusal(kind, text)} | {door: doors.try_at(door, text) for door in at}
            tried += len(at)
            named = kind != "permit" or heard["verify"] in {expected[said], *UNSENDABLE}
            if heard["in process"] != expected[said] or not named or None in heard.values():
                wrong.append((kind, said, heard))
        _assert_accepted(smithy, kind)  # no forgery has taken it back
    assert wrong == []
    form.tell(
        f"forged tokens ({smithy.database})",
        f"{len(expected)} ways of forging, both kinds of token, {tried} over HTTP: 0 accepted, no 5xx",
    )


def _assert_accepted(smithy: Smithy, kind: str) -> None:
    """Without this every refusal could have another cause."""
    forge, doors = smithy.forges[kind], Doors(smithy.forum)
    following = forge.with_header(forge.following, kid=forge.following.kid)
    for good in (forge.genuine, forge.with_header(), forge.with_claims(), following):
        assert smithy.refusal(kind, good) is None
        assert [doors.try_at(door, good) for door in _DOORS[kind][:2]] == [None, None]


def test_a_token_with_our_key_is_refused_for_what_it_says_and_its_twin_is_the_same_token(smithy: Smithy) -> None:
    permit, access, doors = smithy.forges["permit"], smithy.forges["access"], Doors(smithy.forum)
    for said, (recipe, reason) in MISUSES.items():
        assert doors.verify(recipe(permit)) == reason, said
        assert doors.introspect(recipe(permit)) == "dead" or recipe(permit) == access.genuine, said
    for said, access_recipe in ACCESS_MISUSES.items():
        assert doors.bearer(access_recipe(access)) == "invalid-token", said
        assert doors.introspect(access_recipe(access)) == "dead" or access_recipe(access) == permit.genuine, said
    _assert_two_headers_are_none(smithy.forum, access.genuine, permit.genuine)
    for forge, door in ((permit, "verify"), (access, "bearer")):
        # with (r, s) also (r, n - s) holds, and RFC 7515 has both: a second text, one `jti`, taken back as one
        twin = forge.with_numbers(lambda r, s: (r, ORDER - s))
        assert twin != forge.genuine
        assert doors.try_at(door, twin) is None
        doors.revoke(twin)
        assert None not in [doors.try_at(door, text) for text in (twin, forge.genuine)]


def _assert_two_headers_are_none(forum: ForumBackend, genuine: str, other: str) -> None:
    for tokens in ((genuine, other), (other, genuine), (genuine, genuine)):
        headers = [("authorization", f"Bearer {token}") for token in tokens]
        with httpx2.Client(base_url=forum.address) as http:
            assert http.get("/v1/agreements/current?kind=user", headers=headers).status_code == 401


def test_no_mutation_of_a_token_is_accepted(form: Form, smithy: Smithy) -> None:
    doors, random = Doors(smithy.forum), Random(20261121)  # noqa: S311 -- the same in each run
    asked, accepted, sent = form.size(short=1_000, long=50_000), list[str](), 0
    for number in range(asked):
        kind = ("permit", "access")[number % 2]
        forge = smithy.forges[kind]
        text = mutated(random, forge.genuine, forge.another)
        if text == forge.genuine:
            continue
        heard, door = [smithy.refusal(kind, text)], random.choice(_DOORS[kind])
        if number % _SENT_EVERY == 0 and not _as_genuine(text, forge.genuine, door):
            heard.append(doors.try_at(door, text))
            sent += 1
        accepted += [text] if None in heard else []
    assert accepted == []
    for kind in _KINDS:
        _assert_accepted(smithy, kind)
    form.tell(
        f"mutated tokens ({smithy.database})", f"{asked} in process, {sent} of them over HTTP: 0 accepted, no 5xx"
    )
