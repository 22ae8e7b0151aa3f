"""Where a webhook may go, and that production connects to no other place."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from ipaddress import ip_address

import pytest

from app.events.destinations import is_public, refuses
from app.events.sender import Fault, Letter, Sender, resolve
from app.kernel.clock import SystemClock
from app.kernel.secret import Secret

NOT_PUBLIC = (
    *("127.0.0.1", "0.1.2.3", "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "224.0.0.1"),
    *(
        "255.255.255.255",
        "192.0.2.1",
        "198.18.0.1",
        "240.0.0.1",
        "192.88.99.1",
        "192.0.0.8",
        "::",
        "::1",
        "::ffff:10.0.0.1",
    ),
    *(
        "::ffff:127.0.0.1",
        "::7f00:1",
        "fe80::1",
        "fc00::1",
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
        "3fff::1",
        "::ffff:192.0.0.192",
        "64:ff9b::7f00:1",
    ),
    *("64:ff9b::a00:1", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::1", "2001:0:7f00:1::1", "100::1"),
)
ODD = (
    *(
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://169.254.169.254/latest/meta-data/",
    ),
    *("https://0x7f000001/", "https://127.1/", "https://2130706433/", "https://0177.0.0.1/", "https://0x7f.1/"),
    *("https://localhost/", "https://LOCALHOST/", "https://x.localhost/", "https://example.com./", "https://intranet/"),
    *("https://printer.local/", "https://db.internal/", "https://user@forum.example/", "https://a:b@forum.example/"),
    *("http://forum.example/", "file:///etc/passwd", "gopher://forum.example/", "//forum.example/", "forum.example"),
    *(
        "https://forum.example/#x",
        "https://forum.example:22/",
        "https://forum.example:0/",
        "https://forum.example:99999/",
    ),
    *("https://[fe80::1%25eth0]/", "https://[::1", "https://", "https:///x", "https://forum.example\\@127.0.0.1/"),
    *("https://forum.example/\r\nx: y", "https://论坛.example/", "https://-a.example/", "https://1.2.3.4.5/"),
    "https://forum.example/" + "x" * 2000,
)


@pytest.mark.parametrize("url", ODD)
def test_an_address_that_is_not_plainly_public_is_refused_when_it_is_given(url: str) -> None:
    assert refuses(url, private=False) is not None


@pytest.mark.parametrize(
    "url",
    [
        "https://forum.example/hooks?forum=1",
        "https://forum.example:8443/",
        "https://8.8.8.8/",
        "https://[2606:4700:4700::1111]/",
        "https://xn--fiqs8s.example/",
    ],
)
def test_a_public_address_is_taken(url: str) -> None:
    assert refuses(url, private=False) is None


def test_development_takes_plain_http_and_its_own_machine() -> None:
    for url in (
        "http://127.0.0.1:9000/hooks",
        "http://localhost:9000/",
        "http://[::1]:80/",
        "https://forum.example:22/",
    ):
        assert refuses(url, private=True) is None
    for url in ("file:///etc/passwd", "http://user@localhost/", "http://0x7f000001/", "http://localhost/#x"):
        assert refuses(url, private=True) is not None


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_inside_is_not_public_in_whatever_form(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@contextmanager
def nobody_comes() -> Iterator[int]:
    """Listens on this machine, on one port of both families; afterwards nobody has connected."""
    with ExitStack() as stack:
        four = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        port = four.getsockname()[1]
        six = stack.enter_context(socket.create_server(("::1", port), family=socket.AF_INET6))
        yield port
        for listening in (four, six):
            listening.setblocking(False)
            with pytest.raises(BlockingIOError):
                listening.accept()


def letter(url: str) -> Letter:
    return Letter(url, "evt_1", "{}", (Secret("whsec_" + "A" * 44),))


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "0x7f000001", "2130706433", "127.1", "localhost", "u@127.0.0.1"],
)
def test_production_does_not_connect_to_its_own_machine_however_it_is_spelled(host: str) -> None:
    with nobody_comes() as port:
        for scheme in ("https", "http"):
            outcome = Sender(SystemClock(), private=False).send(letter(f"{scheme}://{host}:{port}/"))
            assert (outcome.status, outcome.fault) == (None, Fault.ADDRESS_REFUSED)


@pytest.mark.parametrize(
    "found",
    [["127.0.0.1"], ["::1"], ["::ffff:10.0.0.1"], ["169.254.169.254"], ["8.8.8.8", "127.0.0.1"], ["fe80::1%lo"]],
)
def test_production_does_not_connect_where_a_name_leads_inside(found: Sequence[str]) -> None:
    with nobody_comes() as port:
        sender = Sender(SystemClock(), private=False, resolve=lambda _host, _port: found)
        assert sender.send(letter(f"https://forum.example:{port}/")).fault is Fault.ADDRESS_REFUSED


def test_a_name_is_looked_up_once_so_that_a_second_answer_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first answer is public and goes nowhere; the second, which nobody asks for, would be this machine."""
    answers, went_to = iter([["203.0.113.7"], ["127.0.0.1"]]), []
    monkeypatch.setattr("app.events.sender.is_public", lambda address: not address.is_loopback)

    def connect(address: tuple[str, int], *_more: object, **_options: object) -> socket.socket:
        went_to.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    with nobody_comes() as port:
        sender = Sender(SystemClock(), private=False, resolve=lambda _host, _port: next(answers))
        assert sender.send(letter(f"https://forum.example:{port}/")).fault is Fault.CONNECTION_FAILED
    assert went_to == ["203.0.113.7"]
    assert next(answers) == ["127.0.0.1"]


def test_an_odd_spelling_is_refused_by_its_addresses_too() -> None:
    assert resolve("0x7f000001", 443) == ["127.0.0.1"]


def test_a_name_that_nobody_knows_is_a_failed_attempt() -> None:
    def fail(_host: str, _port: int) -> Sequence[str]:
        raise socket.gaierror

    assert (
        Sender(SystemClock(), private=False, resolve=fail).send(letter("https://a.example/")).fault
        is Fault.NAME_UNKNOWN
    )
