"""Two forums that compare notes about one person find nothing that they do not share about strangers."""

import base64
import json
from collections.abc import Callable, Iterator

from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend, Json, sandbox_number

PERSON, STRANGER = sandbox_number(511), sandbox_number(512, birth="19780515")
PHONE, OTHER_PHONE = "14000005110", "14000005120"


def test_two_forums_find_no_common_id_and_no_common_exact_time(
    new_forum: Callable[[str], ForumBackend], clock: FakeClock
) -> None:
    """The same person in both, and in the second a stranger too, each at a time of their own within a day."""
    first, second = new_forum("甲论坛"), new_forum("乙论坛")
    about_person = set(told(first, "山间清风", PHONE, PERSON))
    clock.advance(minutes=17, seconds=3)
    about_person_again = set(told(second, "海上明月", PHONE, PERSON))
    clock.advance(minutes=11, seconds=5)
    about_a_stranger = set(told(second, "林中细雨", OTHER_PHONE, STRANGER))

    in_common = about_person & about_person_again
    assert in_common - about_a_stranger == set()
    assert "document" in in_common, "they were told the same kind of thing"


def told(forum: ForumBackend, handle: str, phone: str, number: str) -> Iterator[object]:
    """Every value that the forum hears about its user, from the registration to a posting token."""
    account = forum.register(handle)["id"]
    heard: list[Json] = [forum.phone_code(account, phone), forum.accept_agreement(account)]
    heard.append(forum.check_document(account, number).json())
    assert heard[-1]["outcome"] == "verified"
    token = forum.token(account).json()["token"]
    heard += [forum.account(account), forum.verify_token(token), _claims(token)]
    for answer in heard:
        yield from leaves(answer)


def leaves(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        for member in value.values():
            yield from leaves(member)
    elif isinstance(value, list):
        for member in value:
            yield from leaves(member)
    else:
        yield value


def _claims(token: str) -> Json:
    part = token.split(".")[1]
    claims: Json = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims
