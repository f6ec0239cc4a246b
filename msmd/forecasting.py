"""Forecasters: one protocol, one registry, one ``forecast`` for all of them.

Nothing here imports torch until a forecaster is made, so that the app can list them at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from msmd.data.windows import TrainingData
    from msmd.molecule import Molecule


class Forecaster(Protocol):
    """Anything that maps a start frame and times to positions at those times."""

    name: str
    molecule: Molecule

    def predict(
        self,
        positions: Float[Tensor, "windows atoms 3"],
        velocities: Float[Tensor, "windows atoms 3"],
        times_fs: Float[Tensor, "windows times"],
    ) -> Float[Tensor, "windows times atoms 3"]:
        """Positions in Å at ``times_fs`` (fs after the start, any order, zero allowed), from positions in Å and
        velocities in Å/fs; same dtype and device as ``positions``."""
        ...


class FittedForecaster(Forecaster, Protocol):
    """A forecaster that is made in closed form from training data (the baselines)."""

    @classmethod
    def fit(cls, training: TrainingData) -> FittedForecaster:
        """The forecaster for this training data."""
        ...


@dataclass(frozen=True, kw_only=True)
class ForecasterCard:
    """What can be said of a forecaster before it is loaded.

    Attributes:
        name: on the command line and in checkpoint paths.
        title: for people.
        family: ``"ours"``, ``"peer"``, or ``"baseline"``.
        needs: what it takes: nothing, a closed-form fit on training data, or training into a checkpoint.
        location: ``module:Class``, imported when first used.
        note: one sentence on what it does.
    """

    name: str
    title: str
    family: Literal["ours", "peer", "baseline"]
    needs: Literal["nothing", "fit", "training"]
    location: str
    note: str

    def load_class(self) -> type:
        """Imports and returns the class."""
        module, _, attribute = self.location.partition(":")
        return getattr(import_module(module), attribute)
