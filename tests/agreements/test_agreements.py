"""The agreement's clauses and digest, and which acceptance counts until when."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import func, select

from app import policies
from app.agreements.domain import CLAUSES_OF_ROLE, REQUIRED_CLAUSES, AgreementKind, Draft
from app.agreements.models import AcceptanceRow, AgreementVersionRow
from app.agreements.service import counts_as_accepted, default_draft
from app.kernel.actor import OPERATOR
from app.kernel.ids import AccountId
from app.wiring import Services
from tests.support.agreements import none_published
from tests.support.clock import FakeClock
from tests.support.forum import ForumBackend, Json

FOUR_CLAUSES = ["prohibited-information", "ban-or-close", "moderator-duties", "moderator-sanctions"]
MODERATOR_CLAUSES = [
    "filing",
    "prohibited-information",
    "founder-duties",
    "manager-duties",
    "fair-use",
    "personal-powers",
    "periodic-verification",
    "moderator-sanctions",
    "end-of-office",
]
NUMBERING = r"^## \d+|^\(\d\)|第 \d+ 条|[Ss]ection \d+"
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


def blocks(text: str) -> list[str]:
    return [block for block in text.split("\n\n") if block.strip()]


def own_numbers(text: str) -> list[int]:
    """Every number of a text that is no heading's, list's or other section's."""
    return [int(number) for number in re.findall(r"\d+", re.sub(NUMBERING, "", text, flags=re.MULTILINE))]


def test_the_agreements_hold_the_clauses_of_articles_6_and_8() -> None:
    assert REQUIRED_CLAUSES[AgreementKind.USER] == set(FOUR_CLAUSES)
    assert REQUIRED_CLAUSES[AgreementKind.MODERATOR] == set(MODERATOR_CLAUSES)
    for kind in AgreementKind:
        draft = default_draft(kind)
        assert draft.missing_clauses() == set()
        for text in (draft.zh, draft.en):
            clauses = [part.split(" -->\n", 1)[1].strip() for part in text.split("<!-- clause: ")[1:]]
            assert len(clauses) == len(REQUIRED_CLAUSES[kind])
            assert all(clause.startswith("## ") and len(clause.splitlines()) > 1 for clause in clauses)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    ("kind", "clause"), [(kind, one) for kind in AgreementKind for one in sorted(REQUIRED_CLAUSES[kind])]
)
def test_a_draft_without_one_of_the_clauses_in_either_language_lacks_it(
    kind: AgreementKind, clause: str, language: str
) -> None:
    assert without_clause(default_draft(kind), clause, language).missing_clauses() == {clause}


def test_founders_and_managers_owe_what_matches_their_rights_beside_what_both_owe() -> None:
    founder, manager = CLAUSES_OF_ROLE["founder"], CLAUSES_OF_ROLE["manager"]
    assert founder - manager == {"founder-duties"}
    assert manager - founder == {"manager-duties"}
    assert founder & manager >= {"prohibited-information", "filing", "periodic-verification", "moderator-sanctions"}


def test_the_agreement_of_users_is_none_for_moderators() -> None:
    lacking = replace(default_draft(AgreementKind.USER), kind=AgreementKind.MODERATOR).missing_clauses()
    assert lacking >= {"founder-duties", "manager-duties", "filing", "periodic-verification"}


def test_every_number_of_the_moderator_agreement_is_one_of_the_policies() -> None:
    reminders = policies.REVERIFICATION_REMINDERS
    numbers = [
        policies.ADULT_AGE,
        policies.REVERIFICATION_INTERVAL,
        policies.REVERIFICATION_SHORTEST,
        policies.REVERIFICATION_LONGEST,
        policies.REVERIFICATION_WINDOW,
        *reminders,
        policies.REVERIFICATION_GRACE,
        policies.REVERIFICATION_NOTICE,
        policies.AGREEMENT_ACCEPTANCE,
    ]
    draft = default_draft(AgreementKind.MODERATOR)
    assert own_numbers(draft.zh) == own_numbers(draft.en) == [policy.value for policy in numbers]
    assert re.findall(r"(\d+) 天", default_draft(AgreementKind.USER).zh) == [str(policies.AGREEMENT_ACCEPTANCE.value)]


@pytest.mark.parametrize("kind", list(AgreementKind))
def test_both_languages_say_it_in_the_same_order(kind: AgreementKind) -> None:
    draft = default_draft(kind)
    pairs = list(zip(blocks(draft.zh), blocks(draft.en), strict=True))
    for zh, en in pairs:
        assert re.findall(r"<!-- .* -->|^#+(?: \d+)?", zh, re.MULTILINE) == re.findall(
            r"<!-- .* -->|^#+(?: \d+)?", en, re.MULTILINE
        )
        assert zh.startswith("（") == en.startswith("(")
    headings = [int(number) for number in re.findall(r"^## (\d+) ", draft.zh, re.MULTILINE)]
    assert headings == list(range(1, len(headings) + 1))


