"""Checkpoints are written elsewhere: each line whole, within a minute, once by all processes together."""

import json
import socket
from collections.abc import Callable, Iterator
from fcntl import LOCK_EX, flock
from os import mkfifo
from pathlib import Path
from threading import Thread
from time import monotonic

import pytest
from sqlalchemy import update

from app import policies
from app.audit.anchor_lines import anchor_line, claimed, read_anchors
from app.audit.anchors import Anchors
from app.audit.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint, verifier_key
from app.audit.errors import AnchorNotWritten, SigningRefused
from app.audit.models import CheckpointRow
from app.audit.sinks import FileSink, Sink, SinkFailed, SyslogSink, sinks_of
from app.audit.watch import AuditWatch, AuditWatched
from app.crypto.ed25519 import is_signed_by
from app.jobs.sequencing import Sequencing
from app.kernel.actor import OPERATOR
from app.settings import Settings
from app.wiring import Services
from tests.support.clock import TODAY, FakeClock
from tests.support.log_keeping import record_entries
from tests.support.unprotected import unprotected


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "anchors.jsonl"


@pytest.fixture
def anchors(services: Services, file: Path) -> Anchors:
    """Of a process that looks at every turn."""
    return _anchors(services, FileSink(file))


def _anchors(services: Services, *sinks: Sink) -> Anchors:
    ticks = iter(range(0, 1_000_000, 10))
    return Anchors(services.unit_of_work, services.audit.sequencer, sinks, lambda: next(ticks))


def _grow(services: Services, count: int = 3) -> None:
    record_entries(services, count)
    services.audit.sequencer.catch_up()


def _watched(services: Services, *sinks: str) -> AuditWatched:
    return AuditWatch(services.unit_of_work, sinks).look()


def _sizes(file: Path) -> list[int]:
    return [claim.size for line in read_anchors(file) if (claim := line.claim())]


def test_a_new_checkpoint_is_anchored_within_a_minute_and_an_old_one_again_after_an_hour(
    services: Services, anchors: Anchors, file: Path, clock: FakeClock
) -> None:
    assert anchors.anchor_due() == 0  # nothing has a number yet
    _grow(services)
    assert [anchors.anchor_due(), anchors.anchor_due()] == [1, 0]
    _grow(services)
    clock.advance(seconds=59)
    assert anchors.anchor_due() == 0
    clock.advance(seconds=1)
    assert [anchors.anchor_due(), anchors.anchor_due()] == [1, 0]
    clock.advance(seconds=3599)
    assert anchors.anchor_due() == 0
    clock.advance(seconds=1)
    assert anchors.anchor_due() == 1
    first, second, third = read_anchors(file)
    assert second.note == third.note
    assert [first.at, second.at, third.at] == ["2026-11-21T04:00:00Z", "2026-11-21T04:01:00Z", "2026-11-21T05:01:00Z"]
    checkpoint = open_checkpoint(
        third.note, verifier_key(third.note.partition("\n")[0], services.audit.signer), is_signed_by
    )
    assert checkpoint == services.audit.sequencer.publish()
    claim = first.claim()
    assert claim
    assert claim.size < checkpoint.size
    assert file.stat().st_mode & 0o777 == 0o600


def test_of_several_processes_one_writes(services: Services, file: Path) -> None:
    _grow(services)
    many = [_anchors(services, FileSink(file)) for _ in range(4)]
    written: list[int] = []
    threads = [Thread(target=lambda one=one: written.append(one.anchor_due())) for one in many]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(written) == 1
    assert len(_sizes(file)) == 1


def test_who_must_not_happen_unseen_waits_for_every_anchor_and_nobody_else_does(
    services: Services, file: Path, tmp_path: Path, clock: FakeClock
) -> None:
    _grow(services)
    nowhere = tmp_path / "missing" / "anchors"
    anchors = _anchors(services, FileSink(file), SyslogSink(str(nowhere)))
    with pytest.raises(AnchorNotWritten):
        anchors.anchor_now()
    assert len(_sizes(file)) == 1
    _grow(services)  # is numbered all the same
    written, failing = _watched(services, "file", "syslog").anchors
    assert not written.is_failing()
    assert failing.state
    assert (failing.state.failure, failing.state.failing_since) == ("ENOENT", clock.now())
    assert _watched(services, "file", "syslog").is_late(clock.now())
    began = clock.now()
    clock.advance(seconds=10)
    assert anchors.anchor_due() == 0  # tried again, in vain
    failing = _watched(services, "syslog").anchors[0]
    assert failing.state
    assert (failing.state.failing_since, failing.state.tried_at) == (began, clock.now())
    healed = _anchors(services, FileSink(file), SyslogSink(""))
    assert healed.names == ["file", "syslog"]
    assert _anchors(services, FileSink(file)).anchor_now() == services.audit.sequencer.publish()


