"""The run folder: everything about one training run, readable while it goes on, and enough to go on from.

RUN/run.json           what is trained, on what, how
RUN/metrics.jsonl      one line per epoch
RUN/status.json        where it stands: for whoever watches
RUN/state.pt           the state that training resumes from
RUN/last, RUN/best     checkpoints on the way
RUN/tensorboard        the reports again, for TensorBoard
RUN/model.safetensors, RUN/card.json   the result, once finished
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from msmd.checkpoint import CARD, Provenance, data_hash, save_checkpoint
from msmd.data.windows import Split, Windows
from msmd.errors import CheckpointError, MsmdError
from msmd.training.events import event_log
from msmd.training.folder import (
    BEST,
    METRICS,
    RUN,
    EpochReport,
    RunPlan,
    RunStatus,
    read_metrics,
    read_plan,
    read_status,
    refuse_checkpoint,
    write_status,
)
from msmd.training.loop import Fit, FitState
from msmd.training.validation import a_mse_by_band
from msmd.whole_file import write_json, written_whole

if TYPE_CHECKING:
    from lightning.fabric import Fabric

STATE = "state.pt"

CALIBRATION_WINDOWS = 100
"""Windows of each kind that ``calibrate`` sees: enough for two weights per knot, minutes of rollouts for aspirin."""


def train_in_folder(
    folder: Path,
    plan: RunPlan,
    kind: type,
    config: Any,
    split: Split,
    fabric: Fabric,
    *,
    calibration: Sequence[Windows] = (),
) -> Iterator[EpochReport]:
    """Trains in a run folder, or goes on with the run that lies there; yields the reports of all epochs to come.

    The first process writes; the others only train.  A finished run yields nothing.

    Args:
        folder: the run folder.
        plan: what the run is; must agree with the run that lies there.
        kind: the forecaster's class.
        config: of the forecaster.
        split: the data, already cut down to the budget.
        fabric: launched.
        calibration: windows for forecasters that want to be calibrated at the end; training and validation windows by
            default.

    Raises:
        CheckpointError: when another run lies in the folder.
        MsmdError: when training fails; the status says why.
    """
    writes = fabric.is_global_zero
    provenance = _provenance(plan, split, fabric)
    state = _open(folder, plan, config, provenance.data_sha256, writes)
    if (folder / CARD).exists():
        return
    try:
        forecaster = kind.create(split.training, config)
        fit = Fit(forecaster, split.training, split.validation, plan.fit, fabric, state)
        yield from _train(folder, fit, provenance, writes)
        if writes:
            _finish(folder, fit, split, provenance, calibration)
    except Exception as error:
        if writes:
            write_status(folder, RunStatus(state="failed", message=str(error)))
        raise


def _train(folder: Path, fit: Fit, provenance: Provenance, writes: bool) -> Iterator[EpochReport]:
    """Trains to the end; the first process saves everything at each epoch."""
    if not writes:
        yield from fit
        return
    with event_log(folder) as add_events:
        for report in fit:
            is_best = report.validation is not None and report.validation["a_mse"] <= fit.state.best
            _save_epoch(folder, fit, report, replace(provenance, seconds=report.seconds), is_best=is_best)
            add_events(report)
            yield report


def _save_epoch(folder: Path, fit: Fit, report: EpochReport, provenance: Provenance, *, is_best: bool) -> None:
    """Metrics, checkpoints where there was a validation, then the state, which training resumes from: a kill before it
    repeats the epoch, whose line is cut and whose checkpoints are written again."""
    with (folder / METRICS).open("a", encoding="utf-8") as log:
        log.write(json.dumps(asdict(report)) + "\n")
    so_far = replace(provenance, metrics=report.validation or {})
    with fit.validated_weights():
        if report.validation is not None:
            save_checkpoint(fit.forecaster, folder / "last", so_far)
        if is_best:
            save_checkpoint(fit.forecaster, folder / BEST, so_far)
    _save_state(folder / STATE, fit.state)
    write_status(folder, _status(report))


def _status(report: EpochReport) -> RunStatus:
    done = (report.stage_index + report.progress) / report.n_stages
    return RunStatus(
        state="training",
        stage=report.stage,
        stage_index=report.stage_index,
        n_stages=report.n_stages,
        progress=report.progress,
        seconds=report.seconds,
        seconds_left=report.seconds * (1.0 - done) / done if done > 0 else None,
        loss=report.loss,
    )


def _finish(folder: Path, fit: Fit, split: Split, provenance: Provenance, calibration: Sequence[Windows]) -> None:
    """Takes the best weights where they are what counts, calibrates, and writes the result."""
    forecaster = fit.forecaster.cpu().eval()
    wants_best = fit.config.patience is not None or fit.stages[-1].keeps_best
    if wants_best and (folder / BEST).exists():
        from msmd.checkpoint import load_checkpoint

        forecaster.load_state_dict(load_checkpoint(folder / BEST).state_dict())
    write_status(folder, RunStatus(state="calibrating", progress=1.0, seconds=fit.state.seconds))
    if hasattr(forecaster, "calibrate"):
        windows = calibration or (split.training.windows, split.validation)
        forecaster.calibrate([part.take(slice(CALIBRATION_WINDOWS)) for part in windows])
    metrics = a_mse_by_band(forecaster, fit.validation)  # the windows that training and the baselines were watched on
    save_checkpoint(forecaster, folder, replace(provenance, seconds=fit.state.seconds, metrics=metrics))
    write_status(folder, RunStatus(state="finished", progress=1.0, seconds=fit.state.seconds, seconds_left=0.0))


def _open(folder: Path, plan: RunPlan, config: Any, data_sha256: str, writes: bool) -> FitState | None:
    """Starts the folder, or checks that it holds this run and reads its state."""
    found = read_plan(folder)
    if found is None:
        refuse_checkpoint(folder)
        if writes:
            folder.mkdir(parents=True, exist_ok=True)
            data = {"data_sha256": data_sha256, "data_path": str(Path(plan.data).resolve())}
            write_json(folder / RUN, {"plan": asdict(plan), "config": asdict(config)} | data)
        return None
    differing = _differing(folder, plan, config, data_sha256)
    if differing:
        raise CheckpointError(
            f"{folder} holds another run: {differing}. Give the settings of that run to go on with it, or another "
            "folder to start anew."
        )
    if not (folder / STATE).exists():
        if writes:
            _cut_metrics(folder / METRICS, -1.0)
        return None
    state = FitState(**torch.load(folder / STATE, weights_only=True, map_location="cpu"))
    if writes:
        _cut_metrics(folder / METRICS, state.seconds)
    return state


def _differing(folder: Path, plan: RunPlan, config: Any, data_sha256: str) -> str:
    """What the run in the folder has otherwise, of its plan and of the forecaster's config; empty where nothing.

    What an older run did not know is not held against it, nor is another path to the same file.  Another forecaster has
    another config, of which nobody asks.
    """
    entries = json.loads((folder / RUN).read_text(encoding="utf-8"))
    there, known = asdict(read_plan(folder)), entries.get("data_sha256")
    here = asdict(plan) | {"command": there["command"]}
    if known == data_sha256 and all(Path(part["data"]).suffix for part in (there, here)):
        here["data"] = there["data"]
    found, wanted = {"plan": there}, {"plan": here}
    if there["forecaster"] == here["forecaster"]:
        found["config"], wanted["config"] = entries["config"], asdict(config)
    theirs, ours = (_flat(json.loads(json.dumps(part))) for part in (found, wanted))
    names = {name.rpartition(".")[2]: name for name in ours if name in theirs and ours[name] != theirs[name]}
    if not names and known not in (None, data_sha256):
        return f"it began with other data under the name {there['data']!r}"
    return "; ".join(f"{short} is {theirs[name]!r}, asked for {ours[name]!r}" for short, name in names.items())


def _flat(entries: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Nested entries by their path.

    >>> _flat({"fit": {"seed": 0}, "data": "ethanol"})
    {'fit.seed': 0, 'data': 'ethanol'}
    """
    found: dict[str, Any] = {}
    for name, value in entries.items():
        found |= _flat(value, f"{before}{name}.") if isinstance(value, dict) else {before + name: value}
    return found


