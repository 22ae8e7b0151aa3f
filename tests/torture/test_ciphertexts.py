"""A sealed value that was moved or changed gives an error or the right value: never a wrong one that nobody notices."""

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app.crypto.errors import SealBroken
from app.idempotency.errors import KeyReused
from app.idempotency.models import ClaimRow
from app.kernel.ids import PersonId
from app.settings import Settings
from app.vault.domain import IdentityField
from app.vault.models import DocumentRow, HeldPhoneRow, OrganisationRow, PersonRow, PhoneRow
from app.wiring import Services
from tests.support.canaries import hits
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend
from tests.support.opening import read_identity
from tests.torture.form import Form
from tests.torture.sealed import READER, Sealed, Values, World

if TYPE_CHECKING:
    import httpx2

_PIECES = {
    "all of it": slice(None),
    "version and algorithm": slice(0, 2),
    "key id": slice(2, 10),
    "nonce": slice(10, 22),
    "ciphertext": slice(22, -16),
    "tag": slice(-16, None),
    "all but the header": slice(22, None),
}


@pytest.fixture
def world(services: Services, settings: Settings, forum: ForumBackend) -> World:
    return World(services, settings, forum)


def _outcome(world: World, read: Callable[[], Values]) -> str:
    try:
        found = read()
    except (SealBroken, KeyReused):
        return "refused"
    return "right" if found == world.expected[read] else "WRONG"


def _grafted(value: bytes, other: bytes, piece: slice) -> bytes:
    changed = bytearray(value)
    changed[piece] = other[piece]
    return bytes(changed)


def test_no_stored_value_put_in_the_place_of_another_is_read_as_if_it_belonged_there(
    form: Form, services: Services, world: World
) -> None:
    random, pieces = Random(20261121), Counter[str]()  # noqa: S311 -- the same in each run
    asked = form.size(short=20, long=200)
    while pieces.total() < asked:
        one, two = random.sample(world.values, 2)
        said = random.choice(["all of it"] * 6 + [*_PIECES])
        before = world.at(one), world.at(two)
        after = _grafted(before[0], before[1], _PIECES[said]), _grafted(before[1], before[0], _PIECES[said])
        if before == after:  # the key id of one person, or a header
            continue
        with world.holding((one, after[0]), (two, after[1])):
            assert [_outcome(world, sealed.read) for sealed in (one, two)] == ["refused"] * 2, (
                one.kind,
                two.kind,
                said,
            )
        pieces[said] += 1
    _assert_rows_stay_with_their_owners(services, world)
    _assert_the_type_is_sealed_too(services)
    form.tell(
        f"swapped ciphertexts ({world.database})",
        f"{asked} between {len(world.values)} values in 10 columns, {pieces['all of it']} of them whole: all refused",
    )


def test_no_changed_byte_is_read(form: Form, world: World) -> None:
    random, kinds = Random(20261121), Counter[str]()  # noqa: S311 -- the same in each run
    stored = {index: world.at(sealed) for index, sealed in enumerate(world.values)}
    flips, through_service = form.size(short=500, long=50_000), form.size(short=10, long=300)
    for number in range(flips):
        index = number % len(world.values)
        sealed, changed = world.values[index], bytearray(stored[index])
        changed[random.randrange(len(changed))] ^= random.randrange(1, 256)
        with pytest.raises(SealBroken):
            sealed.open(bytes(changed))
        kinds[sealed.kind] += 1
        if number < through_service:
            with world.holding((sealed, bytes(changed))):
                assert _outcome(world, sealed.read) == "refused", sealed.kind
    assert all(_outcome(world, read) == "right" for read in world.expected)
    assert len(kinds) == 10
    form.tell(
        f"flipped bytes ({world.database})",
        f"{flips} in {len(kinds)} kinds of value, {through_service} through the service: all refused",
    )


