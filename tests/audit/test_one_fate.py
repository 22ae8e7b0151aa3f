"""An act and its entry have one fate: what cannot be recorded has not happened."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import pytest
from sqlalchemy import event, select

from app.accounts.domain import Account, AccountChange, AccountName
from app.agreements.domain import AcceptanceChannel, AgreementKind
from app.all_models import METADATA
from app.audit.domain import Action
from app.audit.models import StagedEntryRow
from app.events.domain import Subscription
from app.kernel.actor import OPERATOR
from app.kernel.secret import Secret
from app.registration.service import Wanted
from app.vault.domain import IdentityField, ReadPurpose
from app.verification.documents import DocumentType
from app.verification.domain import Method
from app.verification.service import AskedProvider, GivenDocument
from app.wiring import Services
from tests.support.clock import TODAY
from tests.support.desk import Desk
from tests.support.forum import ORGANISATION, sandbox_number

MOVING, KNOWN = "14000000042", "14000000043"
_AT_THE_START = {Action.KEY_CREATED, Action.KEY_PROMOTED, Action.KEY_DESTROYED, Action.AGREEMENT_PUBLISHED}
"""What happens before anybody is served, or to files."""
Acts = Mapping[Action, Callable[[], object]]


class _EntryLost(Exception):
    pass


@contextmanager
def _losing(action: Action) -> Iterator[None]:
    """Whoever writes an entry of this act is broken off."""

    def lose(_mapper: object, _connection: object, row: StagedEntryRow) -> None:
        if json.loads(row.entry)["action"] == action:
            raise _EntryLost

    event.listen(StagedEntryRow, "before_insert", lose)
    try:
        yield
    finally:
        event.remove(StagedEntryRow, "before_insert", lose)


def _rows(services: Services) -> dict[str, list[str]]:
    with services.unit_of_work.read() as tx:
        return {
            name: sorted(str(tuple(row)) for row in tx.session.execute(select(table)))
            for name, table in METADATA.tables.items()
        }


def _organisation(services: Services, desk: Desk, account: Account) -> AskedProvider:
    checks, given = services.verifications, GivenDocument(DocumentType.USCC, Secret(ORGANISATION), Secret("测试公司"))
    request = checks.prepare(desk.forum_id, AccountName(account_id=account.id), Method.ORGANISATION, given)
    return checks.ask(checks.start(OPERATOR, request, lambda _tx, _begun: None))


def _acts_of_the_operator(services: Services, desk: Desk) -> Acts:
    forums, account = services.forums, desk.on_file("在案的人", "14000000044", sandbox_number(104))
    person = services.verifications.person_behind(account.id)
    assert person is not None
    fields = [IdentityField.NAME]
    return {
        Action.FORUM_ADDED: lambda: forums.add(OPERATOR, "另一个论坛"),
        Action.CLIENT_SECRET_ROTATED: lambda: forums.rotate_secret(OPERATOR, desk.forum_id),
        Action.ACTS_CONFIRMED: lambda: forums.confirm_acts(OPERATOR, desk.forum_id),
        Action.FORUM_DISABLED: lambda: forums.disable(OPERATOR, desk.forum_id),
        Action.IDENTITY_READ: lambda: services.vault.read_identity(
            OPERATOR, person, ReadPurpose.COURT_ORDER, fields, "1"
        ),
    }


def _acts_of_a_forum(services: Services, desk: Desk) -> Acts:
    at, sanctions, account, banned = desk.forum_id, services.sanctions, desk.account("山间清风"), desk.account("静水")
    desk.ban(banned)
    user = services.agreements.current(AgreementKind.USER)
    change = AccountChange(handle="云淡风轻", external_id=None, profile={})
    accept = partial(services.agreements.accept, OPERATOR, account.id, user.kind, user.version)
    return {
        Action.TOKEN_REVOKED: lambda: services.forums.revoke_token(OPERATOR, "jti_1", TODAY),
        Action.ACCOUNT_CREATED: lambda: desk.account("月下独酌"),
        Action.ACCOUNT_CHANGED: lambda: services.accounts.change(OPERATOR, at, account.id, change),
        Action.ACCOUNT_SUSPENDED: lambda: sanctions.suspend(OPERATOR, at, account.id, "刷屏", None),
        Action.ACCOUNT_BANNED: lambda: sanctions.ban(OPERATOR, at, account.id, "刷屏"),
        Action.ACCOUNT_CLOSED: lambda: sanctions.close(OPERATOR, at, account.id, None),
        Action.ACCOUNT_REINSTATED: lambda: sanctions.reinstate(OPERATOR, at, banned.id, "误判"),
        Action.AGREEMENT_ACCEPTED: lambda: accept(AcceptanceChannel.FORUM),
    }


def _acts_on_webhooks(services: Services, desk: Desk) -> Acts:
    webhooks, at, everything = services.webhooks, desk.forum_id, Subscription(None)
    endpoint = webhooks.add(OPERATOR, at, "https://forum.example/hooks", everything).endpoint.id
    return {
        Action.WEBHOOK_ADDED: lambda: webhooks.add(OPERATOR, at, "https://forum.example/more", everything),
        Action.WEBHOOK_SECRET_ROTATED: lambda: webhooks.rotate_secret(OPERATOR, at, endpoint),
        Action.WEBHOOK_REMOVED: lambda: webhooks.remove(OPERATOR, at, endpoint),
    }


def _acts_of_verifications(services: Services, desk: Desk) -> Acts:
    new, first, second, known, again = (desk.account(f"账号{number}") for number in range(1, 6))
    code, asked = desk.text(new, "14000000045"), desk.ask(new, sandbox_number(101))
    desk.prove(first, MOVING)
    desk.prove(second, MOVING)
    moves = desk.ask(second, sandbox_number(102))
    desk.prove(known, KNOWN)
    desk.check(known, sandbox_number(103))
    desk.prove(again, KNOWN)
    joins, marks = desk.ask(again, sandbox_number(103)), _organisation(services, desk, known)
    return {
        Action.VERIFICATION_STARTED: lambda: desk.ask(new, sandbox_number(105)),
        Action.VERIFICATION_COMPLETED: lambda: desk.settle(asked),
        Action.ACCOUNT_LINKED: lambda: desk.settle(asked),
        Action.CODE_REFUSED: lambda: services.codes.confirm(OPERATOR, desk.forum_id, code, Secret("000000")),
        Action.PHONE_FROZEN: lambda: desk.settle(moves),
        Action.PERSON_DISSOLVED: lambda: desk.settle(joins),
        Action.ORGANISATION_MARKED: lambda: services.verifications.settle(OPERATOR, marks, None),
    }


def _acts_of_persons(services: Services) -> Acts:
    forum = services.forums.add(OPERATOR, "有页面的论坛", ["https://forum.example/back"]).forum_id
    given = services.registrations.begin(OPERATOR, forum, Wanted("https://forum.example/back"))
    link, secrets = Secret(given.url.reveal().rpartition("/")[2]), [Secret(letter * 32) for letter in "abc"]
    sign_ins, sandbox = services.sign_ins, services.sandbox_sender
    assert sandbox is not None
    sign_ins.send(OPERATOR, secrets[0], sign_ins.index(Secret("14000000046")))
    code, to = sandbox.outbox()[-1].code or Secret(""), sign_ins.index(Secret("14000000047"))
    return {
        Action.NOTICE_GIVEN: lambda: services.visits.bind(link, secrets[0], secrets[1]),
        Action.SIGN_IN_STARTED: lambda: sign_ins.send(OPERATOR, secrets[2], to),
        Action.SIGN_IN_COMPLETED: lambda: sign_ins.enter(OPERATOR, secrets[0], code, None),
    }


def test_an_act_whose_entry_is_lost_has_not_happened(services: Services) -> None:
    desk = Desk(services, services.forums.add(OPERATOR, "测试论坛").forum_id)
    acts = {
        **_acts_of_the_operator(services, desk),
        **_acts_of_a_forum(services, desk),
        **_acts_on_webhooks(services, desk),
        **_acts_of_verifications(services, desk),
        **_acts_of_persons(services),
    }
    assert acts.keys() == set(Action) - _AT_THE_START
    before = _rows(services)
    for action, act in acts.items():
        with _losing(action), pytest.raises(_EntryLost):
            act()
        assert _rows(services) == before, action
