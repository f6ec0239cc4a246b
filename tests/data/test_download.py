"""Downloads against a server on this machine that truncates, stalls, fails, resumes, and lies."""

from __future__ import annotations

import errno
import fcntl
import io
import os
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from msmd.data.download import Patience, check_file, fetch, fetch_file
from msmd.data.load import available_sources, load_dataset, source_path
from msmd.data.md17 import content_md5
from msmd.data.registry import molecule_card
from msmd.errors import DataError, UnknownNameError

PATIENCE = Patience(timeout_s=0.4, attempts=4, pause_s=0.01)


@dataclass
class Request:
    """One request as the server saw it."""

    first_byte: int
    handler: BaseHTTPRequestHandler

    def send(self, body: bytes, *, status: int = 200, length: int | None = None, **headers: str) -> None:
        self.handler.send_response(status)
        self.handler.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers.items():
            self.handler.send_header(name.replace("_", "-"), value)
        self.handler.end_headers()
        self.handler.wfile.write(body)


def whole_or_rest(request: Request, content: bytes) -> None:
    """A well-behaved server with Range."""
    if request.first_byte >= len(content):
        request.send(b"", status=416, Content_Range=f"bytes */{len(content)}")
    elif request.first_byte:
        request.send(content[request.first_byte :], status=206)
    else:
        request.send(content)


def without_range(request: Request, content: bytes) -> None:
    request.send(content)


