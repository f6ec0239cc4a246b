"""``msmd train`` and ``msmd export``: train a forecaster in a run folder; put its result where checkpoints live."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from msmd.errors import ProtocolError

if TYPE_CHECKING:
    from msmd.data.windows import Split
    from msmd.training.loop import EpochReport
    from msmd.training.run import RunPlan


def train(
    run: Annotated[Path, typer.Option(help="Run folder; holds a run already? Then training goes on with it.")],
    molecule: Annotated[str | None, typer.Argument(help="A molecule of the registry.")] = None,
    data: Annotated[Path | None, typer.Option(help="A trajectory file instead of a molecule.")] = None,
    source: Annotated[str, typer.Option(help="gfn2, md17 or rmd17.")] = "gfn2",
    forecaster: Annotated[str, typer.Option(help="What to train.")] = "spectral-ode",
    split: Annotated[str, typer.Option(help="blocked or paper.")] = "blocked",
    sampling: Annotated[str, typer.Option(help="even or irregular target times of the training windows.")] = "even",
    windows: Annotated[
        str,
        typer.Option(
            help="Training windows: a number (positions and velocities of these alone), or all (every frame)."
        ),
    ] = "all",
    epochs: Annotated[float | None, typer.Option(help="Steps of the stages, as a multiple of their own.")] = None,
    max_minutes: Annotated[float | None, typer.Option(help="Wall time, shared out among the stages.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or gpu.")] = "auto",
    seed: Annotated[int, typer.Option(help="Feeds every random choice.")] = 0,
    batches_per_step: Annotated[int, typer.Option(help="Batches per step, shared by processes under torchrun.")] = 1,
    patience: Annotated[
        int | None, typer.Option(help="Validations without improvement before training stops and the best weights win.")
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option("--set", help="An entry of the forecaster's config, such as basis=fourier.")
    ] = None,
) -> None:
    """Trains a forecaster; stop and repeat the command to go on."""
    from msmd.training.config import FitConfig
    from msmd.training.run import read_plan

    found = read_plan(run)
    if molecule is None and data is None:
        if found is None:
            raise ProtocolError("Name a molecule or give --data FILE; only a folder that holds a run needs neither.")
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
        plan = _plan(forecaster, _data(molecule, data), source, windows, split, sampling, seed, fit)
        config = option or []
    _run(run, plan, config)


def export(
    run: Annotated[Path, typer.Argument(help="A finished run.")],
    checkpoints: Annotated[Path, typer.Argument(help="Folder of checkpoints; source/molecule/forecaster is added.")],
) -> None:
    """Copies the result of a run to CHECKPOINTS/source/molecule/forecaster."""
    from msmd.checkpoint import CARD, WEIGHTS, load_checkpoint, read_card
    from msmd.training.run import check_is_result

    check_is_result(run)
    load_checkpoint(run)
    card = read_card(run)
    target = checkpoints / card["source"] / card["molecule"]["name"] / card["forecaster"]
    target.mkdir(parents=True, exist_ok=True)
    for name in (WEIGHTS, CARD):
        shutil.copyfile(run / name, target / name)
    typer.echo(target)


@dataclass(frozen=True, kw_only=True)
class _Prepared:
    """What a run needs, read and cut."""

    kind: type
    config: Any
    split: Split


def _run(folder: Path, plan: RunPlan, options: list[str] | None) -> None:
    from lightning.fabric import Fabric

    from msmd.training.run import train_in_folder

    prepared = _prepare(folder, plan, options)
    fabric = Fabric(accelerator=plan.fit.accelerator, devices=_devices(), precision=plan.fit.precision)
    fabric.launch()
    reports = train_in_folder(folder, plan, prepared.kind, prepared.config, prepared.split, fabric)
    if fabric.is_global_zero:
        _show(reports)
        typer.echo(f"{folder} holds the result.")
    else:
        for _ in reports:
            pass


def _devices() -> int:
    """Processes that torchrun has started, or one."""
    import os

    return int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


def _prepare(folder: Path, plan: RunPlan, options: list[str] | None) -> _Prepared:
    """Loads the data, cuts them down to the budget, and reads the forecaster's config."""
    import json
    from dataclasses import replace

    from msmd.checkpoint import config_from_json
    from msmd.data import load_dataset
    from msmd.data.windows import split_dataset
    from msmd.forecasting import forecaster_card
    from msmd.training.run import RUN

    card = forecaster_card(plan.forecaster)
    if card.needs != "training":
        raise ProtocolError(f"{plan.forecaster!r} needs no training: name it where it is used.")
    kind = card.load_class()
    if options is None:
        config = config_from_json(kind.Config, json.loads((folder / RUN).read_text(encoding="utf-8"))["config"])
    else:
        config = config_with(kind.Config(), options)
    split = split_dataset(load_dataset(plan.data, source=plan.source), plan.protocol)
    if plan.budget == "windows":
        split = replace(split, training=split.training.without_frames())
    return _Prepared(kind=kind, config=config, split=split)


def _plan(
    forecaster: str, data: str, source: str, windows: str, split: str, sampling: str, seed: int, fit: Any
) -> RunPlan:
    from msmd.data.windows import Protocol
    from msmd.training.run import RunPlan

    return RunPlan(
        forecaster=forecaster,
        data=data,
        source=source,
        budget="frames" if windows == "all" else "windows",
        protocol=Protocol(split=split, sampling=sampling, n_train=_n_windows(windows), seed=seed),
        fit=fit,
        command=shlex.join(["msmd", *sys.argv[1:]]),
    )


def _data(molecule: str | None, data: Path | None) -> str:
    if molecule is not None and data is not None:
        raise ProtocolError(f"Both the molecule {molecule!r} and the file {data} were given; give one of them.")
    if data is not None and not data.is_file():
        raise ProtocolError(f"There is no file {data}.")
    return molecule if molecule is not None else str(data)


def _n_windows(text: str) -> int | None:
    if text == "all":
        return None
    if not text.isdigit() or int(text) < 1:
        raise ProtocolError(f"--windows is {text!r}; expected a whole number of at least 1, or 'all'.")
    return int(text)


def config_with(config: Any, options: Iterable[str]) -> Any:
    """A config with entries replaced, each given as ``name=value`` (JSON, or a bare word); dots reach nested configs.

    Raises:
        ProtocolError: for text without ``=``, or a name that the config does not have.
    """
    import json
    from dataclasses import fields, replace

    from msmd.errors import unknown_name

    for text in options:
        name, equals, value = text.partition("=")
        if not equals:
            raise ProtocolError(f"--set {text!r} is not of the form name=value.")
        first, _, rest = name.partition(".")
        known = [entry.name for entry in fields(config)]
        if first not in known:
            raise unknown_name("config entry", first, known)
        if rest:
            config = replace(config, **{first: config_with(getattr(config, first), [f"{rest}={value}"])})
            continue
        try:
            parsed = json.loads(value)
        except json.JSONDecodeError:
            parsed = value
        config = replace(config, **{first: tuple(parsed) if isinstance(parsed, list) else parsed})
    return config


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
            if report.validation is not None:
                score = 100.0 * report.validation["a_mse"]
                progress.console.print(f"{report.stage} {report.progress:4.0%}: validation A-MSE {score:.4f} ×10⁻² Å²")


__all__ = ["config_with", "export", "train"]
