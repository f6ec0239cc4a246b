"""Splits and windows: with ``dealing``, the only place that decides which frames train and which test.

A *split* deals the dataset out into training, validation and test ranges; a *sampling* chooses the target times of a
window; ``split_dataset`` puts them together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace

import numpy as np
from jaxtyping import Float, Int

from msmd.data.dealing import SPLITS, Order, Starts, segment_parts
from msmd.data.sampling import LONG_FACTOR, SAMPLINGS, TRAINING_SAMPLINGS, Sampling
from msmd.errors import ProtocolError, unknown_name
from msmd.molecule import Molecule
from msmd.trajectory import Dataset, Trajectory

__all__ = ["Protocol", "Split", "TrainingData", "Windows", "default_horizon_fs", "segment_parts", "split_dataset"]

HORIZON_FRAMES, HORIZON_FS = 3000, 1500.0
"""The papers' horizon in frames of the source, and what that is at MD17's 0.5 fs."""

LONGEST_MD_STEP_FS = 1.0
"""Files with a longer time between frames (MD17 has .2 to 1 fs) have left out steps of the simulation."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Windows:
    """Start frames and what came after them.

    Attributes:
        molecule: atoms and bonds.
        positions, velocities: of the start frames, Å and Å/fs.
        times_fs: target times after each start, fs, ascending.
        targets: positions at those times, Å.
        segments: segment of the dataset that each window lies in.
        start_frames: frame of the start within its segment.
        start_times_fs: time of the start within its segment.
    """

    molecule: Molecule
    positions: Float[np.ndarray, "windows atoms 3"]
    velocities: Float[np.ndarray, "windows atoms 3"]
    times_fs: Float[np.ndarray, "windows times"]
    targets: Float[np.ndarray, "windows times atoms 3"]
    segments: Int[np.ndarray, " windows"]
    start_frames: Int[np.ndarray, " windows"]
    start_times_fs: Float[np.ndarray, " windows"]

    @property
    def n_windows(self) -> int:
        """Number of windows."""
        return len(self.positions)

    def take(self, indices: Int[np.ndarray, " chosen"] | slice) -> Windows:
        """The chosen windows only."""
        arrays = (field.name for field in fields(self) if field.name != "molecule")
        return replace(self, **{name: getattr(self, name)[indices] for name in arrays})


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingData:
    """All that a forecaster may see before it is tested.

    Attributes:
        molecule: atoms and bonds.
        windows: training windows.
        segments: the frames of the training ranges, forces and energies included where known; empty under the
            budget *windows*, where positions and velocities of the windows are all there is.
        horizon_fs: the longest time a forecast is trained for.
        temperature_kelvin, thermostat: as in ``Dataset``.
    """

    molecule: Molecule
    windows: Windows
    segments: tuple[Trajectory, ...]
    horizon_fs: float
    temperature_kelvin: float | None
    thermostat: bool

    def without_frames(self) -> TrainingData:
        """The budget *windows*: the same windows, no other frame, no forces."""
        return replace(self, segments=())

    def structures(self) -> Float[np.ndarray, "structures atoms 3"]:
        """Every known set of positions, Å: the training frames, or else the windows' starts and targets."""
        if self.segments:
            return np.concatenate([segment.positions for segment in self.segments])
        flat = self.windows.targets.reshape(-1, self.molecule.n_atoms, 3)
        return np.concatenate([self.windows.positions, flat])

    def labelled(self) -> tuple[Float[np.ndarray, "labelled atoms 3"], Float[np.ndarray, "labelled atoms 3"]]:
        """Positions (Å) and forces (kcal/mol/Å) of every training frame whose forces are known; maybe none."""
        known = [segment for segment in self.segments if segment.forces is not None]
        empty = np.empty((0, self.molecule.n_atoms, 3))
        positions = np.concatenate([empty, *(segment.positions[segment.labelled_frames] for segment in known)])
        forces = np.concatenate([empty, *(segment.forces[segment.labelled_frames] for segment in known)])
        return positions, forces


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How windows are cut.

    Attributes:
        split: ``"blocked"`` or ``"paper"``.
        sampling: ``"even"``, ``"irregular"`` or ``"long"``.
        horizon_fs: longest target time; None for ``default_horizon_fs``.
        n_times: target times per window.
        n_train, n_validation, n_test: windows wanted; fewer are cut where there are fewer starts; ``n_train=None``
            takes every start of the training range, under ``"paper"``, where that is everything, a third.
        seed: feeds every random choice.
    """

    split: str = "blocked"
    sampling: str = "even"
    horizon_fs: float | None = None
    n_times: int = 8
    n_train: int | None = 500
    n_validation: int = 2000
    n_test: int = 2000
    seed: int = 0

    def __post_init__(self) -> None:
        if self.split not in SPLITS:
            raise unknown_name("split", self.split, SPLITS)
        if self.sampling not in SAMPLINGS:
            raise unknown_name("sampling", self.sampling, SAMPLINGS)
        if self.n_times < 1:
            raise ProtocolError(f"n_times is {self.n_times}; expected at least 1 target time per window.")
        for name in ("n_train", "n_validation", "n_test"):
            count = getattr(self, name)
            if count is not None and count < 1:
                raise ProtocolError(f"{name} is {count}; expected at least 1 window.")
        if self.seed < 0:
            raise ProtocolError(f"seed is {self.seed}; expected 0 or more.")
        if self.horizon_fs is not None and not 0 < self.horizon_fs < math.inf:
            raise ProtocolError(f"horizon_fs is {self.horizon_fs}; expected a positive time in fs.")


@dataclass(frozen=True, kw_only=True, eq=False)
class Split:
    """A dataset dealt out: what trains, what chooses, what tests."""

    protocol: Protocol
    horizon_fs: float
    training: TrainingData
    validation: Windows
    test: Windows


def split_dataset(dataset: Dataset, protocol: Protocol) -> Split:
    """Cuts training, validation and test windows out of a dataset.

    Raises:
        ProtocolError: when the dataset is too short for the horizon, or holds no frame with a known velocity.
    """
    horizon = default_horizon_fs(dataset) if protocol.horizon_fs is None else protocol.horizon_fs
    if not horizon > 0:
        raise ProtocolError(
            f"{dataset.molecule.name} has {dataset.n_frames} frame(s) in {len(dataset.segments)} segment(s), which is "
            "no trajectory to cut windows from; give a longer one."
        )
    order = Order(
        gap_fs=horizon,
        longest_fs=horizon * (LONG_FACTOR if protocol.sampling == "long" else 1),
        horizon_fs=horizon,
        n_train=protocol.n_train,
        n_validation=protocol.n_validation,
        n_test=protocol.n_test,
        n_times=protocol.n_times,
        train_sampling=TRAINING_SAMPLINGS[protocol.sampling],
        test_sampling=SAMPLINGS[protocol.sampling],
        random=np.random.default_rng(protocol.seed),
    )
    dealt = SPLITS[protocol.split](dataset, order)
    training = TrainingData(
        molecule=dataset.molecule,
        windows=_cut(dataset, dealt.train, order, order.train_sampling),
        segments=tuple(dataset.segments[r.segment].between(r.first, r.last) for r in dealt.train_ranges),
        horizon_fs=horizon,
        temperature_kelvin=dataset.temperature_kelvin,
        thermostat=dataset.thermostat,
    )
    return Split(
        protocol=protocol,
        horizon_fs=horizon,
        training=training,
        validation=_cut(dataset, dealt.validation, order, order.test_sampling),
        test=_cut(dataset, dealt.test, order, order.test_sampling),
    )


def default_horizon_fs(dataset: Dataset) -> float:
    """The papers' 3000 steps of the simulation, or 1.5 ps where the source has not stored them all.

    Less where a segment, or a tenth of a lone trajectory, holds no two such windows; of segments of unequal length the
    longest of each part counts.
    """
    durations, parts = [segment.duration_fs for segment in dataset.segments], segment_parts(dataset)
    longest = [max(d for d, part in zip(durations, parts, strict=True) if part == wanted) for wanted in set(parts)]
    block = min(longest) if parts else max(durations) / 10
    papers = HORIZON_FRAMES * dataset.dt_fs if dataset.dt_fs <= LONGEST_MD_STEP_FS else HORIZON_FS
    return min(papers, block / 2.1)


def _cut(dataset: Dataset, starts: Starts, order: Order, sampling: Sampling) -> Windows:
    """The windows at these starts, their times drawn and their targets looked up segment by segment."""
    drawn = [
        sampling(dataset.segments[i], int(frame), int(last), order.horizon_fs, order.n_times, order.random)
        for i, frame, last in starts
    ]
    if not drawn:
        raise ProtocolError(
            f"{dataset.molecule.name} has too few starts with {order.horizon_fs:.0f} fs after them to share out among "
            "training, validation and test; give a longer trajectory, or ask for a shorter horizon."
        )
    kept = np.array([times is not None for times in drawn], dtype=bool)
    if not kept.any():
        raise ProtocolError(
            f"No window has {order.n_times} target frames within {order.horizon_fs:.0f} fs; ask for fewer times or a "
            "longer horizon."
        )
    index, frame = starts[kept, 0], starts[kept, 1]
    times = np.array([chosen for chosen in drawn if chosen is not None])
    shape = (len(times), dataset.molecule.n_atoms, 3)
    positions, velocities, start_times = np.empty(shape), np.empty(shape), np.empty(len(times))
    targets = np.empty((*times.shape, *shape[1:]))
    for i in np.unique(index):
        segment, here = dataset.segments[i], index == i
        positions[here], velocities[here] = segment.positions[frame[here]], segment.velocities[frame[here]]
        start_times[here] = segment.times_fs[frame[here]]
        targets[here] = segment.positions_at(start_times[here, None] + times[here])
    return Windows(
        molecule=dataset.molecule,
        positions=positions,
        velocities=velocities,
        times_fs=times,
        targets=targets,
        segments=index,
        start_frames=frame,
        start_times_fs=start_times,
    )
