"""The agreement's clauses and digest, and which acceptance counts until when."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import func, select

from app.agreements.domain import REQUIRED_CLAUSES, AgreementKind, Draft
from app.agreements.models import AcceptanceRow, AgreementVersionRow
from app.agreements.service import counts_as_accepted, default_draft
from app.kernel.actor import OPERATOR
from app.kernel.ids import AccountId
from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend, Json

FOUR_CLAUSES = ["prohibited-information", "ban-or-close", "moderator-duties", "moderator-sanctions"]
NEW_VERSION = "2026-12"


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def accept(forum: ForumBackend, account_id: str, version: str, kind: str = "user") -> Any:
    return forum.post(f"/v1/accounts/{account_id}/agreements", {"kind": kind, "version": version})


def publish(
    services: Services,
    effective_at: datetime,
    accept_by: datetime,
    version: str = NEW_VERSION,
    kind: AgreementKind = AgreementKind.USER,
) -> None:
    with services.unit_of_work.begin(OPERATOR) as tx:
        tx.session.add(
            AgreementVersionRow(
                id=1 + (tx.session.scalar(select(func.max(AgreementVersionRow.id))) or 0),
                kind=kind,
                version=version,
                title="用户协议",
                text_zh=f"# 用户协议 {version}\n",
                text_en=f"# User agreement {version}\n",
                effective_at=effective_at,
                accept_by=accept_by,
            )
        )


def counts(services: Services, account: Json, kind: AgreementKind = AgreementKind.MODERATOR) -> bool:
    with services.unit_of_work.read() as tx:
        return counts_as_accepted(tx, AccountId(account["id"]), kind)


def without_clause(draft: Draft, clause: str, language: str) -> Draft:
    mark = f"<!-- clause: {clause} -->\n"
    if language == "zh":
        return replace(draft, zh=draft.zh.replace(mark, ""))
    return replace(draft, en=draft.en.replace(mark, ""))


def test_the_default_agreement_holds_the_four_clauses_of_article_6() -> None:
    draft = default_draft()
    assert REQUIRED_CLAUSES[AgreementKind.USER] == set(FOUR_CLAUSES)
    assert draft.missing_clauses() == set()
    for text in (draft.zh, draft.en):
        clauses = [part.split(" -->\n", 1)[1].strip() for part in text.split("<!-- clause: ")[1:]]
        assert len(clauses) == len(FOUR_CLAUSES)
        assert all(clause.startswith("## ") and len(clause.splitlines()) > 1 for clause in clauses)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("clause", FOUR_CLAUSES)
def test_a_draft_without_one_of_the_clauses_in_either_language_lacks_it(clause: str, language: str) -> None:
    assert without_clause(default_draft(), clause, language).missing_clauses() == {clause}


@pytest.mark.parametrize("clause", ["moderator-duties", "moderator-sanctions"])
def test_a_moderator_draft_needs_the_clauses_about_moderators(clause: str) -> None:
    draft = replace(default_draft(), kind=AgreementKind.MODERATOR)
    assert draft.missing_clauses() == set()
    assert without_clause(draft, "ban-or-close", "zh").missing_clauses() == set()
    assert without_clause(draft, clause, "zh").missing_clauses() == {clause}


def test_a_clause_named_in_the_middle_of_a_sentence_is_no_clause() -> None:
    draft = default_draft()
    mark = "<!-- clause: ban-or-close -->\n"
    assert replace(draft, zh=draft.zh.replace(mark, f"见 {mark}")).missing_clauses() == {"ban-or-close"}


def test_people_read_the_agreement_without_its_marks(forum: ForumBackend) -> None:
    current = forum.get("/v1/agreements/current?kind=user").json()
    zh, en = default_draft().without_marks()
    assert current["text"] == {"zh": zh, "en": en}
    assert "<!--" not in zh + en
    assert current["title"] == "用户协议"
    assert (current["kind"], current["version"]) == ("user", "2026-11")


def test_the_digest_is_of_the_chinese_text_that_is_served(forum: ForumBackend) -> None:
    current = forum.get("/v1/agreements/current?kind=user").json()
    assert current["sha256"] == sha256(current["text"]["zh"].encode()).hexdigest()


def test_the_default_agreement_is_in_force_from_this_shanghai_day_and_gives_7_days(forum: ForumBackend) -> None:
    current = forum.get("/v1/agreements/current?kind=user").json()
    assert current["effective_at"] == "2026-11-20T16:00:00.000Z"
    assert current["accept_by"] == "2026-11-27T16:00:00.000Z"


def test_publishing_the_default_again_changes_nothing(services: Services, clock: FakeClock) -> None:
    before = services.agreements.current(AgreementKind.USER)
    clock.advance(days=30)
    services.agreements.publish_default(OPERATOR)
    assert services.agreements.current(AgreementKind.USER) == before


def test_an_acceptance_says_what_was_accepted_when_and_where(forum: ForumBackend) -> None:
    account = forum.register("山间清风")
    answer = accept(forum, account["id"], "2026-11")
    assert answer.status_code == 201
    assert answer.json() == {
        "kind": "user",
        "version": "2026-11",
        "accepted_at": "2026-11-21T00:00:00Z",
        "channel": "forum",
    }
    assert forum.account(account["id"])["agreement"] == {
        "accepted_version": "2026-11",
        "accepted_at": "2026-11-21T00:00:00Z",
        "current_version": "2026-11",
        "accept_by": None,
    }


def test_accepting_twice_gives_the_first_acceptance(services: Services, forum: ForumBackend, clock: FakeClock) -> None:
    account = forum.register("山间清风")
    first = accept(forum, account["id"], "2026-11").json()
    clock.advance(days=2)
    forum.log_in()
    second = accept(forum, account["id"], "2026-11")
    assert (second.status_code, second.json()) == (201, first)
    with services.unit_of_work.read() as tx:
        assert tx.session.scalar(select(func.count()).select_from(AcceptanceRow)) == 1


def test_an_unknown_version_cannot_be_accepted(forum: ForumBackend) -> None:
    account = forum.register("山间清风")
    answer = accept(forum, account["id"], "2031-01")
    assert refusal(answer) == (422, "validation-failed")
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/version"]
    assert forum.account(account["id"])["agreement"]["accepted_version"] is None


def test_there_is_no_moderator_agreement_before_one_is_published(forum: ForumBackend) -> None:
    account = forum.register("山间清风")
    assert refusal(forum.get("/v1/agreements/current?kind=moderator")) == (404, "not-found")
    assert refusal(accept(forum, account["id"], "2026-11", kind="moderator")) == (404, "not-found")


def test_an_agreement_is_asked_for_by_its_kind(forum: ForumBackend) -> None:
    for query in ("", "?kind=", "?kind=guest"):
        answer = forum.get(f"/v1/agreements/current{query}")
        assert refusal(answer) == (422, "validation-failed")
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/kind"]


def test_an_earlier_acceptance_counts_until_accept_by_and_not_at_it(
    services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    account = forum.member("山间清风")
    accept_by = clock.now() + timedelta(minutes=40)
    publish(services, clock.now() + timedelta(minutes=20), accept_by)
    clock.advance(minutes=40, milliseconds=-1)
    waiting = forum.account(account["id"])
    assert waiting["posting"] == {"allowed": True, "reasons": []}
    assert waiting["agreement"]["accepted_version"] == "2026-11"
    assert waiting["agreement"]["current_version"] == NEW_VERSION
    assert datetime.fromisoformat(waiting["agreement"]["accept_by"]).astimezone(UTC) == accept_by
    assert forum.token(account["id"]).status_code == 201

    clock.advance(milliseconds=1)

    assert forum.account(account["id"])["posting"] == {"allowed": False, "reasons": ["agreement-not-accepted"]}
    refused = forum.token(account["id"])
    assert refusal(refused) == (403, "posting-denied")
    assert NEW_VERSION in refused.json()["reasons"][0]["detail"]
    assert accept(forum, account["id"], NEW_VERSION).status_code == 201
    assert forum.token(account["id"]).status_code == 201
    assert forum.account(account["id"])["agreement"]["accept_by"] is None


def test_who_accepted_nothing_is_refused_at_once_whatever_the_time_left(
    services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    account = forum.register("山间清风")
    publish(services, clock.now(), clock.now() + timedelta(days=7))
    assert "agreement-not-accepted" in forum.account(account["id"])["posting"]["reasons"]


def test_a_version_is_in_force_from_its_first_moment_and_not_before(
    services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    account = forum.register("山间清风")
    publish(services, clock.now() + timedelta(minutes=1), clock.now() + timedelta(days=7))
    clock.advance(minutes=1, milliseconds=-1)
    assert forum.get("/v1/agreements/current?kind=user").json()["version"] == "2026-11"
    assert refusal(accept(forum, account["id"], NEW_VERSION)) == (422, "validation-failed")
    clock.advance(milliseconds=1)
    assert forum.get("/v1/agreements/current?kind=user").json()["version"] == NEW_VERSION
    assert refusal(accept(forum, account["id"], "2026-11")) == (422, "validation-failed")
    assert accept(forum, account["id"], NEW_VERSION).status_code == 201


def test_for_another_room_an_acceptance_counts_as_long_as_it_does_for_posting(
    services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    kind = AgreementKind.MODERATOR
    manager, nobody = forum.member("山间清风"), forum.register("竹外桃花")
    assert not counts(services, manager)  # none is in force
    publish(services, clock.now(), clock.now() + timedelta(days=7), "2026-12", kind)
    assert not counts(services, manager)  # its time to accept is for who accepted an earlier one
    assert accept(forum, manager["id"], "2026-12", "moderator").status_code == 201
    publish(services, clock.now() + timedelta(minutes=1), clock.now() + timedelta(minutes=40), "2027-01", kind)
    clock.advance(minutes=40, milliseconds=-1)
    assert counts(services, manager)
    assert not counts(services, nobody)
    clock.advance(milliseconds=1)
    assert not counts(services, manager)
    assert accept(forum, manager["id"], "2027-01", "moderator").status_code == 201
    assert counts(services, manager)
    clock.advance(days=400)
    assert counts(services, manager)


def test_accepting_the_agreement_of_users_binds_nobody_as_a_moderator(
    services: Services, forum: ForumBackend, clock: FakeClock
) -> None:
    member, moderator = forum.member("山间清风"), forum.register("竹外桃花")
    publish(services, clock.now(), clock.now() + timedelta(days=7), kind=AgreementKind.MODERATOR)
    assert accept(forum, moderator["id"], NEW_VERSION, "moderator").status_code == 201
    kinds = (AgreementKind.USER, AgreementKind.MODERATOR)
    assert [counts(services, member, kind) for kind in kinds] == [True, False]
    assert [counts(services, moderator, kind) for kind in kinds] == [False, True]
