"""What a sweep is: which forecasters, on which molecules, trained and tested how."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from msmd.data.dealing import SPLITS
from msmd.data.registry import MOLECULES, SOURCES, molecule_card
from msmd.data.sampling import SAMPLINGS
from msmd.errors import ProtocolError, unknown_name
from msmd.forecasters import forecaster_card
from msmd.sweeps.record import FULL

ALL = "all"
"""As a molecule: every one of the registry.  As a number of training windows: every frame of the training block."""

DEVICES = ("auto", "cpu", "gpu")


@dataclass(frozen=True, kw_only=True)
class TrainingSpec:
    """How forecasters that need it are trained.

    Attributes:
        windows: budgets, each of which is trained apart: a number of windows, or ``"all"``.
        sampling: target times of the training windows, ``"even"`` or ``"irregular"``.
        epochs: steps as a multiple of the forecaster's own.
        max_minutes: wall time instead, shared out among the stages.
        patience: validations without improvement before training stops.
        device: ``"auto"``, ``"cpu"`` or ``"gpu"``.
        tuning_share: part of the training that each learning rate gets before the best one is trained in full; 1
            trains each of them in full and takes the best.
    """

    windows: tuple[int | str, ...] = (ALL,)
    sampling: str = "even"
    epochs: float = 1.0
    max_minutes: float | None = None
    patience: int | None = None
    device: str = "auto"
    tuning_share: float = 1.0

    def __post_init__(self) -> None:
        if not self.windows:
            raise ProtocolError(f"training.windows is empty; expected numbers from 1 on, or {ALL!r}.")
        for budget in self.windows:
            if budget != ALL and not (isinstance(budget, int) and budget > 0):
                raise ProtocolError(f"training.windows holds {budget!r}; expected numbers from 1 on, or {ALL!r}.")
        if self.sampling not in ("even", "irregular"):
            raise unknown_name("sampling of training windows", self.sampling, ("even", "irregular"))
        if self.device not in DEVICES:
            raise unknown_name("device", self.device, DEVICES)
        if not self.epochs > 0:
            raise ProtocolError(f"training.epochs is {self.epochs:g}; expected a positive number.")
        if self.max_minutes is not None and not self.max_minutes > 0:
            raise ProtocolError(f"training.max_minutes is {self.max_minutes:g}; expected a positive time.")
        if not 0 < self.tuning_share <= 1:
            raise ProtocolError(f"training.tuning_share is {self.tuning_share:g}; expected above 0 and up to 1.")


@dataclass(frozen=True, kw_only=True)
class EvaluationSpec:
    """On what forecasters are tested.

    Attributes:
        splits: each of which trains apart, so that no test window of one is a training window of the other.
        samplings: target times of the test windows.
        rotated: whether test windows are turned at random first; ``[false, true]`` for both.
        windows: test windows at most.
        horizon_fs: longest target time; None for ``default_horizon_fs``.
    """

    splits: tuple[str, ...] = ("blocked",)
    samplings: tuple[str, ...] = ("even",)
    rotated: tuple[bool, ...] = (False,)
    windows: int = 300
    horizon_fs: float | None = None

    def __post_init__(self) -> None:
        for kind, names, choices in (("split", self.splits, SPLITS), ("sampling", self.samplings, SAMPLINGS)):
            for name in names:
                if name not in choices:
                    raise unknown_name(kind, name, choices)
        for name in ("splits", "samplings", "rotated"):
            if not getattr(self, name):
                raise ProtocolError(f"evaluation.{name} is empty; expected at least one entry.")
        if self.windows < 1:
            raise ProtocolError(f"evaluation.windows is {self.windows}; expected at least 1.")


@dataclass(frozen=True, kw_only=True)
class ResourcesSpec:
    """What each task takes of a machine.

    Attributes:
        cpus_per_task: cores, and threads.
        gpus_per_task: GPUs, or a share of one.
    """

    cpus_per_task: int = 1
    gpus_per_task: float = 0.0

    def __post_init__(self) -> None:
        if self.cpus_per_task < 1:
            raise ProtocolError(f"resources.cpus_per_task is {self.cpus_per_task}; expected at least 1.")
        if self.gpus_per_task < 0:
            raise ProtocolError(f"resources.gpus_per_task is {self.gpus_per_task:g}; expected 0 or more.")


@dataclass(frozen=True, kw_only=True)
class VariantSpec:
    """An ablation: the same forecaster with some settings changed.

    Attributes:
        name: in tables and folders.
        note: one sentence on what it shows.
        set: entries of the config, each ``name=value``, after the forecaster's own.
        reuse: True takes over the full model's learned weights instead of training again.
        calibrate: False keeps what the full model was calibrated to, where settings change little more than rounding.
        sampling: of the training windows, where it differs.
        seeds: of its trainings, where they are fewer than the sweep's; the full model may be a checkpoint of one seed.
    """

    name: str
    note: str = ""
    set: tuple[str, ...] = ()
    reuse: bool = False
    calibrate: bool = True
    sampling: str | None = None
    seeds: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9.-]*", self.name) or self.name == FULL:
            raise ProtocolError(
                f"A variant is called {self.name!r}; expected lower-case letters, digits, dots and hyphens, and not "
                f"{FULL!r}, which is the forecaster itself."
            )
        if not (self.reuse or self.calibrate):
            raise ProtocolError(f"Variant {self.name!r} is trained, which calibrates it; leave 'calibrate' out.")
        if self.reuse and self.sampling is not None:
            raise ProtocolError(f"Variant {self.name!r} reuses learned weights; it has no training of its own.")
        if self.reuse and self.seeds:
            raise ProtocolError(
                f"Variant {self.name!r} reuses learned weights, and with them their seeds; leave them out."
            )


@dataclass(frozen=True, kw_only=True)
class ForecastersSpec:
    """Forecasters that are treated alike.

    Attributes:
        names: in the registry.
        checkpoint: folder to test instead of training; ``{molecule}``, ``{forecaster}``, ``{source}`` and ``{seed}``
            stand for what they say.  Without ``{seed}`` it is one training, tested with the first seed alone.
        set: entries of the config, each ``name=value``.
        learning_rates: to choose among by the validation error.
        seeds: of its trainings, where they are fewer than the sweep's.
        variants: ablations beside the forecaster itself.
    """

    names: tuple[str, ...]
    checkpoint: str = ""
    set: tuple[str, ...] = ()
    learning_rates: tuple[float, ...] = ()
    seeds: tuple[int, ...] = ()
    variants: tuple[VariantSpec, ...] = ()

    def __post_init__(self) -> None:
        needs = {name: forecaster_card(name).needs for name in self.names}
        closed_form = [name for name, need in needs.items() if need != "training"]
        if closed_form and (self.set or self.checkpoint or self.learning_rates or self.variants):
            raise ProtocolError(
                f"{closed_form[0]!r} is made in closed form; it has no settings, checkpoint, learning rates or "
                "variants. List it in an entry of [[forecasters]] with names alone."
            )
        if self.checkpoint and (self.set or self.learning_rates):
            raise ProtocolError(
                f"The forecasters {', '.join(self.names)} have a checkpoint and training settings; a checkpoint is "
                "tested as it is: leave out 'set' and 'learning_rates', or put them into variants."
            )
        if any(variant.reuse for variant in self.variants) and self.names != ("spectral-ode",):
            raise ProtocolError(
                f"A variant of {', '.join(self.names)} reuses learned weights; only those of spectral-ode fit other "
                "settings. Leave out 'reuse' to train it."
            )


@dataclass(frozen=True, kw_only=True)
class SweepSpec:
    """Molecules × forecasters × variants × seeds × budgets × splits.

    Attributes:
        name: of the sweep and of its table.
        file: that it was read from, relative to the project where it lies in it.
        title: one sentence on what it shows.
        molecules: names, or ``"all"``.
        source: of the data.
        seeds: each feeds every random choice of its trainings and tests.
        training, evaluation, resources: how.
        forecasters: what.
    """

    name: str
    file: str
    title: str = ""
    molecules: tuple[str, ...]
    source: str = "gfn2"
    seeds: tuple[int, ...] = (0,)
    training: TrainingSpec = field(default_factory=TrainingSpec)
    evaluation: EvaluationSpec = field(default_factory=EvaluationSpec)
    resources: ResourcesSpec = field(default_factory=ResourcesSpec)
    forecasters: tuple[ForecastersSpec, ...]

    def __post_init__(self) -> None:
        for name in self.molecules:
            if name != ALL:
                molecule_card(name)
        if self.source not in SOURCES:
            raise unknown_name("source", self.source, SOURCES)
        for name, entries in (("molecules", self.molecules), ("seeds", self.seeds), ("forecasters", self.forecasters)):
            if not entries:
                raise ProtocolError(f"{self.file} names no {name}; expected at least one.")
        if "paper" in self.evaluation.splits and self.evaluation.samplings != (self.training.sampling,):
            raise ProtocolError(
                f"Under the papers' split the test sampling has to be that of the training, which is "
                f"{self.training.sampling!r}; found {', '.join(self.evaluation.samplings)}. Other times deal out other "
                "windows, and training windows would be tested."
            )

    @property
    def molecule_names(self) -> tuple[str, ...]:
        """The molecules, each once; ``"all"`` written out."""
        every = tuple(card.name for card in MOLECULES)
        return tuple(dict.fromkeys(name for entry in self.molecules for name in (every if entry == ALL else (entry,))))

    @property
    def variants(self) -> tuple[VariantSpec, ...]:
        """Every ablation of every forecaster, with what it shows."""
        return tuple(variant for entry in self.forecasters for variant in entry.variants)
