"""What the command line shows of the audit log can be checked by tools that nobody here wrote."""

import base64
from pathlib import Path

import pytest

from app.audit.checkpoint import VerifierKey, open_checkpoint
from app.audit.tree import leaf_hash, verify_inclusion
from app.crypto.ed25519 import is_signed_by
from tests.cli.test_commands import Installation


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    made = Installation(tmp_path)
    assert made.run("init").returncode == 0
    return made


def test_an_act_that_waits_for_the_log_says_its_entry_which_is_then_found_and_proved(
    installation: Installation,
) -> None:
    assert installation.run("audit", "search").stdout == ""  # nothing has a number before a service runs
    rotated = installation.json("keys", "rotate", "signing")
    receipt = rotated["receipt"]
    listed = installation.json("audit", "search", "--action", "key.promoted")
    (found,) = [one for one in listed if one["entry"]["outcome"] == "begun"]
    proved = installation.json("audit", "prove", found["id"])
    assert (proved["entry"], proved["index"], proved["checkpoint"]) == (
        *(receipt["entry"], receipt["index"]),
        receipt["checkpoint"],
    )
    checkpoint = open_checkpoint(proved["checkpoint"], VerifierKey.parse(proved["keys"][0]), is_signed_by)
    proof = [base64.b64decode(one) for one in proved["proof"]]
    verify_inclusion(leaf_hash(proved["entry"].encode()), proved["index"], checkpoint.size, proof, checkpoint.root)
    text = installation.run("audit", "prove", found["id"]).stdout
    header, index, *hashes = text.partition("\n\n")[0].splitlines()
    assert (header, index) == ("c2sp.org/tlog-proof@v1", f"index {proved['index']}")
    assert hashes == proved["proof"]
    assert text.partition("\n\n")[2] == proved["checkpoint"]
    lines = installation.run("audit", "search", "--limit", "3").stdout.splitlines()
    assert len(lines) == 3
    assert installation.run("audit", "search", "--before", "2020-01-01").stdout == ""


def test_an_entry_that_is_not_there_is_one_line_on_stderr(installation: Installation) -> None:
    result = installation.run("audit", "prove", "nobody")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "shiming: The audit log has no entry of this id.\n"