def test_what_the_moderator_agreement_names_of_the_other_stands_there() -> None:
    users, moderators = default_draft(AgreementKind.USER), default_draft(AgreementKind.MODERATOR)
    assert re.findall(r"用户协议第 (\d+) 条", moderators.zh) == ["4", "6"]
    assert re.findall(r"section (\d+) of the user agreement", moderators.en) == ["4", "6"]
    for heading in ("## 4 保存什么，谁能看到\n", "## 6 封禁和关闭\n"):
        assert heading in users.zh
    for heading in ("## 4 发起者的义务\n", "## 5 管理者的义务\n"):
        assert heading in moderators.zh


def test_a_clause_named_in_the_middle_of_a_sentence_is_no_clause() -> None:
    draft = default_draft(AgreementKind.USER)
    mark = "<!-- clause: ban-or-close -->\n"
    assert replace(draft, zh=draft.zh.replace(mark, f"见 {mark}")).missing_clauses() == {"ban-or-close"}


@pytest.mark.parametrize(("kind", "title"), [(AgreementKind.USER, "用户协议"), (AgreementKind.MODERATOR, "版主协议")])
def test_people_read_the_agreement_without_its_marks(forum: ForumBackend, kind: AgreementKind, title: str) -> None:
    current = forum.get(f"/v1/agreements/current?kind={kind}").json()
    zh, en = default_draft(kind).without_marks()
    assert current["text"] == {"zh": zh, "en": en}
    assert "<!--" not in zh + en
    assert current["title"] == title
    assert (current["kind"], current["version"]) == (kind, "2026-11")


def test_the_digest_is_of_the_chinese_text_that_is_served(forum: ForumBackend) -> None:
    current = forum.get("/v1/agreements/current?kind=user").json()
    assert current["sha256"] == sha256(current["text"]["zh"].encode()).hexdigest()


@pytest.mark.parametrize("kind", list(AgreementKind))
def test_the_default_agreement_is_in_force_from_this_shanghai_day_and_gives_7_days(
    forum: ForumBackend, kind: AgreementKind
) -> None:
    current = forum.get(f"/v1/agreements/current?kind={kind}").json()
    assert current["effective_at"] == "2026-11-20T16:00:00.000Z"
    assert current["accept_by"] == "2026-11-27T16:00:00.000Z"


def test_publishing_the_default_again_changes_nothing(services: Services, clock: FakeClock) -> None:
    before = [services.agreements.current(kind) for kind in AgreementKind]
    clock.advance(days=30)
    services.agreements.publish_default(OPERATOR)
    assert [services.agreements.current(kind) for kind in AgreementKind] == before


@pytest.mark.parametrize(
    ("missing", "other"), [(AgreementKind.MODERATOR, AgreementKind.USER), (AgreementKind.USER, AgreementKind.MODERATOR)]
)
def test_an_installation_that_lacks_one_of_the_agreements_gets_it_and_keeps_the_other(
    services: Services, clock: FakeClock, missing: AgreementKind, other: AgreementKind
) -> None:
    kept, first = services.agreements.current(other), services.agreements.current(missing)
    clock.advance(days=30)
    with none_published(services, missing):
        services.agreements.publish_default(OPERATOR)
        late = services.agreements.current(missing)
        assert services.agreements.current(other) == kept
    days = timedelta(days=30)
    assert late == replace(first, effective_at=first.effective_at + days, accept_by=first.accept_by + days)


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


def test_the_moderator_agreement_is_accepted_beside_the_one_of_users(forum: ForumBackend) -> None:
    account = forum.register("山间清风")
    answer = accept(forum, account["id"], "2026-11", kind="moderator")
    assert answer.status_code == 201
    assert (answer.json()["kind"], answer.json()["version"]) == ("moderator", "2026-11")
    assert forum.account(account["id"])["agreement"]["accepted_version"] is None
    forum.accept_agreement(account["id"])
    assert forum.account(account["id"])["agreement"]["accepted_version"] == "2026-11"


@pytest.mark.parametrize("kind", list(AgreementKind))
def test_where_no_agreement_is_in_force_there_is_none_to_read_or_accept(
    services: Services, forum: ForumBackend, kind: AgreementKind
) -> None:
    account = forum.register("山间清风")
    with none_published(services, kind):
        assert refusal(forum.get(f"/v1/agreements/current?kind={kind}")) == (404, "not-found")
        assert refusal(accept(forum, account["id"], "2026-11", kind)) == (404, "not-found")


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
    assert not counts(services, manager)  # its time to accept is for who accepted an earlier one
    assert accept(forum, manager["id"], "2026-11", "moderator").status_code == 201
    assert counts(services, manager)
    with none_published(services, kind):
        assert not counts(services, manager)
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


def test_accepting_the_agreement_of_users_binds_nobody_as_a_moderator(services: Services, forum: ForumBackend) -> None:
    member, moderator = forum.member("山间清风"), forum.register("竹外桃花")
    assert accept(forum, moderator["id"], "2026-11", "moderator").status_code == 201
    kinds = (AgreementKind.USER, AgreementKind.MODERATOR)
    assert [counts(services, member, kind) for kind in kinds] == [True, False]
    assert [counts(services, moderator, kind) for kind in kinds] == [False, True]
