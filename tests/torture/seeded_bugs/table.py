"""The bugs, one row each. A row whose text has moved on fails its test: write it anew, never drop it."""

from tests.torture.seeded_bugs.bug import Bug, Edit

_CHARGED_FIRST = """\
        tries = repository.charge_try(tx.session, verification.id, limit)
        if tries is None:
            return Ending(Outcome.REJECTED, Reason.CODE_EXHAUSTED)
        if not self._mac.matches(code.digest, MacUse.ONE_TIME_CODE, verification.id, typed.reveal()):
            if tries >= limit:
                return Ending(Outcome.REJECTED, Reason.CODE_EXHAUSTED)
            return Ending(Outcome.PENDING, Reason.CODE_WRONG)
"""
_COMPARED_FIRST = """\
        if not self._mac.matches(code.digest, MacUse.ONE_TIME_CODE, verification.id, typed.reveal()):
            return Ending(Outcome.PENDING, Reason.CODE_WRONG)
        if repository.charge_try(tx.session, verification.id, limit) is None:
            return Ending(Outcome.REJECTED, Reason.CODE_EXHAUSTED)
"""
_ADDRESS = """\
    client = scope.get("client")
    host = str(client[0]) if client else ""
"""
_ADDRESS_AS_TOLD = """\
    client = scope.get("client")
    told = dict(scope.get("headers", [])).get(b"x-forwarded-for")
    host = told.decode("latin-1").split(",")[0] if told else str(client[0]) if client else ""
"""
_RECORDED_APART = """\
            _record(tx, account, ActKind.BAN, reason, basis.case_id)
        with self._unit_of_work.begin(actor) as tx:
"""
_NOT_MATCHED = """\
        if not matched:
            return Ending(Outcome.REJECTED, Reason.NOT_CONFIRMED)
"""