def test_a_failure_is_over_when_a_line_was_written(
    services: Services, anchors: Anchors, file: Path, clock: FakeClock
) -> None:
    _grow(services)
    file.mkdir()
    assert anchors.anchor_due() == 0
    assert _watched(services, "file").anchors[0].is_failing()
    file.rmdir()
    clock.advance(seconds=10)
    assert anchors.anchor_due() == 1
    watched = _watched(services, "file")
    assert not watched.is_late(clock.now())
    clock.advance(seconds=4500)
    assert watched.is_late(clock.now())
    assert _watched(services).is_late(clock.now()) is False


def test_with_no_anchor_configured_nobody_waits(services: Services) -> None:
    anchors = _anchors(services)
    assert anchors.anchor_now() is None
    _grow(services)
    assert anchors.anchor_now() == services.audit.sequencer.publish()
    assert anchors.anchor_due() == 0


def test_what_we_have_not_signed_is_not_anchored(services: Services, anchors: Anchors, file: Path) -> None:
    _grow(services)
    with services.unit_of_work.begin(OPERATOR) as tx, unprotected(tx):
        tx.session.execute(update(CheckpointRow).values(root=bytes(32)))
    assert Sequencing(services.audit.sequencer, anchors).anchor() == 0
    with pytest.raises(SigningRefused):
        anchors.anchor_now()
    assert not file.exists()


