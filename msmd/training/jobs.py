"""Training jobs: start, stop, resume, rename, delete; each is a process of its own with a run folder."""

from __future__ import annotations

import secrets
import shutil
import time
from dataclasses import asdict, replace
from pathlib import Path

from msmd.checkpoint import config_from_json
from msmd.errors import MsmdError
from msmd.training.folder import RUN
from msmd.training.job_folder import JobSpec, read_entry, write_entry
from msmd.training.locks import holder
from msmd.training.processes import end, launch

MAX_STEM = 40
"""Characters of a file's name in the name of a run folder, which holds 255 bytes, up to four of them a character."""


def start_job(root: Path, spec: JobSpec, title: str, *, data: bytes | None = None) -> Path:
    """Starts a job that goes on when this process ends; returns its run folder.

    Args:
        root: the folder of runs.
        spec: what to do.
        title: for people.
        data: content of the file that ``spec.data`` names, where it lies nowhere yet; it is kept in the run.
    """
    stem = Path(spec.data).stem[:MAX_STEM]
    folder = root / f"{stem}-{spec.forecaster}-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"
    folder.mkdir(parents=True)
    if data is not None:
        kept = folder / Path(spec.data).name  # readers name source and molecule after the file
        kept.write_bytes(data)
        spec = replace(spec, data=str(kept))
    write_entry(folder, {"title": title, "spec": asdict(spec), "created": time.time(), "stopped": False})
    _launch(folder, spec.arguments())
    return folder


def resume_job(folder: Path) -> None:
    """Goes on with a run that was stopped, died or failed, from its last epoch.

    Raises:
        MsmdError: when a process works on it already.
    """
    entry = read_entry(folder)
    spec = config_from_json(JobSpec, entry["spec"])
    _launch(folder, [] if (folder / RUN).exists() else spec.arguments())
    write_entry(folder, entry | {"stopped": False})


def stop_job(folder: Path) -> None:
    """Ends the process of a run; the run can be resumed from its last epoch."""
    if holder(folder) is None:
        return
    write_entry(folder, read_entry(folder) | {"stopped": True})
    end(folder)


def rename_job(folder: Path, title: str) -> None:
    """Gives a run another title; its folder keeps its name.

    Raises:
        MsmdError: for an empty title.
    """
    if not title.strip():
        raise MsmdError("A run needs a title of at least one character.")
    write_entry(folder, read_entry(folder) | {"title": title.strip()})


def delete_job(folder: Path) -> None:
    """Removes a run and everything in it.

    Raises:
        MsmdError: while a process works on it.
    """
    if not folder.is_dir():
        return  # another visitor was faster
    if holder(folder) is not None:
        raise MsmdError(f"The run {folder.name} is at work; stop it before you delete it.")
    shutil.rmtree(folder, ignore_errors=True)
    if folder.is_dir():
        raise MsmdError(f"The run {folder.name} could not be deleted whole; remove {folder} by hand.")


def _launch(folder: Path, arguments: list[str]) -> None:
    launch(folder, ["train", *arguments, "--run", str(folder), "--queued"])
