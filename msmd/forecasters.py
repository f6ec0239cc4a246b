"""What a forecaster is, and which there are.

Nothing here imports torch, so that the app and the command line can list forecasters at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from msmd.data.windows import TrainingData, Windows
from msmd.errors import DataError, ProtocolError, unknown_name
from msmd.molecule import Molecule
from msmd.shapes import Array, Float

if TYPE_CHECKING:
    from torch import Tensor

Family = Literal["ours", "peer", "baseline", "simulation"]
Symmetry = Literal["translation", "rotation", "renumbering"]
EVERY_SYMMETRY: tuple[Symmetry, ...] = ("translation", "rotation", "renumbering")


@runtime_checkable
class Forecaster(Protocol):
    """Anything that maps a start frame and times to positions at those times."""

    @property
    def name(self) -> str:
        """Its name in the registry."""
        ...

    @property
    def molecule(self) -> Molecule | None:
        """The molecule it was made for, or None when it serves every molecule."""
        ...

    def predict(
        self,
        positions: Float[Tensor, "windows atoms 3"],
        velocities: Float[Tensor, "windows atoms 3"],
        times_fs: Float[Tensor, "windows times"],
    ) -> Float[Tensor, "windows times atoms 3"]:
        """Positions in Å at ``times_fs`` (fs after the start, any order, zero allowed), from positions in Å and
        velocities in Å/fs; same dtype and device as ``positions``."""
        ...


def check_atoms(forecaster: Forecaster, n_atoms: int) -> None:
    """Refuses positions of another number of atoms than the forecaster was made for.

    Raises:
        DataError: with both numbers.
    """
    made_for = forecaster.molecule
    if made_for is not None and n_atoms != made_for.n_atoms:
        raise DataError(
            f"{forecaster.name!r} was made for the {made_for.n_atoms} atoms of {made_for.name!r}; the positions hold "
            f"{n_atoms}."
        )


def check_starts(
    forecaster: Forecaster,
    positions: Float[Tensor, "windows atoms 3"],
    velocities: Float[Tensor, "windows atoms 3"],
    times_fs: Float[Tensor, "windows times"],
) -> None:
    """Refuses input that ``predict`` cannot take: other atoms, shapes that do not go together, nothing at all, NaN and
    infinity.

    Raises:
        DataError: with what was found.
    """
    check_atoms(forecaster, positions.shape[1])
    n_windows = positions.shape[0]
    if velocities.shape != positions.shape or times_fs.ndim != 2 or times_fs.shape[0] != n_windows:
        raise DataError(
            f"Expected positions and velocities of (windows, atoms, 3) and times of (windows, times); found "
            f"{tuple(positions.shape)}, {tuple(velocities.shape)} and {tuple(times_fs.shape)}."
        )
    if 0 in times_fs.shape:
        raise DataError(f"Found {n_windows} windows and {times_fs.shape[1]} times; expected at least one of each.")
    for name, rows in (("positions", positions), ("velocities", velocities), ("times_fs", times_fs)):
        if not bool((rows - rows == 0.0).all()):  # of arrays and tensors alike; NaN and infinity leave NaN
            raise DataError(f"The {name} must be finite numbers; found NaN or infinity.")


def check_times(times_fs: Float[Any, "windows times"]) -> None:
    """Refuses times before the start, for forecasters that only integrate forwards.

    Raises:
        ProtocolError: with the earliest.
    """
    if math.prod(times_fs.shape) and float(times_fs.min()) < 0.0:
        raise ProtocolError(f"times_fs starts at {float(times_fs.min()):g} fs; expected times from 0 on.")


@runtime_checkable
class FittedForecaster(Forecaster, Protocol):
    """A forecaster that is made in closed form from training data (the baselines)."""

    @classmethod
    def fit(cls, training: TrainingData) -> FittedForecaster:
        """The forecaster for this training data."""
        ...


@runtime_checkable
class WindowForecaster(Forecaster, Protocol):
    """A forecaster that also looks at where in the data a window lies, which no honest one may: see nearest-window."""

    def predict_windows(self, windows: Windows) -> Float[Array, "windows times atoms 3"]:
        """Positions in Å at the windows' times."""
        ...


@runtime_checkable
class SamplingForecaster(Forecaster, Protocol):
    """A forecaster with an ensemble, whose single members move like the molecule where their mean fades."""

    def samples(
        self,
        positions: Float[Tensor, "windows atoms 3"],
        velocities: Float[Tensor, "windows atoms 3"],
        times_fs: Float[Tensor, "windows times"],
        *,
        n_samples: int | None = None,
    ) -> Float[Tensor, "members windows times atoms 3"]:
        """As ``predict``, one forecast per member; as many members as the forecaster averages when None."""
        ...


@dataclass(frozen=True, kw_only=True)
class ForecasterCard:
    """What can be said of a forecaster before it is loaded.

    Attributes:
        name: on the command line and in checkpoint paths.
        title: for people.
        family: ``"ours"``, ``"peer"``, ``"baseline"``, or ``"simulation"``, which computes what the others forecast.
        needs: what it takes: nothing, a closed-form fit on training data, or training into a checkpoint.
        location: ``module:Class``, imported when first used.
        note: one sentence on what it does.
        symmetries: what moves the forecast with it, to rounding: translating or rotating the input, renumbering
            the atoms (of the input and of what the forecaster was made from).
        keeps_start: True when t = 0 gives x(0) back.
        has_members: True where the class is a ``SamplingForecaster``.
    """

    name: str
    title: str
    family: Family
    needs: Literal["nothing", "fit", "training"]
    location: str
    note: str
    symmetries: tuple[Symmetry, ...] = EVERY_SYMMETRY
    keeps_start: bool = True
    has_members: bool = False

    @property
    def learns(self) -> bool:
        """Whether data make it what it is; a simulation only has to know the atoms."""
        return self.needs != "nothing" and self.family != "simulation"

    def load_class(self) -> type:
        """Imports and returns the class."""
        module, _, attribute = self.location.partition(":")
        return getattr(import_module(module), attribute)