def test_a_line_that_a_full_disk_tore_is_passed_over_and_the_next_begins_a_line_of_its_own(
    services: Services, anchors: Anchors, file: Path
) -> None:
    _grow(services)
    anchors.anchor_now()
    whole = file.read_bytes()
    file.write_bytes(whole + whole[: len(whole) // 2])
    with file.open("ab") as damaged:
        damaged.write(b'\n[1]\n{"at":1}\n\xff\xfe\n' + b"[" * 50_000)
    _grow(services)
    anchors.anchor_now()
    assert len(_sizes(file)) == 2
    (newest,) = FileSink(file).newest(services.audit.sequencer.signed_by_us)
    assert claimed(newest) == services.audit.sequencer.publish()


def test_an_anchor_goes_neither_back_nor_two_ways(services: Services, file: Path) -> None:
    signer, sink, signed = services.audit.signer, FileSink(file), services.audit.sequencer.signed_by_us
    notes = [sign_checkpoint(Checkpoint("a", size, root), signer) for size, root in ((2, bytes(32)), (1, bytes(32)))]
    for note in notes:
        sink.write(anchor_line(note, TODAY), note, signed)
    assert _sizes(file) == [2]
    other = sign_checkpoint(Checkpoint("a", 2, bytes(31) + b"1"), signer)
    with pytest.raises(SinkFailed) as failed:
        sink.write(anchor_line(other, TODAY), other, signed)
    assert failed.value.code == "contradicts"
    new = sign_checkpoint(Checkpoint("b", 1, bytes(32)), signer)  # after a recovery
    sink.write(anchor_line(new, TODAY), new, signed)
    assert _sizes(file) == [2, 1]
    assert [note.partition("\n")[0] for note in sink.newest(signed)] == ["b", "a"]


def test_a_line_that_we_have_not_signed_neither_stops_an_anchor_nor_hides_one(
    services: Services, anchors: Anchors, file: Path
) -> None:
    _grow(services)
    published = anchors.anchor_now()
    assert published
    note = next(read_anchors(file)).note
    huge = note.replace(f"\n{published.size}\n", f"\n{10**17}\n", 1)
    other = sign_checkpoint(Checkpoint(published.origin, published.size + 1, bytes(32)), _Stranger())
    with file.open("a") as littered:
        littered.writelines(anchor_line(forged, TODAY) + "\n" for forged in (huge, other, note.replace("=", "A")))
    assert FileSink(file).newest(services.audit.sequencer.signed_by_us) == [note]
    _grow(services)
    assert anchors.anchor_now() == services.audit.sequencer.publish()
    newest = list(read_anchors(file))[-1].claim()
    assert newest == services.audit.sequencer.publish()


class _Stranger:
    """Whoever has a key of their own."""

    public = bytes(32)

    def sign(self, message: bytes) -> bytes:
        return bytes(64) if message else b""


def test_an_anchor_that_somebody_holds_fails_within_its_time_and_is_written_later(
    services: Services, file: Path
) -> None:
    _grow(services)
    anchors = _anchors(services, FileSink(file))
    with file.open("a") as held:
        flock(held, LOCK_EX)
        began = monotonic()
        with pytest.raises(AnchorNotWritten):
            anchors.anchor_now()
        assert monotonic() - began < 2 * policies.AUDIT_FILE_HELD.value
    state = _watched(services, "file").anchors[0].state
    assert state
    assert state.failure == "EAGAIN"
    assert anchors.anchor_now() == services.audit.sequencer.publish()


def test_a_pipe_in_the_place_of_the_file_hangs_nobody(services: Services, file: Path) -> None:
    _grow(services)
    mkfifo(file)
    with pytest.raises(AnchorNotWritten):
        _anchors(services, FileSink(file)).anchor_now()
    assert FileSink(file).newest(services.audit.sequencer.signed_by_us) == []


@pytest.fixture
def listening() -> Iterator[Callable[[socket.SocketKind, str], tuple[socket.socket, str]]]:
    opened: list[socket.socket] = []

    def listen(kind: socket.SocketKind, scheme: str) -> tuple[socket.socket, str]:
        one = socket.socket(socket.AF_INET, kind)
        opened.append(one)
        one.bind(("127.0.0.1", 0))
        one.settimeout(10)
        if kind is socket.SOCK_STREAM:
            one.listen()
        return one, f"{scheme}://127.0.0.1:{one.getsockname()[1]}"

    yield listen
    for one in opened:
        one.close()


def _nobody(_origin: str, _note: str) -> None:
    """Nothing is signed."""


def _read_to_the_end(listener: socket.socket) -> bytes:
    found = b""
    with listener.accept()[0] as connection:
        while part := connection.recv(4096):
            found += part
    return found


def test_syslog_gets_the_same_line_by_each_way(
    listening: Callable[[socket.SocketKind, str], tuple[socket.socket, str]], tmp_path: Path
) -> None:
    line = anchor_line("a\n1\n=\n\n— a =\n", TODAY)
    datagrams, udp = listening(socket.SOCK_DGRAM, "udp")
    SyslogSink(udp).write(line, "", _nobody)
    said = datagrams.recv(4096).decode("ascii")
    assert said.startswith("<85>1 - ")
    assert json.loads(said[said.index("{") :])["note"] == "a\n1\n=\n\n— a =\n"
    streams, tcp = listening(socket.SOCK_STREAM, "tcp")
    received: list[bytes] = []
    reader = Thread(target=lambda: received.append(_read_to_the_end(streams)))
    reader.start()
    SyslogSink(tcp).write(line, "", _nobody)
    reader.join()
    size, _, rest = received[0].partition(b" ")
    assert (int(size), rest.decode()) == (len(rest), said)
    with pytest.raises(SinkFailed) as unread:
        SyslogSink(tcp).write(line, "", _nobody)  # the network has taken it, and nobody reads
    assert unread.value.code == "TimeoutError"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as local:
        local.bind(str(tmp_path / "log"))
        SyslogSink(str(tmp_path / "log")).write(line, "", _nobody)
        assert local.recv(4096).decode() == f"<85>shiming-audit: {line}"
    streams.close()
    with pytest.raises(SinkFailed) as failed:
        SyslogSink(tcp).write(line, "", _nobody)
    assert failed.value.code == "ECONNREFUSED"


def test_only_what_is_configured_is_written_to(tmp_path: Path) -> None:
    assert sinks_of(None, "") == []
    assert [sink.name for sink in sinks_of(tmp_path / "file", "/dev/log")] == ["file", "syslog"]


@pytest.mark.parametrize("address", ["localhost:514", "udp://localhost", "tcp://:5", "http://h:1", "tcp://h:1/path"])
def test_an_address_of_syslog_that_cannot_be_used_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="udp://host:port"):
        Settings(_env_file=None, audit_syslog=address)  # type: ignore[call-arg] # as the environment says it
