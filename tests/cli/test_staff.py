"""The commands about members, as the operator types them; the first admin and the first two privacy members."""

from urllib.parse import parse_qs, urlsplit

import httpx2

from app.crypto import totp
from app.kernel.clock import SystemClock
from app.kernel.secret import Secret
from tests.cli.test_commands import Installation, fresh, ready  # noqa: F401 -- fixtures


def _sign_in(address: str, email: str, given: dict[str, str]) -> httpx2.Response:
    seed = parse_qs(urlsplit(given["totp_uri"]).query)["secret"][0]
    body = {"email": email, "password": given["password"], "code": totp.code_at(Secret(seed), SystemClock().now())}
    return httpx2.post(f"{address}/v1/staff/sessions", json=body)


def test_the_first_admin_comes_with_init_and_only_once(fresh: Installation) -> None:  # noqa: F811
    assert fresh.run("init", "--admin", "no address").returncode == 1
    assert not (fresh.home / "data").exists()
    first = fresh.run("init", "--admin", "boss@operator.example")
    assert (first.returncode, first.stderr.count("\n")) == (0, 1)
    assert "password: " in first.stdout
    assert first.stdout.count("-") >= 30  # ten recovery codes
    again = fresh.run("init", "--admin", "another@operator.example")
    assert again.returncode == 0
    assert "nobody was added" in again.stdout
    (member,) = fresh.json("staff", "list")
    assert (member["email"], member["roles"], member["state"]) == ("boss@operator.example", ["admin"], "active")
    refused = fresh.run("staff", "disable", "boss@operator.example")
    assert (refused.returncode, "last admin" in refused.stderr) == (1, True)


def test_members_are_added_sign_in_and_are_disabled_while_the_service_serves(ready: Installation) -> None:  # noqa: F811
    auditor = ready.json("staff", "add", "Law@operator.example", "--role", "auditor", "--ends", "2099-01-01")
    assert set(auditor) == {"staff_id", "password", "totp_uri", "recovery_codes"}
    with ready.serving("--no-worker") as (address, _):
        both = ready.json("staff", "add", "dpo@operator.example", "--role", "privacy", "--role", "compliance")
        signed_in = _sign_in(address, "dpo@operator.example", both)
        assert signed_in.json()["staff"]["roles"] == ["compliance", "privacy"]
        headers = {"authorization": f"Bearer {signed_in.json()['token']}"}
        assert httpx2.get(f"{address}/v1/staff/sessions/current", headers=headers).status_code == 200
        gone = ready.json("staff", "disable", both["staff_id"])
        assert gone == {"staff_id": both["staff_id"], "state": "disabled"}
        assert httpx2.get(f"{address}/v1/staff/sessions/current", headers=headers).status_code == 401
    listed = {row["email"]: row for row in ready.json("staff", "list")}
    assert listed["law@operator.example"]["ends_at"] == "2098-12-31T16:00:00Z"
    assert listed["dpo@operator.example"]["state"] == "disabled"


def test_what_cannot_be_added_is_refused_in_one_line(ready: Installation) -> None:  # noqa: F811
    for number in (1, 2):
        ready.json("staff", "add", f"privacy-{number}@operator.example", "--role", "privacy")
    refusals = {
        "Two members with the role privacy": ("privacy-3@operator.example", "--role", "privacy"),
        "A member with this": ("privacy-1@operator.example", "--role", "reviewer"),
        "excludes": ("x@operator.example", "--role", "privacy", "--role", "admin"),
        "e-mail": ("not an address", "--role", "admin"),
    }
    for said, arguments in refusals.items():
        refused = ready.run("staff", "add", *arguments)
        assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (1, "", 1), refused.stderr
        assert said in refused.stderr, refused.stderr
    for wrong in (("x@operator.example",), ("x@operator.example", "--role", "god")):
        assert ready.run("staff", "add", *wrong).returncode == 2
