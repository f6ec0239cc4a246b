"""The tasks of a sweep: each one forecaster, made once and tested on every sampling that is asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from msmd.data.windows import Protocol
from msmd.errors import ProtocolError
from msmd.forecasters import forecaster_card
from msmd.sweeps.record import FULL
from msmd.sweeps.spec import ALL, EvaluationSpec, ForecastersSpec, SweepSpec, TrainingSpec, VariantSpec
from msmd.training.options import config_with

TEST_N_TRAIN = 500
"""Training windows of the protocol that test windows are cut by, as in ``msmd evaluate``: irregular times are drawn
after those of the training windows, and every forecaster has to get the same ones."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """One forecaster on one molecule: fitted, trained, or taken from a checkpoint; then tested.

    Attributes:
        sweep, file: that it belongs to.
        molecule, source: of the data.
        forecaster, variant: what it is.
        seed: feeds every random choice.
        windows: training windows; None for every frame of the training block.
        split: trains and tests.
        sampling: target times of the training windows.
        options: entries of the config, each ``name=value``.
        learning_rates: to choose among; empty for the config's own.
        checkpoint: folder that is tested, or whose weights a variant takes over; empty where the task trains.
        base: name of the task whose weights a variant takes over; empty without one.
        reuse: whether it takes over weights and changes the config.
        calibrate: whether it is calibrated anew after that.
        training, evaluation: of the sweep.
        n_threads: cores it may use.
    """

    sweep: str
    file: str
    molecule: str
    source: str
    forecaster: str
    variant: str
    seed: int
    windows: int | None
    split: str
    sampling: str
    options: tuple[str, ...]
    learning_rates: tuple[float, ...]
    checkpoint: str
    base: str
    reuse: bool
    calibrate: bool
    training: TrainingSpec
    evaluation: EvaluationSpec
    n_threads: int

    @property
    def needs(self) -> str:
        """What making the forecaster takes: ``"nothing"``, ``"fit"``, ``"training"``, ``"checkpoint"``, or
        ``"weights"`` of another that it takes over."""
        if self.reuse:
            return "weights"
        return "checkpoint" if self.checkpoint else forecaster_card(self.forecaster).needs

    @property
    def budget(self) -> str:
        """``"frames"``, ``"windows"`` or ``"none"``, as in ``Record``; a checkpoint brings its own."""
        if not forecaster_card(self.forecaster).learns:
            return "none"
        return "frames" if self.windows is None else "windows"

    @property
    def name(self) -> str:
        """Of its folder; no other task of the sweep has it."""
        budget = self.budget if self.windows is None else f"{self.windows}-windows"
        made_on = "checkpoint" if self.checkpoint else budget
        return (
            f"{self.molecule}-{self.forecaster}-{self.variant}-{made_on}-{self.split}-{self.sampling}-seed{self.seed}"
        )

    @property
    def command(self) -> str:
        """What repeats it."""
        return f"msmd sweep {self.file}"

    def training_protocol(self, sampling: str | None = None) -> Protocol:
        """How the training windows are cut, at other times than the task's own if a sampling is given."""
        return Protocol(
            split=self.split,
            sampling=sampling or self.sampling,
            horizon_fs=self.evaluation.horizon_fs,
            n_train=self.windows,
            seed=self.seed,
        )

    def test_protocol(self, sampling: str) -> Protocol:
        """How the test windows are cut: the same for every forecaster of the sweep.

        Under the papers' split the number of training windows decides which windows are left for the test, so that
        they are the same for every forecaster of one budget.
        """
        return replace(
            self.training_protocol(sampling),
            n_train=TEST_N_TRAIN if self.split == "blocked" else self.windows,
            n_test=self.evaluation.windows,
        )


def tasks_of(spec: SweepSpec) -> tuple[Task, ...]:
    """Every task of a sweep, molecule by molecule; those that take over weights after those that learn them.

    Raises:
        ProtocolError: when two entries of the sweep ask for the same.
    """
    found = [task for molecule in spec.molecule_names for entry in spec.forecasters
             for task in _tasks(spec, molecule, entry)]  # fmt: skip
    name, count = Counter(task.name for task in found).most_common(1)[0]
    if count > 1:
        raise ProtocolError(
            f"{spec.file} asks for {name!r} {count} times; a forecaster may stand in one entry only, and each of its "
            "variants needs a name of its own."
        )
    return tuple(sorted(found, key=lambda task: task.reuse))


