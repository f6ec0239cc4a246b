"""``msmd train`` and ``msmd export``: train a forecaster in a run folder; put its result where checkpoints live."""

from __future__ import annotations

import inspect
import shlex
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from msmd.cli.choices import DataFile, Seed, Source, TimeStep, n_windows, refuse_time_step_without_file
from msmd.errors import MsmdError, ProtocolError

if TYPE_CHECKING:
    from msmd.training.folder import EpochReport, RunPlan


def train(
    run: Annotated[Path, typer.Option(help="Run folder; holds a run already? Then training goes on with it.")],
    molecule: Annotated[str | None, typer.Argument(help="A molecule of the registry.")] = None,
    data: DataFile = None,
    source: Source = "gfn2",
    dt_fs: TimeStep = None,
    forecaster: Annotated[
        str, typer.Option(help="spectral-ode, spectral-oscillator, gf-node, egnn, egno, lg-ode or ndcn.")
    ] = "spectral-ode",
    split: Annotated[str, typer.Option(help="blocked or paper.")] = "blocked",
    sampling: Annotated[str, typer.Option(help="even or irregular target times of the training windows.")] = "even",
    windows: Annotated[
        str,
        typer.Option(
            help="Training windows: a number (positions and velocities of these alone), or all (every frame)."
        ),
    ] = "all",
    epochs: Annotated[
        float | None, typer.Option(help="Share of the forecaster's own plan: 1 is the whole, 0.1 a tenth.", min=1e-6)
    ] = None,
    max_minutes: Annotated[float | None, typer.Option(help="Wall time, shared out among the stages.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or gpu.")] = "auto",
    seed: Seed = 0,
    batches_per_step: Annotated[int, typer.Option(help="Batches per step, shared by processes under torchrun.")] = 1,
    patience: Annotated[
        int | None,
        typer.Option(help="Validations without improvement before a stage ends and the best weights win.", min=1),
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="An entry of the forecaster's config, such as basis=fourier; card.json of a run lists all."
        ),
    ] = None,
    queued: Annotated[
        bool, typer.Option(help="Wait for a free slot among the runs beside RUN (MSMD_JOB_SLOTS).")
    ] = False,
) -> None:
    """Trains a forecaster; stop and repeat the command to go on."""
    given = dict(locals())
    from msmd.training.config import FitConfig
    from msmd.training.folder import read_plan, refuse_checkpoint

    refuse_time_step_without_file(data, dt_fs)
    if epochs is not None and max_minutes is not None:
        raise ProtocolError("Give --epochs or --max-minutes, not both: a wall time decides how many steps there are.")
    found = read_plan(run)
    refuse_checkpoint(run)
    if molecule is None and data is None:
        if found is None:
            raise ProtocolError("Name a molecule or give --data FILE; only a folder that holds a run needs neither.")
        _refuse_settings(given)
        if (run / "card.json").is_file():
            typer.echo(f"{run} holds the result.")
            return
        plan, config = found, None
    else:
        fit = FitConfig(
            seed=seed,
            max_minutes=max_minutes,
            steps_factor=1.0 if epochs is None else epochs,
            batches_per_step=batches_per_step,
            patience=patience,
            accelerator=device,
        )
        plan = _plan(forecaster, _data(molecule, data), source, dt_fs, windows, split, sampling, seed, fit)
        config = option or []
    is_new = not run.exists()
    with _alone_in(run, queued):
        try:
            _run(run, plan, config)
        except MsmdError:
            if is_new and read_plan(run) is None:  # refused before it began
                shutil.rmtree(run, ignore_errors=True)
            raise


def export(
    run: Annotated[Path, typer.Argument(help="A finished run.")],
    checkpoints: Annotated[Path, typer.Argument(help="Folder of checkpoints; source/molecule/forecaster is added.")],
    replace_other: Annotated[
        bool, typer.Option("--replace", help="Replace another checkpoint that lies there.")
    ] = False,
    half: Annotated[bool, typer.Option("--half", help="Keep weights in half precision, for half the size.")] = False,
) -> None:
    """Copies the result of a run to CHECKPOINTS/source/molecule/forecaster."""
    from msmd.training.export import export_run
    from msmd.training.run import check_is_result

    check_is_result(run)
    typer.echo(export_run(run, checkpoints, replace=replace_other, half=half))


