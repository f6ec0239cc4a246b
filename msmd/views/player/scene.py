"""What the player shows: tracks of positions on one clock, with colours, arrows and curves.

A :class:`Scene` is numpy only.  :func:`msmd.views.player.pack` turns it into bytes; the JavaScript beside
this file draws them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from ase.data import chemical_symbols
from jaxtyping import Float

from msmd.errors import DataError

Role = Literal["reference", "prediction", "ghost"]
"""*reference*: element colours, opaque. *prediction*: one hue per track. *ghost*: thin and translucent."""


@dataclass(frozen=True, kw_only=True)
class Track:
    """One moving copy of the molecule.

    Attributes:
        name: shown on its button and in the legend, such as ``"reference"`` or ``"spectral-ode"``.
        positions: Å, shape (frames, atoms, 3).
        role: how it is drawn.
        scalars: colour of each atom, shape (frames, atoms); ``None`` for the colours of the role.
        scalar_label: what the scalars are, with their unit, such as ``"error / Å"``.
        scalar_range: values at the two ends of the colour map; by default the symmetric range of scalars that
            cross zero, else from zero (or the smallest, if negative) to the largest.
        arrows: Å, already scaled to the length they should have, shape (frames, atoms, 3).
        arrow_label: what the arrows are, such as ``"velocity, 1 Å = 0.02 Å/fs"``.

    Raises:
        DataError: for shapes that do not fit, or numbers that are not finite.
    """

    name: str
    positions: Float[np.ndarray, "frames atoms 3"]
    role: Role = "reference"
    scalars: Float[np.ndarray, "frames atoms"] | None = None
    scalar_label: str = ""
    scalar_range: tuple[float, float] | None = None
    arrows: Float[np.ndarray, "frames atoms 3"] | None = None
    arrow_label: str = ""

    def __post_init__(self) -> None:
        if self.role not in get_args(Role):
            raise DataError(f"Track {self.name!r} has role {self.role!r}; expected one of {', '.join(get_args(Role))}.")
        shape = np.shape(self.positions)
        if len(shape) != 3 or shape[-1] != 3 or 0 in shape:
            raise DataError(f"Positions of track {self.name!r} have shape {shape}; expected (frames, atoms, 3).")
        expected = {"positions": shape, "scalars": shape[:2], "arrows": shape}
        for field, values in (("positions", self.positions), ("scalars", self.scalars), ("arrows", self.arrows)):
            if values is not None:
                _require_finite(np.asarray(values), expected[field], f"{field.capitalize()} of track {self.name!r}")
        if self.scalar_range is not None and not self.scalar_range[0] < self.scalar_range[1]:
            raise DataError(f"Scalar range {self.scalar_range} of track {self.name!r} does not ascend.")

    @property
    def color_range(self) -> tuple[float, float]:
        """Scalar values at the two ends of the colour map; (0, 1) where there are no scalars."""
        if self.scalar_range is not None:
            return float(self.scalar_range[0]), float(self.scalar_range[1])
        if self.scalars is None:
            return 0.0, 1.0
        low, high = float(np.min(self.scalars)), float(np.max(self.scalars))
        if low < 0 < high:
            return -max(-low, high), max(-low, high)
        low, high = min(low, 0.0), max(high, 0.0)
        return (low, high) if low < high else (0.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class Series:
    """One curve of the strip chart.

    Attributes:
        label: what it is; a label that begins with the name of a track takes the colour of that track.
        unit: its unit; series of one unit share an axis.
        values: one per frame; NaN leaves a gap.
    """

    label: str
    unit: str
    values: Float[np.ndarray, " frames"]

    def __post_init__(self) -> None:
        if np.ndim(self.values) != 1:
            raise DataError(f"Series {self.label!r} has shape {np.shape(self.values)}; expected one value per frame.")


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Everything the player shows: one molecule, its tracks on one clock, and the curves under them.

    Attributes:
        numbers: atomic numbers, one per atom.
        bonds: pairs of atom indices.
        times_fs: fs, strictly increasing, regular or not; one per frame.
        tracks: at least one; drawn in this order.
        series: curves of the strip chart; empty for none.
        title: a few words, used for the accessible name and the names of downloads.

    Raises:
        DataError: for tracks, series, bonds or times that do not fit together.

    >>> still = Track(name="reference", positions=np.zeros((2, 1, 3)))
    >>> Scene(numbers=(2,), bonds=(), times_fs=np.array([0.0, 0.5]), tracks=(still,), title="helium").n_frames
    2
    """

    numbers: tuple[int, ...]
    bonds: tuple[tuple[int, int], ...]
    times_fs: Float[np.ndarray, " frames"]
    tracks: tuple[Track, ...]
    series: tuple[Series, ...] = ()
    title: str = ""

    def __post_init__(self) -> None:
        self._check_times()
        if not self.tracks:
            raise DataError("A scene needs at least one track; got none.")
        names = [track.name for track in self.tracks]
        if len(set(names)) != len(names):
            raise DataError(f"Two tracks share a name: {', '.join(names)}. Each needs its own.")
        expected = (self.n_frames, self.n_atoms, 3)
        for track in self.tracks:
            if np.shape(track.positions) != expected:
                raise DataError(
                    f"Track {track.name!r} has shape {np.shape(track.positions)}; "
                    f"expected {expected} for {self.n_frames} times and {self.n_atoms} atoms."
                )
        for curve in self.series:
            if len(curve.values) != self.n_frames:
                raise DataError(
                    f"Series {curve.label!r} has {len(curve.values)} values; expected {self.n_frames}, one per frame."
                )
        for i, j in self.bonds:
            if i == j or not (0 <= i < self.n_atoms and 0 <= j < self.n_atoms):
                raise DataError(f"Bond ({i}, {j}) does not join two of the {self.n_atoms} atoms.")

    def _check_times(self) -> None:
        times = np.asarray(self.times_fs)
        if times.ndim != 1 or not len(times) or not np.all(np.isfinite(times)) or np.any(np.diff(times) <= 0):
            raise DataError("The times of a scene must be a list of finite, strictly increasing numbers in fs.")

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return len(self.times_fs)

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""
        return len(self.numbers)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Element symbols, one per atom."""
        return tuple(chemical_symbols[z] for z in self.numbers)


def rms_displacement(first: Track, second: Track) -> Float[np.ndarray, " frames"]:
    """Root mean square over atoms of the distance between two tracks, Å; a ready curve for the strip chart.

    ``rms(t) = sqrt(mean_i |x_i(t) − y_i(t)|²)``, without alignment.
    """
    gaps = np.asarray(first.positions, dtype=float) - np.asarray(second.positions, dtype=float)
    return np.sqrt(np.mean(np.sum(gaps**2, axis=-1), axis=-1))


def _require_finite(values: np.ndarray, shape: tuple[int, ...], what: str) -> None:
    if values.shape != shape:
        raise DataError(f"{what} have shape {values.shape}; expected {shape}.")
    if not np.all(np.isfinite(values)):
        raise DataError(f"{what} hold numbers that are not finite; drop or mask those frames first.")
