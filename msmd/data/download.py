"""Downloads of the real data: resumed where they were cut, checked before they count.

A file grows under the name ``….part`` and is renamed when every check has passed, so that what is in the cache is
whole.  rMD17 comes as one archive for all molecules; it stays in the cache, and the next molecule only unpacks it.
"""

from __future__ import annotations

import errno
import http.client
import os
import shutil
import tarfile
import time
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from msmd.data.load import cache_folder
from msmd.data.md17 import content_md5
from msmd.data.npz import npz_keys, read_npz
from msmd.data.registry import RemoteFile, molecule_card
from msmd.errors import DataError, unknown_name
from msmd.file_lock import try_lock

CHUNK_BYTES = 1 << 18
USER_AGENT = "msmd (molecular dynamics explorer)"
FRAME_KEYS = ("R", "coords")
REMOTE_SOURCES = ("md17", "rmd17")


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long to wait for a server.

    Attributes:
        timeout_s: without a byte for this long, the connection is given up and made anew.
        attempts: connections in a row that may bring nothing new before the download is given up.
        pause_s: wait before the second attempt; doubled each time.
    """

    timeout_s: float = 30.0
    attempts: int = 5
    pause_s: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a download stands.

    Attributes:
        stage: ``"waiting"`` (for another process that fetches), ``"downloading"``, ``"unpacking"``, ``"checking"`` or
            ``"done"``.
        done, total: bytes; ``total`` is None where the server does not say.
    """

    stage: str
    done: int
    total: int | None


def fetch(name: str, source: str, *, patience: Patience = Patience()) -> Iterator[Progress]:
    """Brings a molecule's real data into the cache; at once where they are there.

    Args:
        name: a molecule of the registry.
        source: ``"md17"`` or ``"rmd17"``.
        patience: with the server.

    Raises:
        UnknownNameError: for an unknown molecule or source.
        DataError: when the server cannot be reached or gives up, or what came is not what it should be.
    """
    card = molecule_card(name)
    if source not in REMOTE_SOURCES:
        raise unknown_name("source to fetch from", source, REMOTE_SOURCES)
    if source not in card.remote:
        raise DataError(f"{card.title} is not part of {source}; there is nothing to fetch.")
    yield from fetch_file(card.remote[source], cache_folder() / source / f"{source}_{name}.npz", patience=patience)


def fetch_file(remote: RemoteFile, target: Path, *, patience: Patience = Patience()) -> Iterator[Progress]:
    """Downloads, unpacks and checks one published file; one process at a time in a folder.

    Raises:
        DataError: as ``fetch``.
    """
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            while not try_lock(folder):  # two processes must not append to one file
                yield Progress(stage="waiting", done=0, total=None)
                time.sleep(patience.pause_s)
            if not target.exists():
                yield from _brought(remote, target, patience)
        finally:
            os.close(folder)
    size = target.stat().st_size
    yield Progress(stage="done", done=size, total=size)


def _brought(remote: RemoteFile, target: Path, patience: Patience) -> Iterator[Progress]:
    partial = target.with_name(target.name + ".part")
    if remote.member is None:
        yield from _download(remote.url, partial, patience)
    else:
        archive = target.parent / "archive.tar.bz2"
        if not archive.exists():
            yield from _download(remote.url, archive.with_name("archive.part"), patience)
            archive.with_name("archive.part").replace(archive)
        yield Progress(stage="unpacking", done=0, total=None)
        _extract(archive, remote.member, partial)
    yield Progress(stage="checking", done=0, total=None)
    _check_or_discard(partial, remote)
    partial.replace(target)


def check_file(path: Path, remote: RemoteFile) -> None:
    """Refuses a file that is not what was published.

    Raises:
        DataError: for a wrong CRC, a wrong ``md5`` field, or another number of frames.
    """
    keys = npz_keys(path)
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
    except (zlib.error, zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        raise DataError(f"{path.name} cannot be unpacked ({error}): the file is damaged.") from error
    if damaged:
        raise DataError(f"{damaged} in {path.name} has a wrong checksum: the file is damaged.")
    key = next((key for key in FRAME_KEYS if key in keys), None)
    if key is None:
        raise DataError(f"{path.name} holds {', '.join(keys)}; expected one of {', '.join(FRAME_KEYS)}.")
    arrays = read_npz(path, (key,), ("z", "R", "E", "F", "md5"))
    if len(arrays[key]) != remote.n_frames:
        raise DataError(f"{path.name} holds {len(arrays[key])} frames; expected {remote.n_frames}.")
    if "md5" in arrays:
        stated, found = _text(arrays["md5"].item()), content_md5(arrays)
        if stated != found:
            raise DataError(f"The arrays in {path.name} have the MD5 {found}; the file states {stated}.")


def _text(value: bytes | str) -> str:
    return value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)