FORECASTERS: tuple[ForecasterCard, ...] = (
    ForecasterCard(
        name="spectral-ode",
        title="Spectral ODE",
        family="ours",
        needs="training",
        location="msmd.models.spectral_ode:SpectralODE",
        note="Every graph-Fourier mode moves by a neural ODE, driven by one learned invariant potential.",
        has_members=True,
    ),
    ForecasterCard(
        name="spectral-oscillator",
        title="Spectral oscillator",
        family="ours",
        needs="training",
        location="msmd.models.spectral_oscillator:SpectralOscillator",
        note="Damped oscillators with learned frequencies that bend with the actions; trained in seconds.",
    ),
    ForecasterCard(
        name="gf-node",
        title="GF-NODE",
        family="peer",
        needs="training",
        location="msmd.peers.gf_node:GFNODE",
        note="The published graph-Fourier neural ODE: two spatial modes, attention between them.",
        symmetries=("renumbering",),
        keeps_start=False,
    ),
    ForecasterCard(
        name="egnn",
        title="EGNN",
        family="peer",
        needs="training",
        location="msmd.peers.egnn:EGNN",
        note="An equivariant graph network that is told the time to predict.",
        keeps_start=False,
    ),
    ForecasterCard(
        name="egno",
        title="EGNO",
        family="peer",
        needs="training",
        location="msmd.peers.egno:EGNO",
        note="Equivariant layers with Fourier convolutions over the times of a window.",
        keeps_start=False,
    ),
    ForecasterCard(
        name="lg-ode",
        title="Latent graph ODE",
        family="peer",
        needs="training",
        location="msmd.peers.latent_ode:LatentODE",
        note="A graph encoder draws a latent start, a neural ODE moves it, a decoder reads positions.",
        symmetries=("translation", "renumbering"),
        keeps_start=False,
    ),
    ForecasterCard(
        name="ndcn",
        title="NDCN",
        family="peer",
        needs="training",
        location="msmd.peers.ndcn:NDCN",
        note="Graph diffusion as a neural ODE on hidden features of the atoms.",
        symmetries=("translation", "renumbering"),
        keeps_start=False,
    ),
    ForecasterCard(
        name="persistence",
        title="Persistence",
        family="baseline",
        needs="nothing",
        location="msmd.baselines.persistence:Persistence",
        note="Nothing moves: x(t) = x(0).",
    ),
    ForecasterCard(
        name="constant-velocity",
        title="Constant velocity",
        family="baseline",
        needs="nothing",
        location="msmd.baselines.constant_velocity:ConstantVelocity",
        note="Every atom flies on: x(t) = x(0) + v(0) t.",
    ),
    ForecasterCard(
        name="mean-structure",
        title="Aligned mean structure",
        family="baseline",
        needs="fit",
        location="msmd.baselines.mean_structure:MeanStructure",
        note="The mean structure of the training data, laid onto the start.",
    ),
    ForecasterCard(
        name="rigid-body",
        title="Rigid body",
        family="baseline",
        needs="fit",
        location="msmd.baselines.rigid_body:RigidBody",
        note="The mean structure, drifting and spinning without deformation.",
    ),
    ForecasterCard(
        name="normal-modes",
        title="Damped normal modes",
        family="baseline",
        needs="fit",
        location="msmd.baselines.normal_modes:NormalModes",
        note="Springs from a linear force fit and one damping time, on a drifting and spinning frame.",
    ),
    ForecasterCard(
        name="template",
        title="Template",
        family="baseline",
        needs="fit",
        location="msmd.baselines.template:Template",
        note="The mean future of all training windows, laid onto the start.",
    ),
    ForecasterCard(
        name="linear-response",
        title="Linear response",
        family="baseline",
        needs="fit",
        location="msmd.baselines.linear_response:LinearResponse",
        note="Ridge regression from the aligned start to the displacement at each time.",
    ),
    ForecasterCard(
        name="kernel-response",
        title="Kernel response",
        family="baseline",
        needs="fit",
        location="msmd.baselines.kernel_response:KernelResponse",
        note="What followed the training starts most like this one: memory without physics.",
    ),
    ForecasterCard(
        name="blend",
        title="Blend",
        family="baseline",
        needs="fit",
        location="msmd.baselines.blend:Blend",
        note="The start fades into the aligned mean, with one coefficient per time.",
    ),
    ForecasterCard(
        name="nearest-window",
        title="Nearest window (leak detector)",
        family="baseline",
        needs="fit",
        location="msmd.baselines.nearest_window:NearestWindow",
        note="Copies the training window nearest in time: shows what a split gives away.",
    ),
    ForecasterCard(
        name="gfn2",
        title="GFN2-xTB",
        family="simulation",
        needs="fit",  # of the atoms; no data are learned
        location="msmd.baselines.simulation:GFN2Simulation",
        note="The quantum-chemical simulation itself, run anew from the start: what a forecast saves, 2 to 30 s per "
        "window, and on the embedded data the least error that chaos leaves to a single path.",
    ),
)
"""The registry; adding a forecaster is a file and an entry here."""


def forecaster_card(name: str) -> ForecasterCard:
    """The card of a forecaster.

    Raises:
        UnknownNameError: for a name that is not in the registry.

    >>> forecaster_card("persistence").needs
    'nothing'
    """
    for card in FORECASTERS:
        if card.name == name:
            return card
    raise unknown_name("forecaster", name, (card.name for card in FORECASTERS))