def _cut_metrics(path: Path, seconds: float) -> None:
    """Takes out lines written after the state that training goes on from."""
    if not path.exists():
        return
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if _is_before(line, seconds)]
    with written_whole(path) as partial:
        partial.write_text("".join(line + "\n" for line in lines), encoding="utf-8")


def _is_before(line: str, seconds: float) -> bool:
    try:
        return json.loads(line)["seconds"] <= seconds
    except json.JSONDecodeError:
        return False


def _save_state(path: Path, state: FitState) -> None:
    with written_whole(path) as partial:
        torch.save(vars(state), partial)


def _provenance(plan: RunPlan, split: Split, fabric: Fabric) -> Provenance:
    return Provenance(
        source=plan.source,
        data_sha256=data_hash(split.training),
        protocol=asdict(plan.protocol),
        budget=plan.budget,
        seed=plan.fit.seed,
        seconds=0.0,
        device=str(fabric.device),
        command=plan.command,
    )


def check_is_result(folder: Path) -> None:
    """Refuses a run that is not finished.

    Raises:
        MsmdError: with where the run stands.
    """
    if not (folder / RUN).exists():
        raise MsmdError(f"{folder} has no result yet: it holds no run; give a folder that 'msmd train' has made.")
    if not (folder / CARD).exists():
        status = read_status(folder)
        stands = (
            f"it is {status.state} ({status.progress:.0%} of stage {status.stage!r})" if status else "it has no status"
        )
        raise MsmdError(f"The run {folder} has no result yet: {stands}; 'msmd train --run {folder}' goes on with it.")


__all__ = [
    "RUN",
    "RunPlan",
    "RunStatus",
    "check_is_result",
    "read_metrics",
    "read_plan",
    "read_status",
    "train_in_folder",
]