def _refuse_settings(given: Mapping[str, object]) -> None:
    """Refuses options that say what a run is, where the run in the folder says it already.

    Raises:
        ProtocolError: naming those that are not as they are when nobody gives them.
    """
    usual = {name: parameter.default for name, parameter in inspect.signature(train).parameters.items()}
    changed = [
        name for name in given if name not in ("run", "queued") and (given[name] or None) != (usual[name] or None)
    ]
    options = ["--set" if name == "option" else f"--{name.replace('_', '-')}" for name in changed]
    if options:
        raise ProtocolError(
            f"{', '.join(options)} cannot be changed while a run goes on: --run alone goes on with it as it is. Name "
            "the molecule, and another folder, to start anew."
        )


@contextmanager
def _alone_in(folder: Path, queued: bool) -> Iterator[None]:
    """Keeps other commands out of the run, and waits for its turn; the first process does so for all."""
    import os

    from msmd.training.locks import claimed
    from msmd.training.queue import in_turn

    if int(os.environ.get("RANK", "0")) > 0:
        yield
        return
    with claimed(folder), in_turn(folder) if queued else nullcontext():
        yield


def _run(folder: Path, plan: RunPlan, options: list[str] | None) -> None:
    from lightning.fabric import Fabric

    from msmd.training.devices import accelerator, leave_together
    from msmd.training.preparation import prepare
    from msmd.training.reference import write_baselines
    from msmd.training.run import train_in_folder

    prepared = prepare(folder, plan, options)
    plan = replace(plan, source=prepared.source)
    fabric = Fabric(accelerator=accelerator(plan.fit.accelerator), **_processes())
    fabric.launch()
    if fabric.is_global_zero:
        write_baselines(folder, prepared.split, plan.fit.n_validation)
    reports = train_in_folder(
        folder, plan, prepared.kind, prepared.config, prepared.split, fabric, calibration=prepared.calibration
    )
    if fabric.is_global_zero:
        _show(reports)
        typer.echo(f"{folder} holds the result.")
    else:
        for _ in reports:
            pass
    leave_together(fabric)


def _processes() -> dict[str, Any]:
    """The processes that torchrun has started here, and on how many machines; or one.

    While the first calibrates the finished model, the others wait, longer than torch lets them by itself.
    """
    import os
    from datetime import timedelta

    from lightning.fabric.strategies import DDPStrategy

    here = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    total = int(os.environ.get("WORLD_SIZE", here))
    shared = {"strategy": DDPStrategy(timeout=timedelta(hours=2))} if total > 1 else {}
    return {"devices": here, "num_nodes": total // here} | shared


def _plan(
    forecaster: str,
    data: str,
    source: str,
    dt_fs: float | None,
    windows: str,
    split: str,
    sampling: str,
    seed: int,
    fit: Any,
) -> RunPlan:
    from msmd.data.windows import Protocol
    from msmd.training.folder import RunPlan

    return RunPlan(
        forecaster=forecaster,
        data=data,
        source=source,
        dt_fs=dt_fs,
        budget="frames" if windows == "all" else "windows",
        protocol=Protocol(split=split, sampling=sampling, n_train=n_windows(windows, "--windows"), seed=seed),
        fit=fit,
        command=shlex.join(["msmd", *sys.argv[1:]]),
    )


def _data(molecule: str | None, data: Path | None) -> str:
    if molecule is not None and data is not None:
        raise ProtocolError(f"Both the molecule {molecule!r} and the file {data} were given; give one of them.")
    if data is not None and not data.is_file():
        raise ProtocolError(f"There is no file {data}.")
    return molecule if molecule is not None else str(data)


def _show(reports: Iterable[EpochReport]) -> None:
    """Draws a bar per stage, and a line per validation."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"), BarColumn(), TextColumn("loss {task.fields[loss]:.3g}"),
        TimeElapsedColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns) as progress:
        tasks: dict[str, Any] = {}
        for report in reports:
            if report.stage not in tasks:
                tasks[report.stage] = progress.add_task(report.stage, total=1.0, loss=report.loss)
            progress.update(tasks[report.stage], completed=report.progress, loss=report.loss)
            if report.is_taken_back:
                progress.console.print(f"{report.stage} spoilt the forecast and is taken back: give it more time.")
            if report.validation is not None:
                score = 100.0 * report.validation["a_mse"]
                progress.console.print(f"{report.stage} {report.progress:4.0%}: validation A-MSE {score:.4f} ×10⁻² Å²")
