"""What a worker does with a task: make the forecaster, test it, and leave the outcome in the task's folder."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from msmd import __version__
from msmd.checkpoint import CARD, WEIGHTS
from msmd.data import load_dataset
from msmd.data.sampling import LONG_FACTOR
from msmd.data.windows import split_dataset
from msmd.errors import MsmdError, ProtocolError
from msmd.metrics.evaluation import Evaluation, evaluate
from msmd.sweeps.hardware import processor
from msmd.sweeps.making import Made, make, weights_hash
from msmd.sweeps.outcome import Outcome, identity, is_same, read_outcome, training_of, write_outcome
from msmd.sweeps.record import WHOLE, Record, band_name
from msmd.sweeps.task import Task
from msmd.training.locks import claimed


@dataclass(frozen=True, kw_only=True)
class Work:
    """A task and where it is done.

    Attributes:
        task: what.
        root: folder of the sweep; the task gets one inside it.
        environment: variables that the worker, maybe on another machine, has to share.
    """

    task: Task
    root: Path
    environment: Mapping[str, str]

    @property
    def folder(self) -> Path:
        """Of the task."""
        return self.root / self.task.name


def do(work: Work) -> str:
    """Does a task, whatever happens: its outcome lies in its folder.

    Returns:
        Why it failed, empty when it is finished.
    """
    import torch

    os.environ.update(work.environment)
    torch.set_num_threads(work.task.n_threads)
    try:
        with claimed(work.folder):
            return _do_alone(work)
    except MsmdError as error:  # another process is at it, and will write the outcome
        return str(error)


def is_finished(work: Work) -> bool:
    """True when nothing is left to do: the same was asked for, of the same weights.

    Raises:
        DataError: when the outcome cannot be read.
    """
    return _finished(work.task, work.folder) is not None


def finished_records(root: Path, tasks: Iterable[Task]) -> tuple[Record, ...]:
    """The records of those tasks of a sweep that are finished as they are asked for now, whenever that was.

    Args:
        root: of the sweep, in which every task has a folder.
        tasks: of the sweep.
    """
    outcomes = (_finished(task, root / task.name) for task in tasks)
    return tuple(record for outcome in outcomes if outcome is not None for record in outcome.records)


def _finished(task: Task, folder: Path) -> Outcome | None:
    outcome = read_outcome(folder)
    if outcome is None or outcome.state != "finished" or not is_same(outcome.task, identity(task)):
        return None
    try:
        return outcome if outcome.weights == weights_hash(task, folder) else None
    except MsmdError:
        return None


def _do_alone(work: Work) -> str:
    began = time.perf_counter()
    outcome = Outcome(state="running", task=identity(work.task))
    try:
        outcome = _begun(work)
        for grown in _measured(work, outcome):
            outcome = grown
            write_outcome(work.folder, outcome)
        state, reason = "finished", ""
    except MsmdError as error:
        state, reason = "failed", str(error)
    except Exception as error:
        # Whatever one task meets, the others have to go on; the reason is kept and shown at the end.
        state, reason = "failed", f"It met an error that nobody foresaw: {type(error).__name__}: {error}"
    seconds = time.perf_counter() - began
    write_outcome(work.folder, replace(outcome, state=state, reason=reason, seconds=seconds))
    return reason


def _begun(work: Work) -> Outcome:
    """The outcome of a task that runs, with the records it has already; clears away what other weights had made.

    Raises:
        ProtocolError: when another training lies in the folder.
    """
    found, wanted = read_outcome(work.folder), identity(work.task)
    weights = weights_hash(work.task, work.folder)
    if found is None:
        return Outcome(state="running", task=wanted, weights=weights)
    before, now = training_of(found.task), training_of(wanted)
    changed = [name for name, value in now.items() if not is_same(before.get(name, value), value)]
    if changed and work.task.needs == "training":
        raise ProtocolError(
            f"{work.folder} holds a training with other settings ({', '.join(changed)} differ). Give the sweep another "
            "name (that of its file), or remove this folder to train anew."
        )
    if work.task.reuse and (changed or found.weights != weights):
        for name in (CARD, WEIGHTS):
            (work.folder / name).unlink(missing_ok=True)
    goes_on = is_same(found.task, wanted) and found.weights == weights
    return Outcome(state="running", task=wanted, weights=weights, records=found.records if goes_on else ())


def _measured(work: Work, outcome: Outcome) -> Iterator[Outcome]:
    """The outcome as it grows, test by test; what an earlier start has measured is not measured again."""
    yield outcome
    task, done = work.task, {(record.sampling, record.is_rotated) for record in outcome.records}
    dataset = load_dataset(task.molecule, source=task.source)
    for sampling in task.evaluation.samplings:
        wanted = [turned for turned in task.evaluation.rotated if (sampling, turned) not in done]
        if not wanted:
            continue
        made = make(task, work.folder, dataset, sampling)
        split = split_dataset(dataset, task.test_protocol(sampling))
        for is_rotated in wanted:
            seed = task.seed if is_rotated else None
            found = evaluate(made.forecaster, split, source=dataset.source, rotation_seed=seed)
            outcome = replace(outcome, records=(*outcome.records, *records_of(task, made, found)))
            yield outcome


def records_of(task: Task, made: Made, found: Evaluation) -> Iterator[Record]:
    """The rows of one evaluation: the whole horizon, and each band that holds samples."""
    heavy = found.molecule.is_heavy
    end = found.horizon_fs * (LONG_FACTOR if found.sampling == "long" else 1)
    yield _record(
        task, made, found, WHOLE, (0.0, end), (found.a_mse(heavy), found.a_mse()),
        (found.a_mse_spread(heavy), found.f_mse(heavy)),
    )  # fmt: skip
    for band in found.bands:
        if band.heavy is not None and band.all is not None:
            name = band_name(band.from_fs, band.to_fs)
            yield _record(task, made, found, name, (band.from_fs, band.to_fs), (band.heavy, band.all), (None, None))


def _record(
    task: Task,
    made: Made,
    found: Evaluation,
    band: str,
    edges: tuple[float, float],
    errors: tuple[float, float],
    whole_only: tuple[float | None, float | None],
) -> Record:
    return Record(
        sweep=task.sweep,
        molecule=task.molecule,
        source=found.source,
        forecaster=task.forecaster,
        variant=task.variant,
        seed=task.seed,
        budget=made.budget,
        n_train_windows=made.n_train_windows,
        train_sampling=made.train_sampling,
        split=found.split,
        sampling=found.sampling,
        is_rotated=found.is_rotated,
        n_windows=found.n_windows,
        from_fs=edges[0],
        to_fs=edges[1],
        band=band,
        heavy_mse=errors[0],
        all_mse=errors[1],
        spread=whole_only[0],
        f_mse_heavy=whole_only[1],
        n_parameters=made.n_parameters,
        train_seconds=made.train_seconds,
        seconds_per_window=found.seconds_per_window,
        device=made.device,
        hardware=processor(),
        steps_factor=made.length.steps_factor,
        max_minutes=made.length.max_minutes,
        is_complete=made.length.is_complete,
        settings=" ".join(made.settings),
        checkpoint=made.checkpoint,
        weights=made.weights,
        command=task.command,
        version=__version__,
        date=datetime.now(UTC).date().isoformat(),
    )
