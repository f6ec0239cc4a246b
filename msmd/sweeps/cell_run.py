"""Running one cell of a sweep in a process of its own, which goes on when the page that started it is closed.

RUNS/cell-…/cell.json   which cell of which sweep
RUNS/cell-…/log.txt     what the process said
RUNS/cell-…/lock        held by the process as long as it lives
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from msmd.errors import MsmdError
from msmd.sweeps.collect import root_of
from msmd.sweeps.outcome import read_outcome
from msmd.sweeps.spec import SweepSpec
from msmd.sweeps.spec_file import PROJECT, read_spec, shown_path
from msmd.sweeps.spec_text import spec_text
from msmd.sweeps.table import sweeps_folder
from msmd.sweeps.task import tasks_of
from msmd.training.folder import STATUS, RunStatus, read_status
from msmd.training.job_folder import log_lines, runs_folder
from msmd.training.locks import holder
from msmd.training.processes import end, launch
from msmd.whole_file import write_json

CELL, PREFIX = "cell.json", "cell-"

KILLED = (
    "Its process ended without a word: it was killed, ran out of memory, or the machine was switched off. Run it again "
    "to go on from where it was."
)

State = Literal["queued", "running", "finished", "stopped", "failed"]


@dataclass(frozen=True, kw_only=True)
class SweepCell:
    """One molecule and one variant of a sweep, over all its seeds.

    Attributes:
        spec: the sweep; one without a file gets one beside its tasks.
        molecule, forecaster, variant: the cell.
        beside: further variants that are run with it, such as the full model.
    """

    spec: SweepSpec
    molecule: str
    forecaster: str
    variant: str
    beside: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """Beside the training runs, whose turns it takes."""
        return runs_folder() / f"{PREFIX}{self.spec.name}-{self.molecule}-{self.forecaster}-{self.variant}"

    @property
    def file(self) -> Path:
        """Of the sweep."""
        return PROJECT / self.spec.file if self.spec.file else sweeps_folder() / f"{self.spec.name}.toml"

    @property
    def words(self) -> list[str]:
        """What follows ``msmd`` on the command line."""
        variants = ",".join(dict.fromkeys((*self.beside, self.variant)))
        chosen = ["--molecules", self.molecule, "--forecasters", self.forecaster, "--variants", variants]
        return ["sweep", shown_path(self.file), *chosen]


@dataclass(frozen=True, kw_only=True)
class CellRun:
    """A cell that was started, as its folder shows it now.

    Attributes:
        cell: which.
        state: where it stands.
        reason: why it failed, else empty.
        training: where the training that goes on in it stands, None without one.
    """

    cell: SweepCell
    state: State
    reason: str = ""
    training: RunStatus | None = None

    @property
    def is_alive(self) -> bool:
        """True while its process lives."""
        return self.state in ("queued", "running")


def start_cell(cell: SweepCell) -> None:
    """Starts a cell, or goes on with one that was stopped; what is finished in it is not done again.

    Raises:
        MsmdError: when it runs already.
    """
    cell.folder.mkdir(parents=True, exist_ok=True)
    if not cell.spec.file:
        cell.file.parent.mkdir(parents=True, exist_ok=True)
        cell.file.write_text(spec_text(cell.spec), encoding="utf-8")
    words = ["sweep", str(cell.file), *cell.words[2:], "--jobs", "1", "--queued", str(cell.folder)]
    launch(cell.folder, words)
    _write(cell, stopped=False)


def stop_cell(cell: SweepCell) -> None:
    """Ends the process of a cell; starting it again goes on.

    Raises:
        MsmdError: when it does not end.
    """
    _write(cell, stopped=True)
    end(cell.folder)


def read_cell_run(cell: SweepCell) -> CellRun | None:
    """Where a cell stands, None where it was never started here."""
    path = cell.folder / CELL
    if not path.exists():
        return None
    status = read_status(cell.folder)
    tasks = _tasks(cell)
    if holder(cell.folder) is not None:
        is_queued = status is not None and status.state == "queued"
        return CellRun(cell=cell, state="queued" if is_queued else "running", training=_training(tasks))
    if json.loads(path.read_text(encoding="utf-8"))["stopped"]:
        return CellRun(cell=cell, state="stopped")
    outcomes = [read_outcome(folder) for folder in tasks]
    if outcomes and all(outcome is not None and outcome.state == "finished" for outcome in outcomes):
        return CellRun(cell=cell, state="finished")
    reasons = [outcome.reason for outcome in outcomes if outcome is not None and outcome.reason]
    said = [line.removeprefix("msmd: ") for line in log_lines(cell.folder, 200) if line.startswith("msmd: ")]
    return CellRun(cell=cell, state="failed", reason=(reasons or said or [KILLED])[0])


def list_cell_runs() -> list[CellRun]:
    """Every cell that was started here and whose sweep is still at hand."""
    found = []
    for path in sorted(runs_folder().glob(f"{PREFIX}*/{CELL}")):
        entry = json.loads(path.read_text(encoding="utf-8"))
        try:
            spec = read_spec(Path(entry["file"]))
        except MsmdError:  # the sweep was renamed or removed since
            continue
        run = read_cell_run(
            SweepCell(spec=spec, molecule=entry["molecule"], forecaster=entry["forecaster"], variant=entry["variant"])
        )
        found += [run] if run is not None else []
    return found


def _write(cell: SweepCell, *, stopped: bool) -> None:
    entry = {
        "file": str(cell.file),
        "molecule": cell.molecule,
        "forecaster": cell.forecaster,
        "variant": cell.variant,
        "stopped": stopped,
    }
    write_json(cell.folder / CELL, entry)


def _tasks(cell: SweepCell) -> list[Path]:
    """The folders of a cell's tasks, one per seed, split and budget."""
    wanted = cell.molecule, cell.forecaster, cell.variant
    tasks = (task for task in tasks_of(cell.spec) if (task.molecule, task.forecaster, task.variant) == wanted)
    return [root_of(cell.spec) / task.name for task in tasks]


def _training(tasks: Sequence[Path]) -> RunStatus | None:
    """Of the task that is trained now, the one heard of last."""
    found = [read_status(path.parent) for folder in tasks for path in folder.rglob(STATUS)]
    going_on = [status for status in found if status is not None and status.state in ("training", "calibrating")]
    return max(going_on, key=lambda status: status.updated, default=None)
