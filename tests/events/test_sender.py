"""One attempt: signed as the standard says, ended in time, and nothing of the answer believed but its status."""

import socket
import ssl
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.events.sender import Fault, Letter, Sender
from app.kernel.clock import SystemClock
from app.kernel.secret import Secret
from tests.support.receiver import dribble, misbehaving, pour, pour_headers, receiving

NEW, OLD = "whsec_" + "A" * 44, "whsec_" + "B" * 44
BODY = '{"type":"webhook.test","data":{"handle":"山间清风"}}'


def letter(url: str) -> Letter:
    return Letter(url, "evt_1", BODY, (Secret(NEW), Secret(OLD)))


def sender(limit: float = 10.0) -> Sender:
    return Sender(SystemClock(), private=True, limit=limit)


def test_an_attempt_is_signed_by_each_secret_and_verifies_with_the_library() -> None:
    with receiving() as receiver:
        outcome = sender().send(letter(f"{receiver.address}/hooks?a=1"))
    [heard] = receiver.heard
    assert (outcome.delivered, outcome.status, outcome.fault) == (True, 204, None)
    assert (heard.path, heard.id, heard.body) == ("/hooks?a=1", "evt_1", BODY.encode())
    assert heard.verified(NEW) == heard.verified(OLD)
    assert heard.headers["content-type"] == "application/json"
    assert set(heard.headers) <= {
        *("host", "content-type", "content-length", "user-agent"),
        *("webhook-id", "webhook-timestamp", "webhook-signature"),
    }


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_failure_and_is_not_followed(status: int) -> None:
    with receiving() as inside, receiving() as receiver:
        receiver.answer, receiver.headers = lambda _heard: status, {"location": f"{inside.address}/secret"}
        outcome = sender().send(letter(receiver.address))
    assert (outcome.delivered, outcome.status) == (False, status)
    assert len(receiver.heard) == 1
    assert inside.heard == []


def test_a_proxy_of_the_environment_hears_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving() as proxy, receiving() as receiver:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.address)
        assert sender().send(letter(receiver.address)).delivered
    assert proxy.heard == []


def test_who_sends_one_byte_after_another_is_left_when_the_time_is_over() -> None:
    with misbehaving(dribble) as address:
        began = time.monotonic()
        outcome = sender(limit=0.5).send(letter(address))
    assert outcome.fault is Fault.TIMEOUT
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(("behave", "status"), [(pour, 200), (pour_headers, None)])
def test_who_answers_without_end_is_not_listened_to(
    behave: Callable[[socket.socket], None], status: int | None
) -> None:
    with misbehaving(behave) as address:
        began = time.monotonic()
        outcome = sender().send(letter(address))
    assert outcome.status == status
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        (b"", Fault.NOT_HTTP),
        (b"SSH-2.0-OpenSSH_9.6\r\n", Fault.NOT_HTTP),
        (b"HTTP/1.1 abc\r\n\r\n", Fault.NOT_HTTP),
        (b"\x00" * 1000, Fault.NOT_HTTP),
    ],
)
def test_what_is_no_answer_is_a_failure(said: bytes, fault: Fault) -> None:
    with misbehaving(lambda connection: connection.sendall(said)) as address:
        assert sender().send(letter(address)).fault is fault


def test_nobody_there_is_a_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert sender().send(letter(f"http://127.0.0.1:{port}/")).fault is Fault.CONNECTION_FAILED


def _certificate(folder: Path, name: str) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    subject, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), datetime.now(UTC)
    made = x509.CertificateBuilder(subject, subject, key.public_key(), 1, now, now + timedelta(days=1))
    signed = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False).sign(
        key, hashes.SHA256()
    )
    file, encoding = folder / f"{name}.pem", serialization.Encoding.PEM
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(private + signed.public_bytes(encoding))
    return file


@pytest.mark.parametrize(("name", "status"), [("forum.example", 204), ("another.example", None)])
def test_the_certificate_must_be_that_of_the_name_though_the_address_is_pinned(
    tmp_path: Path, name: str, status: int | None
) -> None:
    certificate = _certificate(tmp_path, name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listening.accept()
        try:
            with context.wrap_socket(connection, server_side=True) as secured:
                said = b""
                while not said.endswith(BODY.encode()):
                    said += secured.recv(65_536)
                secured.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
        except OSError:
            pass

    thread = Thread(target=serve, daemon=True)
    thread.start()
    sends = Sender(SystemClock(), private=True, resolve=lambda _host, _port: ["127.0.0.1"])
    sends._trust.load_verify_locations(certificate)
    outcome = sends.send(letter(f"https://forum.example:{listening.getsockname()[1]}/"))
    thread.join()
    listening.close()
    assert outcome.status == status
    assert (outcome.fault is Fault.CONNECTION_FAILED) is (status is None)
