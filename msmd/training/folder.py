"""What a run folder says, for whoever watches it: plan, status and reports.  Nothing here imports torch.

RUN/run.json           what is trained, on what, how
RUN/metrics.jsonl      one line per epoch
RUN/status.json        where it stands
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from msmd.checkpoint import CARD, config_from_json
from msmd.data.windows import Protocol
from msmd.errors import CheckpointError
from msmd.training.config import FitConfig
from msmd.whole_file import write_json

RUN, METRICS, STATUS = "run.json", "metrics.jsonl", "status.json"
BEST = "best"
"""The folder of the checkpoint with the lowest validation error so far, for trainings that keep one."""


@dataclass(frozen=True, kw_only=True)
class RunPlan:
    """What a run trains, on what, and how: all that ``run.json`` holds.

    Attributes:
        forecaster: name in the registry.
        data: molecule or file, as it was given.
        source: of the data.
        budget: ``"frames"`` for everything in the training block, ``"windows"`` for its windows alone.
        protocol: how windows are cut.
        fit: settings of the loop.
        command: that made the run.
        dt_fs: time between frames, for files that do not say it.
    """

    forecaster: str
    data: str
    source: str
    budget: str
    protocol: Protocol
    fit: FitConfig
    command: str
    dt_fs: float | None = None


@dataclass(frozen=True, kw_only=True)
class RunStatus:
    """Where a run stands, as ``status.json`` holds it.

    Attributes:
        state: ``"queued"``, ``"starting"``, ``"training"``, ``"calibrating"``, ``"finished"`` or ``"failed"``.
        stage, stage_index, n_stages, progress: of the present stage.
        seconds: of training so far.
        seconds_left: estimate to the end of training, None before the first epoch.
        loss: latest.
        message: why it failed.
        updated: Unix time of this entry, so that a watcher sees a dead process.
    """

    state: str
    stage: str = ""
    stage_index: int = 0
    n_stages: int = 0
    progress: float = 0.0
    seconds: float = 0.0
    seconds_left: float | None = None
    loss: float | None = None
    message: str = ""
    updated: float = 0.0


@dataclass(frozen=True, kw_only=True)
class EpochReport:
    """How training stands at the end of an epoch.

    Attributes:
        stage: its name.
        stage_index, n_stages: which of how many.
        step: steps done in this stage.
        progress: fraction of the stage that is done.
        loss: mean over the epoch's steps.
        learning_rate: of the last step.
        seconds: of training so far, all stages and earlier runs included.
        validation: A-MSE of heavy atoms in Å² (``a_mse`` and one entry per band), when it was measured.
        is_taken_back: True at the end of a stage that spoilt the model, which is again what it was before it.
    """

    stage: str
    stage_index: int
    n_stages: int
    step: int
    progress: float
    loss: float
    learning_rate: float
    seconds: float
    validation: dict[str, float] | None = None
    is_taken_back: bool = False


def read_plan(folder: Path) -> RunPlan | None:
    """The plan of the run in a folder, None where there is none.

    Raises:
        CheckpointError: when ``run.json`` cannot be read.
    """
    path = folder / RUN
    if not path.exists():
        return None
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        entries["plan"]["fit"].pop("precision", None)  # older runs name it; it was always single
        return config_from_json(RunPlan, entries["plan"])
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path} cannot be read ({error}); the folder holds no run of msmd.") from error


def refuse_checkpoint(folder: Path) -> None:
    """Refuses to train where a checkpoint lies that no run there has made: it would look like a finished run.

    Raises:
        CheckpointError: naming the folder.
    """
    if (folder / CARD).exists() and not (folder / RUN).exists():
        raise CheckpointError(
            f"{folder} holds a checkpoint that no run there has made; give another folder to train in."
        )


def read_status(folder: Path) -> RunStatus | None:
    """Where the run in a folder stands, None before it has begun."""
    path = folder / STATUS
    if not path.exists():
        return None
    try:
        return RunStatus(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise CheckpointError(f"{path} cannot be read ({error}); remove the folder, or the file.") from error


def data_of(folder: Path, data: str) -> str:
    """A run's data: the molecule or file that it names.

    A file kept in the run is found wherever the run lies now, another one also from another working directory.
    """
    if not Path(data).suffix or Path(data).exists():
        return data
    entries = json.loads((folder / RUN).read_text(encoding="utf-8")) if (folder / RUN).exists() else {}
    places = (folder / Path(data).name, Path(entries.get("data_path", data)))
    return str(next((place for place in places if place.exists()), data))


def read_metrics(folder: Path) -> list[EpochReport]:
    """The reports of every epoch so far; a last line that is still being written, or was cut short, is left out.

    Raises:
        CheckpointError: when another line cannot be read.
    """
    path = folder / METRICS
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    whole = text[: text.rfind("\n") + 1]
    try:
        return [EpochReport(**json.loads(line)) for line in whole.splitlines()]
    except (ValueError, TypeError) as error:
        raise CheckpointError(f"{path} cannot be read ({error}); remove the folder, or the line.") from error


def write_status(folder: Path, status: RunStatus) -> None:
    """Replaces ``status.json`` in one go."""
    write_json(folder / STATUS, asdict(replace(status, updated=time.time())))