BUGS = (
    Bug(
        "a ciphertext is tied to no place: the associated data is dropped",
        (
            Edit(
                "app/crypto/envelope.py",
                "encrypt(key, nonce, plain, _associated_data(header, place))",
                'encrypt(key, nonce, plain, b"")',
            ),
            Edit(
                "app/crypto/envelope.py",
                "sealed[_HEADER_BYTES:], _associated_data(sealed[:10], place))",
                'sealed[_HEADER_BYTES:], b"")',
            ),
        ),
        ("tests/crypto/test_envelope.py::test_a_ciphertext_moved_elsewhere_is_refused",),
    ),
    Bug(
        "a token may name any algorithm: algorithms=None",
        (
            Edit(
                "app/crypto/signing.py",
                "isinstance(kid, str) and found == header else",
                'isinstance(kid, str) and {**found, "alg": header["alg"]} == header else',
            ),
        ),
        (
            (
                "tests/crypto/test_signing.py"
                "::test_a_header_that_is_not_exactly_ours_is_refused_although_the_signature_is_good"
            ),
        ),
    ),
    Bug(
        "SQLite answers before a commit is on the disk: synchronous=NORMAL",
        (Edit("app/db/engine.py", "synchronous=FULL", "synchronous=NORMAL"),),
        ("tests/db/test_unit_of_work.py::test_every_pooled_sqlite_connection_loses_nothing_and_keeps_nothing_deleted",),
    ),
    Bug(
        "errors of the database show the values: hide_parameters=False",
        (
            Edit(
                "app/db/engine.py",
                "hide_parameters=True, pool_size=THREADS",
                "hide_parameters=False, pool_size=THREADS",
            ),
            Edit("app/db/engine.py", "hide_parameters=True,\n", "hide_parameters=False,\n"),
        ),
        ("tests/db/test_unit_of_work.py::test_an_error_of_the_database_holds_no_value",),
    ),
    Bug(
        "SQLite takes the write lock at the first write only: BEGIN DEFERRED",
        (Edit("app/db/engine.py", ".get('begin', 'IMMEDIATE')", ".get('begin', 'DEFERRED')"),),
        (
            "tests/db/test_unit_of_work.py::test_who_writes_to_sqlite_has_the_lock_before_reading_and_who_only_reads_never",
        ),
    ),
    Bug(
        "one document may belong to two persons: the unique index is gone, in the schema too",
        (
            Edit(
                "app/vault/models.py",
                'UniqueConstraint("scheme", "index_version", "blind_index", name="uq_person_documents_index"),',
                "",
            ),
            Edit(
                "migrations/versions/0001_the_main_job.py",
                "    sa.UniqueConstraint('scheme', 'index_version', 'blind_index', name='uq_person_documents_index')\n",
                "",
            ),
        ),
        ("tests/db/test_unit_of_work.py::test_a_broken_rule_is_named_the_same_on_both_databases",),
    ),
    Bug(
        "two accounts may take one slot of a person: the unique index is gone, in the schema too",
        (
            Edit(
                "app/verification/models.py",
                'UniqueConstraint("person_id", "forum_id", "slot", name="uq_account_slots_slot"),',
                "",
            ),
            Edit(
                "migrations/versions/0003_account_slots.py",
                "    sa.UniqueConstraint('person_id', 'forum_id', 'slot', name='uq_account_slots_slot')\n",
                "",
            ),
        ),
        ("tests/db/test_unit_of_work.py::test_a_broken_rule_is_named_the_same_on_both_databases",),
    ),
    Bug(
        "a body that cannot be read is answered by the framework, which repeats it: no handler for 422",
        (Edit("app/main.py", "    RequestValidationError: _refuse_body,\n", ""),),
        ("tests/web/test_gate.py::test_a_field_that_is_missing_too_long_or_not_allowed_says_so_and_no_more",),
    ),
    Bug(
        "an access token for another service opens this one: its audience is not looked at",
        (
            Edit(
                "app/api/dependencies.py",
                '    if claims["aud"] != services.issuer:\n        raise Unauthenticated\n',
                "",
            ),
        ),
        ("tests/api/test_login.py::test_a_bearer_that_is_not_ours_or_not_whole_is_refused",),
    ),
    Bug(
        "a revocation is answered before it is committed",
        (
            Edit("app/api/oauth_tokens.py", "import APIRouter, Request", "import APIRouter, BackgroundTasks, Request"),
            Edit(
                "app/api/oauth_tokens.py",
                "async def revoke_token(login: LoggedInClient, request: Request, services: ServicesOf) -> Response:",
                "async def revoke_token(\n"
                "    login: LoggedInClient, request: Request, services: ServicesOf, after: BackgroundTasks\n"
                ") -> Response:",
            ),
            Edit(
                "app/api/oauth_tokens.py",
                "    await run_in_threadpool(_revoke, services, login",
                "    after.add_task(_revoke, services, login",
            ),
        ),
        (
            "tests/web/test_limits.py::test_while_the_database_is_held_the_process_lives_and_every_write_hears_unavailable",
        ),
    ),
    Bug(
        "a ban is committed before its entry of the record, in a transaction of its own",
        (
            Edit(
                "app/accounts/sanctions.py",
                "            _record(tx, account, ActKind.BAN, reason, basis.case_id)\n",
                _RECORDED_APART,
            ),
        ),
        ("tests/audit/test_one_fate.py::test_an_act_whose_entry_is_lost_has_not_happened",),
    ),
    Bug(
        "a code is compared before a try is charged, so that wrong ones cost nothing",
        (Edit("app/verification/codes.py", _CHARGED_FIRST, _COMPARED_FIRST),),
        ("tests/verification/test_phone_codes.py::test_after_5_wrong_codes_the_right_one_is_worth_nothing",),
    ),
    Bug(
        "a number typed in full width is another person: it is not folded before it is indexed",
        (
            Edit(
                "app/verification/documents.py",
                '    folded = unicodedata.normalize("NFKC", typed)\n',
                "    folded = typed\n",
            ),
            Edit("app/verification/documents.py", 'unicodedata.normalize("NFKC", kept.upper())', "kept.upper()"),
        ),
        ("tests/verification/test_documents.py::test_every_spelling_of_one_number_is_the_same_number",),
    ),
    Bug(
        "whoever the provider is not sure of is verified: everything but a mismatch is taken for a match",
        (Edit("app/verification/service.py", "verdict is Verdict.MATCH", "verdict is not Verdict.MISMATCH"),),
        ("tests/verification/test_linking.py::test_mismatch_no_record_and_an_unsure_provider_are_one_answer",),
    ),
    Bug(
        "a banned person comes back with a new account: only bans on this one are looked at",
        (
            Edit(
                "app/verification/assessment.py",
                "for account in concerned if account.account_id != known.account_id)",
                "for account in concerned if account.account_id == known.account_id)",
            ),
        ),
        ("tests/verification/test_slots.py::test_a_ban_follows_the_person_into_their_next_account_and_its_end_too",),
    ),
    Bug(
        "what a mismatch is answered with takes fewer statements than a stolen pair: it tells who is on file",
        (
            Edit(
                "app/verification/service.py",
                "        proof = DocumentProof(\n",
                _NOT_MATCHED + "        proof = DocumentProof(\n",
            ),
        ),
        (
            "tests/verification/test_same_statements.py::test_every_document_that_does_not_count_takes_the_same_statements",
        ),
    ),
    Bug(
        "one forum reads another one's verifications: a query has lost the forum",
        (
            Edit(
                "app/verification/repository.py",
                "VerificationRow.id == verification_id, VerificationRow.forum_id == forum_id)",
                "VerificationRow.id == verification_id)",
            ),
        ),
        ("tests/verification/test_phone_codes.py::test_another_forums_verification_and_none_give_the_same_404",),
    ),
    Bug(
        "a suspension that has run out stays in the status list until the next act",
        (
            Edit(
                "app/posting/status_reader.py",
                "                and_(SanctionRow.until >= since, SanctionRow.until <= now),\n",
                "",
            ),
        ),
        ("tests/posting/test_status_list.py::test_a_time_that_runs_out_shows_without_anybody_writing",),
    ),
    Bug(
        "the stored answer to a repeated request lies open in the database",
        (
            Edit(
                "app/idempotency/service.py",
                "self._records.seal(Secret(answer.packed()), _place(claim))",
                "answer.packed().encode()",
            ),
            Edit(
                "app/idempotency/service.py",
                "self._records.unseal(row.sealed_answer, _place(claim)).reveal()",
                "row.sealed_answer.decode()",
            ),
        ),
        (
            "tests/idempotency/test_sealed.py::test_neither_answer_nor_body_nor_key_is_found_in_any_database_file_and_the_caller_hears_all_of_it",
        ),
    ),
    Bug(
        "whoever asks chooses the address that is counted: X-Forwarded-For is believed",
        (Edit("app/web/rates.py", _ADDRESS, _ADDRESS_AS_TOLD),),
        ("tests/web/test_rates.py::test_nobody_chooses_the_address_that_is_counted",),
    ),
)
