"""SIGTERM under load: whoever was let in is answered, nobody is cut off, and the process ends within 30 seconds."""

import random
import resource
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

from tests.support.barrage import House, house
from tests.support.process import service_process
from tests.torture.form import Form

_DRAIN_SECONDS = 30.0
_NEVER_ANSWERS = "110199199003070105"
_PAUSE = 0.03


def _open(home: House) -> socket.socket:
    address = urlsplit(home.service.address)
    return socket.create_connection((address.hostname, address.port), timeout=_DRAIN_SECONDS)


def _ask(home: House, connection: socket.socket, path: str) -> None:
    bearer = home.forum.http.headers["authorization"]
    connection.sendall(f"GET {path} HTTP/1.1\r\nhost: forum\r\nauthorization: {bearer}\r\n\r\n".encode())


def _answer(connection: socket.socket) -> bytes:
    """The head and the body of one answer."""
    said = b""
    while b"\r\n\r\n" not in said:
        said += _more(connection)
    length = int(said.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    while len(said.partition(b"\r\n\r\n")[2]) < length:
        said += _more(connection)
    return said


def _more(connection: socket.socket) -> bytes:
    more = connection.recv(65536)
    assert more, "the connection ended without an answer"
    return more


def _visit(home: House, path: str) -> int:
    """Asks again and again on one connection until it is told that the connection ends; how many answers it had."""
    answers = 0
    with closing(_open(home)) as connection:
        while True:
            time.sleep(random.uniform(0, _PAUSE))  # noqa: S311 -- thinks for a moment, as a forum does between pages
            _ask(home, connection, path)
            said = _answer(connection)
            assert said.startswith(b"HTTP/1.1 200 "), said[:40]
            answers += 1
            if b"connection: close" in said.lower():
                return answers


def _slow_check(home: House) -> httpx2.Response:
    return home.forum.check_document(home.newcomers.pop(), _NEVER_ANSWERS)


def test_sigterm_lets_everybody_finish_and_ends_within_30_seconds(tmp_path: Path, form: Form) -> None:
    """Visitors who keep their connections, a check whose provider hangs, and callers whom nobody has looked at yet."""
    answers, slowest = 0, 0.0
    for cycle in range(form.size(short=1, long=10)):
        with house(tmp_path / str(cycle), "", SHIMING_LOG_LEVEL="WARNING") as home:
            answered, seconds = _end_under_load(home, form)
        answers, slowest = answers + answered, max(slowest, seconds)
    form.tell("SIGTERM under load", f"{answers} answers, none cut off; ended within {slowest:.1f} s")


def _end_under_load(home: House, form: Form) -> tuple[int, float]:
    """How many were answered, and how long it took to end."""
    process, path = home.service.process, f"/v1/accounts/{home.account}"
    count, waiting = form.size(short=16, long=48), form.size(short=20, long=200)
    with ThreadPoolExecutor(count + 1) as clerks:
        visitors = [clerks.submit(_visit, home, path) for _ in range(count)]
        check = clerks.submit(_slow_check, home)
        time.sleep(1)
        process.send_signal(signal.SIGSTOP)  # so that callers stay in the system's queue
        queue = [_open(home) for _ in range(waiting)]
        for caller in queue:
            _ask(home, caller, path)
        process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        process.send_signal(signal.SIGCONT)
        for caller in queue:
            with closing(caller):
                assert _answer(caller).startswith(b"HTTP/1.1 200 ")
        answers = sum(visitor.result() for visitor in visitors)
        assert (check.result().status_code, check.result().json()["outcome"]) == (201, "pending")
        assert process.wait(_DRAIN_SECONDS) == 0
    return answers + waiting + 1, time.monotonic() - began


def test_a_process_that_can_open_nothing_more_drains_all_the_same(tmp_path: Path) -> None:
    """Whom the system let in hears nothing then, but the end of those who are served is not skipped."""
    with service_process(tmp_path) as service:
        address, number = urlsplit(service.address), service.process.pid
        service.process.send_signal(signal.SIGSTOP)
        with socket.create_connection((address.hostname, address.port)):
            _, hard = resource.prlimit(number, resource.RLIMIT_NOFILE)
            resource.prlimit(number, resource.RLIMIT_NOFILE, (0, hard))
            service.process.send_signal(signal.SIGTERM)
            service.process.send_signal(signal.SIGCONT)
            service.process.wait(_DRAIN_SECONDS)
        assert "in shutdown" not in service.output.read_text()  # what fails later is the loop's own end