def _check_or_discard(path: Path, remote: RemoteFile) -> None:
    """What fails the checks is deleted, so that the next attempt starts afresh instead of resuming a wrong file."""
    try:
        check_file(path, remote)
    except DataError as error:
        path.unlink(missing_ok=True)
        raise DataError(f"{remote.url} did not deliver what was published and was discarded: {error}") from error


def _download(url: str, partial: Path, patience: Patience) -> Iterator[Progress]:
    """Appends to ``partial`` until the server has no more; connects again after cuts and errors."""
    failures, reason = 0, ""
    while True:
        before = partial.stat().st_size if partial.exists() else 0
        try:
            yield from _transfer(url, partial, patience.timeout_s)
        except urllib.error.HTTPError as error:
            if error.code in (400, 401, 403, 404, 410):
                raise DataError(
                    f"{url} answered {error.code} {error.reason}: the file is not there (any more)."
                ) from error
            reason = f"the server answered {error.code} {error.reason}"
        except (OSError, http.client.HTTPException) as error:
            reason = str(getattr(error, "reason", error)) or type(error).__name__
        else:
            return
        after = partial.stat().st_size if partial.exists() else 0
        failures = failures + 1 if after <= before else 1
        if failures >= patience.attempts:
            raise DataError(
                f"{url} could not be downloaded ({reason}); are you offline? {after} bytes are kept, and the same "
                "command goes on from there."
            )
        time.sleep(patience.pause_s * 2 ** (failures - 1))


def _transfer(url: str, partial: Path, timeout_s: float) -> Iterator[Progress]:
    """One connection: asks for what is missing, and starts over where the server cannot resume."""
    have = partial.stat().st_size if partial.exists() else 0
    headers = {"User-Agent": USER_AGENT, **({"Range": f"bytes={have}-"} if have else {})}
    try:
        response = urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=timeout_s)
    except urllib.error.HTTPError as error:
        if error.code != 416:
            raise
        # Nothing lies beyond what we have: complete, or a leftover of another file, which the checks will tell.
        size = _size_beyond_range(error)
        if size != have:
            partial.unlink()
            raise ConnectionError("the partial file was longer than the published one") from error
        yield Progress(stage="downloading", done=have, total=have)
        return
    with response:
        resumed = response.status == 206
        done = have if resumed else 0
        length = response.headers.get("Content-Length")
        total = done + int(length) if length is not None else None
        with open(partial, "ab" if resumed else "wb") as file:
            yield Progress(stage="downloading", done=done, total=total)
            while chunk := response.read1(CHUNK_BYTES):  # what has come, so that a stall loses nothing
                file.write(chunk)
                done += len(chunk)
                yield Progress(stage="downloading", done=done, total=total)
    if total is not None and done < total:
        raise ConnectionError(f"the connection broke after {done} of {total} bytes")


def _size_beyond_range(error: urllib.error.HTTPError) -> int | None:
    """The file's size, from ``Content-Range: bytes */SIZE``."""
    size = (error.headers.get("Content-Range") or "").rpartition("/")[2]
    return int(size) if size.isdigit() else None


def _extract(archive: Path, member: str, out: Path) -> None:
    """Streams one member out of a tar archive; a damaged archive is deleted, one that there is no room for is not."""
    try:
        with tarfile.open(archive, "r|*") as tar:
            for entry in tar:
                if entry.name == member or entry.name.endswith("/" + member):
                    stream = tar.extractfile(entry)
                    if stream is None:
                        break
                    with open(out, "wb") as file:
                        shutil.copyfileobj(stream, file, CHUNK_BYTES)
                    return
    except (tarfile.TarError, EOFError, OSError) as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS):
            raise DataError(f"{out} cannot be written: {error.strerror}. Make room and fetch again.") from error
        archive.unlink(missing_ok=True)
        raise DataError(f"The archive is damaged and was discarded ({error}); fetch it again.") from error
    raise DataError(f"{archive} holds no {member}; the published archive has changed.")