def _swap_rows(services: Services, table: Any, key: str, columns: tuple[str, ...]) -> None:
    """The first two rows change places in these columns; twice is as before."""
    with services.unit_of_work.begin(READER) as tx:
        one, two = tx.session.scalars(select(table).order_by(getattr(table, key)).limit(2))
        before = [[getattr(row, column) for column in columns] for row in (one, two)]
        for row, values in zip((two, one), before, strict=True):
            for column, value in zip(columns, values, strict=True):
                setattr(row, column, value)


_KEY = {"idempotency-key": "order-000000000009"}
_ROWS: tuple[tuple[Any, str, tuple[str, ...]], ...] = (
    (DocumentRow, "id", ("person_id",)),
    (PhoneRow, "id", ("person_id",)),
    (PersonRow, "id", ("wrapped_key",)),
    (HeldPhoneRow, "holder", ("person_id",)),
    (HeldPhoneRow, "holder", ("person_id", "wrapped_key", "sealed_number", "index_version", "blind_index")),
    (OrganisationRow, "id", ("wrapped_key", "sealed_number", "sealed_name")),
    (ClaimRow, "id", ("body_digest", "sealed_answer")),
)


def _assert_rows_stay_with_their_owners(services: Services, world: World) -> None:
    for table, key, columns in _ROWS:
        _swap_rows(services, table, key, columns)
        heard = Counter(_outcome(world, read) for read in world.expected)
        assert (heard["WRONG"], heard["refused"]) == (0, 2), (table, columns, heard)
        _swap_rows(services, table, key, columns)
    assert all(_outcome(world, read) == "right" for read in world.expected)


def _assert_the_type_is_sealed_too(services: Services) -> None:
    """A document's type stands in the open, and no number and no name opens under another one."""
    with services.unit_of_work.begin(READER) as tx:
        document = tx.session.scalars(select(DocumentRow).order_by(DocumentRow.id)).first()
        assert document is not None
        person_id, document.scheme = PersonId(document.person_id), "passport"
    for field in IdentityField:
        if field is not IdentityField.PHONE:
            with pytest.raises(SealBroken):
                read_identity(services, READER, person_id, fields=[field])


def test_an_answer_of_yesterday_is_not_given_to_another_request_of_today(
    services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    """The same key a day later is a new claim under the same name."""
    assert forum.post("/v1/accounts", {"handle": "昨天的人"}, headers=_KEY).status_code == 201
    with services.unit_of_work.read() as tx:
        yesterdays = tx.session.scalars(select(ClaimRow.sealed_answer)).one()
    clock.advance(hours=25)
    forum.log_in()
    today = {"handle": "今天的人"}
    assert forum.post("/v1/accounts", today, headers=_KEY).status_code == 201
    with services.unit_of_work.begin(READER) as tx:
        tx.session.scalars(select(ClaimRow)).one().sealed_answer = yesterdays
    again = forum.post("/v1/accounts", today, headers=_KEY)
    assert (again.status_code, again.json()["code"]) == (503, "unavailable")


def test_what_cannot_be_opened_is_503_and_on_record_with_nothing_in_it_and_costs_nothing(
    world: World, forum: ForumBackend, caplog: pytest.LogCaptureFixture
) -> None:
    by_kind = {sealed.kind: sealed for sealed in world.values}
    answer_kept, held, named = by_kind["stored answer"], by_kind["held phone"], by_kind["document name"]
    phone, name = str(held.open(world.at(held))), str(named.open(world.at(named)))
    key, handle = world.requests[2].key, "昵称2"
    attempts: list[tuple[Sealed, Callable[[], httpx2.Response]]] = [
        (answer_kept, lambda: forum.post("/v1/accounts", {"handle": handle}, headers={"idempotency-key": key})),
        (held, lambda: forum.enter_code(str(held.row), forum.read_code(phone))),
    ]
    for sealed, attempt in attempts:
        with world.holding((sealed, b"\x01\x01" + bytes(60))):
            answer = attempt()
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable"), sealed.kind
            assert int(answer.headers["retry-after"]) > 0
        assert caplog.text.count("seal-broken") == 1
        assert hits([phone, name, handle], {"log": caplog.text.encode()}) == []
        assert attempt().status_code in {200, 201}, "as if nothing had happened"
        caplog.clear()