def check_settings(spec: SweepSpec) -> None:
    """Refuses settings that a forecaster does not have, before anything is trained.

    Raises:
        MsmdError: for an unknown entry of a config, with the nearest that there is, or a value it cannot have.
    """
    for entry in spec.forecasters:
        rates = [f"learning_rate={rate}" for rate in entry.learning_rates]
        changes = [[*entry.set, *rates], *([*entry.set, *variant.set] for variant in entry.variants)]
        for name, options in product(entry.names, changes):
            if options:
                _config(name, options)


def _config(forecaster: str, options: list[str]) -> Any:
    try:
        return config_with(forecaster_card(forecaster).load_class().Config(), options)
    except TypeError as error:  # a comparison of a value of another type inside the config
        raise ProtocolError(f"{forecaster!r} cannot have the settings {' '.join(options)}: {error}.") from error


def _tasks(spec: SweepSpec, molecule: str, entry: ForecastersSpec) -> Iterator[Task]:
    for name, split, variant in product(entry.names, spec.evaluation.splits, (None, *entry.variants)):
        budgets, seeds = _budgets(spec, name, split), entry.seeds or spec.seeds
        if entry.checkpoint and (variant is None or variant.reuse):
            budgets = budgets[:1]
            seeds = seeds if "{seed}" in entry.checkpoint else seeds[:1]
        elif variant is not None and variant.seeds:
            seeds = variant.seeds
        for windows, seed in product(budgets, seeds):
            full = _full(spec, molecule, entry, name, split, windows, seed)
            yield full if variant is None else _changed(full, entry, variant)


def _budgets(spec: SweepSpec, name: str, split: str) -> tuple[int | None, ...]:
    """What learns nothing needs no windows, but under the papers' split each budget has test windows of its own."""
    if not forecaster_card(name).learns and split == "blocked":
        return (None,)
    return tuple(None if budget == ALL else int(budget) for budget in spec.training.windows)


def _full(
    spec: SweepSpec, molecule: str, entry: ForecastersSpec, name: str, split: str, windows: int | None, seed: int
) -> Task:
    return Task(
        sweep=spec.name,
        file=spec.file,
        molecule=molecule,
        source=spec.source,
        forecaster=name,
        variant=FULL,
        seed=seed,
        windows=windows,
        split=split,
        sampling=spec.training.sampling,
        options=entry.set,
        learning_rates=entry.learning_rates,
        checkpoint=_filled(entry.checkpoint, molecule, name, spec.source, seed),
        base="",
        reuse=False,
        calibrate=True,
        training=spec.training,
        evaluation=spec.evaluation,
        n_threads=spec.resources.cpus_per_task,
    )


def _changed(full: Task, entry: ForecastersSpec, variant: VariantSpec) -> Task:
    """The task of an ablation, beside that of the full model."""
    return replace(
        full,
        variant=variant.name,
        options=(*entry.set, *variant.set),
        checkpoint=full.checkpoint if variant.reuse else "",
        base=full.name if variant.reuse and not full.checkpoint else "",
        reuse=variant.reuse,
        calibrate=variant.calibrate,
        sampling=variant.sampling or full.sampling,
    )


def _filled(template: str, molecule: str, forecaster: str, source: str, seed: int) -> str:
    """A checkpoint's folder; braces that stand for nothing are refused.

    Raises:
        ProtocolError: for an unknown placeholder.
    """
    try:
        return template.format(molecule=molecule, forecaster=forecaster, source=source, seed=seed)
    except (KeyError, IndexError, ValueError) as error:
        raise ProtocolError(
            f"The checkpoint {template!r} holds a placeholder that stands for nothing ({error}); known are "
            "{molecule}, {forecaster}, {source} and {seed}."
        ) from error
