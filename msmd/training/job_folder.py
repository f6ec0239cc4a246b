"""What a run folder shows of a training job.  Nothing is kept in memory: another tab or server sees the same.

RUN/job.json   what was asked for, its title, whether it was stopped
RUN/log.txt    what the process said
RUN/lock       held by the process as long as it lives (``locks``)
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

from msmd.checkpoint import CARD, config_from_json
from msmd.errors import CheckpointError, MsmdError
from msmd.training.folder import RUN, RunPlan, RunStatus, read_plan, read_status
from msmd.training.locks import holder
from msmd.whole_file import write_json

JOB, LOG = "job.json", "log.txt"
STARTED = "--- started"
"""Begins the line that divides the log between one start of a job and the next."""


@dataclass(frozen=True, kw_only=True)
class JobSpec:
    """What a job is asked to do: the options of ``msmd train``.

    Attributes:
        forecaster: name in the registry.
        data: a molecule of the registry, or the path of a file.
        source: of the data, for a molecule.
        dt_fs: time between frames, for a file that does not say it.
        windows: a number, or ``"all"`` for every frame.
        minutes: wall time of training; None for the forecaster's own steps times ``epochs``.
        epochs: multiple of the forecaster's own steps.
        device: ``"cpu"`` or ``"gpu"``.
        split, sampling: of the protocol.
        seed: feeds every random choice.
        options: entries of the forecaster's config, each ``name=value``.
    """

    forecaster: str
    data: str
    source: str = "gfn2"
    windows: str = "all"
    minutes: float | None = None
    epochs: float | None = None
    device: str = "cpu"
    split: str = "blocked"
    sampling: str = "even"
    seed: int = 0
    options: tuple[str, ...] = ()
    dt_fs: float | None = None

    def arguments(self) -> list[str]:
        """What follows ``msmd train`` on the command line, the run folder left out."""
        is_file = Path(self.data).suffix != ""
        words = ["--data", self.data] if is_file else [self.data, "--source", self.source]
        for name in ("forecaster", "windows", "epochs", "device", "split", "sampling", "seed"):
            value = getattr(self, name)
            words += [] if value is None else [f"--{name}", str(value)]
        words += [] if self.dt_fs is None else ["--dt-fs", str(self.dt_fs)]
        words += [] if self.minutes is None else ["--max-minutes", str(self.minutes)]
        return words + [word for option in self.options for word in ("--set", option)]


@dataclass(frozen=True, kw_only=True)
class Job:
    """A run as its folder shows it.

    Attributes:
        folder: its name is the run's identity.
        title: for people.
        spec: what was asked for.
        created: Unix time.
        state: ``"queued"``, ``"starting"``, ``"training"``, ``"calibrating"``, ``"finished"``, ``"stopped"`` or
            ``"failed"``.
        status: where it stands; None before its process has said anything.
        reason: one sentence on why it failed, else empty.
    """

    folder: Path
    title: str
    spec: JobSpec
    created: float
    state: str
    status: RunStatus | None
    reason: str = ""

    @property
    def is_alive(self) -> bool:
        """True while a process works on it or waits for its turn."""
        return self.state in LIVE

    @property
    def seconds_left(self) -> float | None:
        """Of training, None where nobody knows."""
        if self.status is None or self.status.seconds == 0:
            return None
        if self.spec.minutes is not None:
            return max(60 * self.spec.minutes - self.status.seconds, 0.0)
        return self.status.seconds_left

    @property
    def progress(self) -> float:
        """Fraction of training that is done, by time."""
        if self.state in ("calibrating", "finished"):
            return 1.0
        left = self.seconds_left
        return 0.0 if left is None else self.status.seconds / (self.status.seconds + left)


LIVE = ("queued", "starting", "training", "calibrating")


def runs_folder() -> Path:
    """Where runs live: ``MSMD_RUNS``, or ``runs`` under the working directory."""
    return Path(os.environ.get("MSMD_RUNS", "runs")).expanduser().resolve()


def list_jobs(root: Path) -> list[Job]:
    """Every run in a folder that can be read, the newest first."""
    found = [entry for entry in _entries(root) if isinstance(entry, Job)]
    return sorted(found, key=lambda job: job.created, reverse=True)


def unreadable_jobs(root: Path) -> list[str]:
    """A sentence for every run in a folder that cannot be read: damaged, or made by another version."""
    return sorted(str(entry) for entry in _entries(root) if isinstance(entry, MsmdError))


def _entries(root: Path) -> Iterator[Job | MsmdError]:
    folders = sorted(root.iterdir()) if root.is_dir() else []
    for folder in folders:
        if (folder / JOB).exists() or (folder / RUN).exists():
            try:
                yield read_job(folder)
            except FileNotFoundError:  # deleted meanwhile
                continue
            except MsmdError as error:
                yield error


def read_job(folder: Path) -> Job:
    """A run as its folder shows it now; also one that ``msmd train`` was told to make by hand.

    Raises:
        MsmdError: when the folder holds no run, or one that cannot be read.
    """
    pid = holder(folder)
    job = read_entry(folder)
    status = read_status(folder)
    state = _state(folder, pid, status, stopped=job.get("stopped", False))
    try:
        title, created = str(job["title"]), float(job["created"])
        spec = config_from_json(JobSpec, job["spec"])
    except (CheckpointError, KeyError, TypeError, ValueError) as error:
        raise _unreadable(folder / JOB, error) from error
    return Job(
        folder=folder,
        title=title,
        spec=spec,
        created=created,
        state=state,
        status=status,
        reason=_reason(folder, status) if state == "failed" else "",
    )


def log_lines(folder: Path, n_lines: int = 12) -> list[str]:
    """The last lines that the process said since it was last started."""
    path = folder / LOG
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    lines = text.rpartition(STARTED)[2].splitlines()[1:]
    return [line for line in lines if line.strip()][-n_lines:]


def _state(folder: Path, pid: int | None, status: RunStatus | None, *, stopped: bool) -> str:
    if (folder / CARD).exists():
        return "finished"
    if pid is not None:
        return status.state if status is not None and status.state in LIVE else "starting"
    return "stopped" if stopped else "failed"


def _reason(folder: Path, status: RunStatus | None) -> str:
    """What the process said last, or that it could not say anything."""
    lines = log_lines(folder)
    if status is not None and status.state == "failed":
        return status.message
    if lines and lines[-1].startswith("msmd: "):
        return lines[-1].removeprefix("msmd: ")
    if any(line.startswith("Traceback") for line in log_lines(folder, 200)):
        return f"It met an error that nobody foresaw: {lines[-1]}"
    return (
        "Its process ended without a word: it was killed, ran out of memory, or the machine was switched off. "
        "Resume goes on from the last epoch."
    )


def read_entry(folder: Path) -> dict:
    """``job.json``, or what stands for it in a run that was made by hand.

    Raises:
        MsmdError: when the folder holds no run, or one that cannot be read.
    """
    path = folder / JOB
    if path.exists():
        try:
            entry = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise _unreadable(path, error) from error
        if not isinstance(entry, dict):
            raise _unreadable(path, f"{type(entry).__name__} instead of entries")
        return entry
    plan = read_plan(folder)
    if plan is None:
        raise MsmdError(f"{folder} holds no run.")
    created = (folder / RUN).stat().st_mtime
    return {"title": folder.name, "spec": asdict(_spec_of(plan)), "created": created, "stopped": False}


def write_entry(folder: Path, entry: dict) -> None:
    """Replaces ``job.json``."""
    write_json(folder / JOB, entry)


def _unreadable(path: Path, reason: object) -> CheckpointError:
    return CheckpointError(f"{path} cannot be read ({reason}); remove the folder, or open it with the msmd it is of.")


def _spec_of(plan: RunPlan) -> JobSpec:
    protocol, fit = plan.protocol, plan.fit
    return JobSpec(
        forecaster=plan.forecaster,
        data=plan.data,
        source=plan.source,
        dt_fs=plan.dt_fs,
        windows="all" if protocol.n_train is None else str(protocol.n_train),
        minutes=fit.max_minutes,
        epochs=None if fit.max_minutes is not None else fit.steps_factor,
        device=fit.accelerator,
        split=protocol.split,
        sampling=protocol.sampling,
        seed=fit.seed,
        options=_options(plan.command),
    )


def _options(command: str) -> tuple[str, ...]:
    """What followed ``--set`` on the command line of a run.

    >>> _options("msmd train ethanol --set n_modes=3 --set 'widths=[8, 6]' --run runs/a")
    ('n_modes=3', 'widths=[8, 6]')
    """
    words = shlex.split(command)
    return tuple(after for word, after in pairwise(words) if word == "--set")