def truncated(request: Request, content: bytes) -> None:
    """Promises everything, sends a third of what is left, and hangs up."""
    rest = content[request.first_byte :]
    third = rest[: max(len(rest) // 3, 1)]
    request.send(third, status=206 if request.first_byte else 200, length=len(rest))


def stalling(request: Request, content: bytes) -> None:
    """Sends half of what is left, then nothing for longer than a client waits."""
    rest = content[request.first_byte :]
    request.send(rest[: len(rest) // 2], status=206 if request.first_byte else 200, length=len(rest))
    request.handler.wfile.flush()
    time.sleep(1.0)


def failing(status: int) -> Callable[[Request, bytes], None]:
    return lambda request, content: request.send(b"", status=status)


@dataclass
class Server:
    """Serves ``content`` with one behaviour per request, the last one for all further requests."""

    url: str
    content: bytes = b""
    behaviours: list[Callable[[Request, bytes], None]] = field(default_factory=lambda: [whole_or_rest])
    first_bytes: list[int] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server(url="")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            first = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
            state.first_bytes.append(first)
            turn = min(len(state.first_bytes), len(state.behaviours)) - 1
            state.behaviours[turn](Request(first, self), state.content)

        def log_message(self, *args: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    state.url = f"http://127.0.0.1:{http.server_port}/file"
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    yield state
    http.shutdown()
    http.server_close()


@pytest.fixture(scope="module")
def arrays() -> dict[str, np.ndarray]:
    """What an MD17 file of ethanol holds, in small; noise, so that it does not compress to nothing."""
    segment = load_dataset("ethanol").segments[0]
    frames = segment.labelled_frames[:60]
    found = {
        "z": np.array(segment.molecule.numbers, dtype=np.uint8),
        "R": segment.positions[frames],
        "E": segment.energies[frames][:, None],
        "F": segment.forces[frames],
    }
    return {**found, "md5": np.array(content_md5(found).encode())}


def as_bytes(arrays: dict[str, np.ndarray]) -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


@pytest.fixture
def remote(server, arrays):
    server.content = as_bytes(arrays)
    return replace(molecule_card("ethanol").md17, url=server.url, n_frames=60)


def run(remote, target: Path) -> list:
    return list(fetch_file(remote, target, patience=PATIENCE))


def test_a_plain_download(server, remote, tmp_path):
    steps = run(remote, tmp_path / "a" / "a.npz")
    assert (tmp_path / "a" / "a.npz").read_bytes() == server.content
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["a.npz"]
    assert list(dict.fromkeys(step.stage for step in steps)) == ["downloading", "checking", "done"]
    done = [step.done for step in steps if step.stage == "downloading"]
    assert done == sorted(done)
    assert done[-1] == steps[0].total == len(server.content)


def test_what_is_there_is_not_asked_for_again(server, remote, tmp_path):
    run(remote, tmp_path / "a.npz")
    assert [step.stage for step in run(remote, tmp_path / "a.npz")] == ["done"]
    assert len(server.first_bytes) == 1


@pytest.mark.parametrize(
    "behaviours",
    [
        [truncated, truncated, whole_or_rest],
        [stalling, whole_or_rest],
        [truncated, failing(500), failing(503), whole_or_rest],
        [truncated, stalling, without_range],
    ],
    ids=["truncated twice", "stalled", "errors in the middle", "no resume"],
)
def test_cuts_stalls_and_errors_are_overcome(server, remote, tmp_path, behaviours):
    server.behaviours = behaviours
    run(remote, tmp_path / "a.npz")
    assert (tmp_path / "a.npz").read_bytes() == server.content
    assert len(server.first_bytes) == len(behaviours)
    assert server.first_bytes[1] > 0


def test_an_interrupted_command_goes_on(server, remote, tmp_path):
    server.behaviours = [truncated]
    steps = fetch_file(remote, tmp_path / "a.npz", patience=PATIENCE)
    for step in steps:
        if step.done:
            steps.close()
            break
    kept = (tmp_path / "a.npz.part").stat().st_size
    assert kept > 0
    server.behaviours, server.first_bytes = [whole_or_rest], []
    run(remote, tmp_path / "a.npz")
    assert server.first_bytes == [kept]
    assert (tmp_path / "a.npz").read_bytes() == server.content


def test_a_whole_leftover_is_recognised(server, remote, tmp_path):
    (tmp_path / "a.npz.part").write_bytes(server.content)
    run(remote, tmp_path / "a.npz")
    assert (tmp_path / "a.npz").read_bytes() == server.content


def test_a_leftover_that_is_too_long_is_thrown_away(server, remote, tmp_path):
    (tmp_path / "a.npz.part").write_bytes(server.content + b"more")
    run(remote, tmp_path / "a.npz")
    assert (tmp_path / "a.npz").read_bytes() == server.content


def test_a_server_that_never_recovers(server, remote, tmp_path):
    server.behaviours = [truncated, failing(500)]
    with pytest.raises(DataError, match=r"could not be downloaded \(the server answered 500.*bytes are kept"):
        run(remote, tmp_path / "a.npz")
    assert len(server.first_bytes) == 1 + PATIENCE.attempts - 1
    assert (tmp_path / "a.npz.part").stat().st_size == len(server.content) // 3
    assert not (tmp_path / "a.npz").exists()


def test_a_file_that_is_gone(server, remote, tmp_path):
    server.behaviours = [failing(404)]
    with pytest.raises(DataError, match="answered 404"):
        run(remote, tmp_path / "a.npz")
    assert len(server.first_bytes) == 1


def test_offline(remote, tmp_path):
    nowhere = replace(remote, url="http://127.0.0.1:9/file")
    with pytest.raises(DataError, match=r"could not be downloaded .*are you offline\? 0 bytes are kept"):
        run(nowhere, tmp_path / "a.npz")


def test_wrong_number_of_frames(remote, tmp_path):
    with pytest.raises(DataError, match=r"discarded: .* holds 60 frames; expected 61"):
        run(replace(remote, n_frames=61), tmp_path / "a.npz")
    assert list(tmp_path.iterdir()) == []


def test_wrong_md5(server, arrays, remote, tmp_path):
    server.content = as_bytes({**arrays, "R": arrays["R"] + 1e-9})
    with pytest.raises(DataError, match=r"have the MD5 \w+; the file states"):
        run(remote, tmp_path / "a.npz")


def test_wrong_crc(server, remote, tmp_path):
    damaged = bytearray(server.content)
    damaged[len(damaged) // 2] ^= 0xFF
    server.content = bytes(damaged)
    with pytest.raises(DataError, match="discarded"):
        run(remote, tmp_path / "a.npz")
    assert list(tmp_path.iterdir()) == []


def test_a_compressed_file_that_cannot_be_unpacked_is_discarded(server, remote, tmp_path):
    """Wherever the damage is: zlib says so in its own way, the checksum or the directory in theirs."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, z=np.array([1]), R=np.random.default_rng(0).normal(size=(remote.n_frames, 1, 3)))
    said = []
    for place in range(40, len(buffer.getvalue()), len(buffer.getvalue()) // 40):
        damaged = bytearray(buffer.getvalue())
        damaged[place] ^= 0xFF
        (tmp_path / "a.npz").write_bytes(bytes(damaged))
        try:
            check_file(tmp_path / "a.npz", remote)
        except DataError as error:
            said.append(str(error))
    assert any("cannot be unpacked" in sentence for sentence in said)


def test_a_page_instead_of_a_file(server, remote, tmp_path):
    server.content = b"<html>log in</html>"
    with pytest.raises(DataError, match="did not deliver what was published"):
        run(remote, tmp_path / "a.npz")


def archive_of(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:bz2") as tar:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


@pytest.fixture
def archived(server, arrays):
    rmd17 = {"coords": arrays["R"], "nuclear_charges": arrays["z"], "old_indices": np.arange(60)}
    content = as_bytes(rmd17)
    server.content = archive_of({"rmd17/readme.txt": b"hello", "rmd17/npz_data/a.npz": content, "rmd17/b.npz": content})
    return replace(molecule_card("ethanol").rmd17, url=server.url, n_frames=60, member="rmd17/npz_data/a.npz")


def test_a_member_of_an_archive(server, archived, tmp_path):
    server.behaviours = [truncated, whole_or_rest]
    steps = run(archived, tmp_path / "a.npz")
    assert "unpacking" in {step.stage for step in steps}
    check_file(tmp_path / "a.npz", archived)
    asked = len(server.first_bytes)
    run(replace(archived, member="rmd17/b.npz"), tmp_path / "b.npz")
    assert len(server.first_bytes) == asked


def test_a_member_that_is_missing(archived, tmp_path):
    with pytest.raises(DataError, match=r"holds no rmd17/c.npz; the published archive has changed"):
        run(replace(archived, member="rmd17/c.npz"), tmp_path / "a.npz")


def test_an_archive_that_is_damaged(server, archived, tmp_path):
    server.content = server.content[:-200] + bytes(200)
    with pytest.raises(DataError, match="archive is damaged and was discarded"):
        run(replace(archived, member="rmd17/z.npz"), tmp_path / "a.npz")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_does_not_cost_the_archive(archived, tmp_path, monkeypatch):
    def copy(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr("msmd.data.download.shutil.copyfileobj", copy)
        with pytest.raises(DataError, match=r"cannot be written: No space left on device\. Make room"):
            run(archived, tmp_path / "a.npz")
    run(archived, tmp_path / "a.npz")
    check_file(tmp_path / "a.npz", archived)


def test_fetch_puts_files_where_they_are_looked_for(server, remote, tmp_path, monkeypatch):
    monkeypatch.setenv("MSMD_CACHE", str(tmp_path))
    monkeypatch.delenv("MSMD_REAL_DATA", raising=False)
    card = molecule_card("ethanol")
    monkeypatch.setattr("msmd.data.download.molecule_card", lambda name: replace(card, md17=remote))
    assert "md17" not in available_sources("ethanol")
    with pytest.raises(DataError, match=r"run `msmd fetch ethanol --source md17`"):
        source_path("ethanol", "md17")
    list(fetch("ethanol", "md17", patience=PATIENCE))
    assert "md17" in available_sources("ethanol")
    assert load_dataset("ethanol", source="md17").n_frames == 60


def test_two_at_once_take_turns(remote, tmp_path):
    folder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    steps = fetch_file(remote, tmp_path / "a.npz", patience=PATIENCE)
    assert [next(steps).stage for _ in range(3)] == ["waiting"] * 3
    os.close(folder)
    assert [step.stage for step in steps][-1] == "done"
    check_file(tmp_path / "a.npz", remote)


def test_a_molecule_outside_md17_is_not_looked_for(monkeypatch):
    outsider = replace(molecule_card("ethanol"), md17=None)
    monkeypatch.setattr("msmd.data.download.molecule_card", lambda name: outsider)
    with pytest.raises(DataError, match="Ethanol is not part of md17; there is nothing to fetch"):
        next(fetch("ethanol", "md17"))


@pytest.mark.parametrize(("name", "source"), [("etanol", "md17"), ("ethanol", "gfn2")])
def test_unknown_names(name, source):
    with pytest.raises(UnknownNameError, match="Unknown"):
        next(fetch(name, source))
