"""Splits and windows: the only place that decides which frames train and which test.

A *split* deals the dataset out into training, validation and test ranges; a *sampling* chooses the target times of a
window; ``split_dataset`` puts them together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np
from jaxtyping import Float, Int

from msmd.errors import ProtocolError, unknown_name
from msmd.molecule import Molecule
from msmd.trajectory import Dataset, Trajectory, nearest_frames

HORIZON_FRAMES = 3000
"""The papers' horizon in frames of the source: 1.5 ps at 0.5 fs."""

LONG_FACTOR = 4
"""The ``long`` sampling asks for this many horizons: 6 ps."""

MIN_SEGMENTS_TO_DEAL = 3
"""From this many segments on, whole segments are dealt out; below, blocks of one trajectory."""


@dataclass(frozen=True, kw_only=True)
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


@dataclass(frozen=True, kw_only=True)
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
        pairs = [(s.positions[s.labelled_frames], s.forces[s.labelled_frames]) for s in self.segments if s.forces is not None]
        if not pairs:
            empty = np.empty((0, self.molecule.n_atoms, 3))
            return empty, empty
        return np.concatenate([p for p, _ in pairs]), np.concatenate([f for _, f in pairs])


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How windows are cut.

    Attributes:
        split: ``"blocked"`` or ``"paper"``.
        sampling: ``"even"``, ``"irregular"`` or ``"long"``.
        horizon_fs: longest target time; None for 3000 frames of the source (1.5 ps at 0.5 fs).
        n_times: target times per window.
        n_train, n_validation, n_test: windows wanted; fewer are cut where there are fewer starts; ``n_train=None``
            takes every start of the training range.
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
        if self.horizon_fs is not None and self.horizon_fs <= 0:
            raise ProtocolError(f"horizon_fs is {self.horizon_fs}; expected a positive time in fs.")


@dataclass(frozen=True, kw_only=True)
class Split:
    """A dataset dealt out: what trains, what chooses, what tests."""

    protocol: Protocol
    horizon_fs: float
    training: TrainingData
    validation: Windows
    test: Windows


@dataclass(frozen=True)
class _Range:
    """Frames ``first`` to ``last`` (exclusive) of a segment."""

    segment: int
    first: int
    last: int


def split_dataset(dataset: Dataset, protocol: Protocol) -> Split:
    """Cuts training, validation and test windows out of a dataset.

    Raises:
        ProtocolError: when the dataset is too short for the horizon, or holds no frame with a known velocity.
    """
    horizon = default_horizon_fs(dataset) if protocol.horizon_fs is None else protocol.horizon_fs
    longest = horizon * (LONG_FACTOR if protocol.sampling == "long" else 1)
    random = np.random.default_rng(protocol.seed)
    ranges = SPLITS[protocol.split](dataset, longest, protocol, random)
    train = _cut(dataset, ranges.train_starts, horizon, TRAINING_SAMPLINGS[protocol.sampling], protocol, random)
    validation, test = (
        _cut(dataset, starts, horizon, SAMPLINGS[protocol.sampling], protocol, random)
        for starts in (ranges.validation_starts, ranges.test_starts)
    )
    training = TrainingData(
        molecule=dataset.molecule,
        windows=train,
        segments=tuple(dataset.segments[r.segment].between(r.first, r.last) for r in ranges.train_ranges),
        horizon_fs=horizon,
        temperature_kelvin=dataset.temperature_kelvin,
        thermostat=dataset.thermostat,
    )
    return Split(protocol=protocol, horizon_fs=horizon, training=training, validation=validation, test=test)


def default_horizon_fs(dataset: Dataset) -> float:
    """3000 frames of the source; less where a segment (or a tenth of a lone trajectory) cannot hold two such windows."""
    longest = max(segment.duration_fs for segment in dataset.segments)
    block = longest if len(dataset.segments) >= MIN_SEGMENTS_TO_DEAL else longest / 10
    return min(HORIZON_FRAMES * dataset.dt_fs, block / 2.1)


@dataclass(frozen=True)
class _Dealt:
    """Start frames for each part, as (segment, frame) rows with the end of their range, and the training ranges."""

    train_starts: np.ndarray
    validation_starts: np.ndarray
    test_starts: np.ndarray
    train_ranges: tuple[_Range, ...]


BLOCK_ORDER = "TTETVETTET"
"""Ten blocks of one trajectory: T trains, V validates, E (examination) tests."""

SEGMENT_ORDER = "TETVTETVTE"
"""Ten segments: 5 train, 2 validate, 3 test."""


def segment_parts(dataset: Dataset) -> tuple[str, ...]:
    """For each segment what the blocked split uses it for: ``"training"``, ``"validation"`` or ``"test"``.

    Empty where there are too few segments to deal out, so that each is cut into blocks of its own.
    """
    names = {"T": "training", "V": "validation", "E": "test"}
    return tuple(names[part] for part in _segment_order(dataset))


def _segment_order(dataset: Dataset) -> str:
    n_segments = len(dataset.segments)
    if n_segments < MIN_SEGMENTS_TO_DEAL:
        return ""
    return "TVE" if n_segments == 3 else "".join(SEGMENT_ORDER[i % 10] for i in range(n_segments))


def _blocked(dataset: Dataset, longest_fs: float, protocol: Protocol, random: np.random.Generator) -> _Dealt:
    parts: dict[str, list[_Range]] = {"T": [], "V": [], "E": []}
    if len(dataset.segments) >= MIN_SEGMENTS_TO_DEAL:
        for index, part in enumerate(_segment_order(dataset)):
            parts[part].append(_Range(index, 0, dataset.segments[index].n_frames))
    else:
        for index, segment in enumerate(dataset.segments):
            for part, block in zip(BLOCK_ORDER, _ten_blocks(index, segment, longest_fs), strict=True):
                parts[part].append(block)
    random_starts = [
        _choose(_starts(dataset, parts[part], longest_fs), count, random)
        for part, count in (("T", protocol.n_train), ("V", protocol.n_validation), ("E", protocol.n_test))
    ]
    return _Dealt(*random_starts, tuple(r for r in parts["T"] if r.last > r.first))


def _ten_blocks(index: int, segment: Trajectory, gap_fs: float) -> list[_Range]:
    """Ten contiguous blocks of equal duration; each but the last ends one gap before the next begins."""
    edges = segment.times_fs[0] + segment.duration_fs * np.arange(11) / 10
    ends = edges[1:] - np.where(np.arange(10) < 9, gap_fs, -1.0)
    if ends[0] - edges[0] <= gap_fs:
        raise ProtocolError(
            f"A tenth of this trajectory ({segment.duration_fs / 10:.0f} fs) cannot hold a window of {gap_fs:.0f} fs and "
            f"the gap after it; ask for a horizon of at most {segment.duration_fs / 21:.0f} fs, or give a longer trajectory."
        )
    firsts, lasts = np.searchsorted(segment.times_fs, edges[:-1]), np.searchsorted(segment.times_fs, ends)
    return [_Range(index, int(a), int(b)) for a, b in zip(firsts, lasts, strict=True)]


def _paper(dataset: Dataset, longest_fs: float, protocol: Protocol, random: np.random.Generator) -> _Dealt:
    """Random starts out of everything; where there are too few, a third each for training and validation."""
    everything = [_Range(i, 0, s.n_frames) for i, s in enumerate(dataset.segments)]
    starts = _choose(_starts(dataset, everything, longest_fs), None, random)
    third = len(starts) // 3
    n_train = min(third if protocol.n_train is None else protocol.n_train, third)
    n_validation = min(protocol.n_validation, third)
    rest = starts[n_train + n_validation :][: protocol.n_test]
    train = starts[:n_train]
    return _Dealt(train, starts[n_train : n_train + n_validation], rest, _covered(dataset, train, longest_fs))


def _covered(dataset: Dataset, starts: np.ndarray, longest_fs: float) -> tuple[_Range, ...]:
    """The frames inside any training window, as ranges without overlap."""
    ranges: list[_Range] = []
    for index, segment in enumerate(dataset.segments):
        inside = np.zeros(segment.n_frames, dtype=bool)
        for frame in starts[starts[:, 0] == index, 1]:
            end = segment.times_fs[frame] + longest_fs
            inside[frame : np.searchsorted(segment.times_fs, end, side="right")] = True
        edges = np.flatnonzero(np.diff(np.concatenate([[False], inside, [False]]).astype(int)))
        ranges += [_Range(index, int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    return tuple(ranges)


def _starts(dataset: Dataset, ranges: list[_Range], longest_fs: float) -> np.ndarray:
    """Every possible start (segment, frame, last frame of its range), its window lying inside the range."""
    rows = []
    for r in ranges:
        segment = dataset.segments[r.segment]
        frames = segment.start_frames
        frames = frames[(frames >= r.first) & (frames < r.last)]
        if r.last > r.first:
            frames = frames[segment.times_fs[frames] + longest_fs <= segment.times_fs[r.last - 1] + 1e-6]
        rows.append(np.stack([np.full(len(frames), r.segment), frames, np.full(len(frames), r.last)], axis=1))
    found = np.concatenate(rows) if rows else np.empty((0, 3), dtype=int)
    if len(found) == 0:
        raise ProtocolError(
            f"No window of {longest_fs:.0f} fs fits: the data hold no frame with a known velocity that is followed by "
            "frames over that time in its block; ask for a shorter horizon or give a longer trajectory."
        )
    return found


def _choose(starts: np.ndarray, count: int | None, random: np.random.Generator) -> np.ndarray:
    """Draws ``count`` starts without repetition, or shuffles all."""
    order = random.permutation(len(starts))
    return starts[order if count is None else order[:count]]


def _cut(
    dataset: Dataset,
    starts: np.ndarray,
    horizon_fs: float,
    sample: Sampling,
    protocol: Protocol,
    random: np.random.Generator,
) -> Windows:
    times, targets, kept = [], [], []
    for row, (index, frame, last) in enumerate(starts):
        segment = dataset.segments[index]
        found = sample(segment, int(frame), int(last), horizon_fs, protocol.n_times, random)
        if found is None:
            continue
        kept.append(row)
        times.append(found)
        targets.append(segment.positions_at(segment.times_fs[frame] + found))
    if not kept:
        raise ProtocolError(
            f"No window has {protocol.n_times} target frames within {horizon_fs:.0f} fs; ask for fewer times or a "
            "longer horizon."
        )
    chosen = starts[kept]
    return Windows(
        molecule=dataset.molecule,
        positions=np.array([dataset.segments[i].positions[f] for i, f, _ in chosen]),
        velocities=np.array([dataset.segments[i].velocities[f] for i, f, _ in chosen]),
        times_fs=np.array(times),
        targets=np.array(targets),
        segments=chosen[:, 0].astype(int),
        start_frames=chosen[:, 1].astype(int),
        start_times_fs=np.array([dataset.segments[i].times_fs[f] for i, f, _ in chosen]),
    )


def _later_times(segment: Trajectory, frame: int, last: int, horizon_fs: float) -> np.ndarray:
    """Times after the start of all stored frames within the horizon and the range."""
    later = segment.times_fs[frame + 1 : last] - segment.times_fs[frame]
    return later[later <= horizon_fs + 1e-6]


def _is_continuous(segment: Trajectory) -> bool:
    """True where positions can be had at any time."""
    return len(segment.start_frames) == segment.n_frames and segment.dt_fs is not None


def _even(
    segment: Trajectory, frame: int, last: int, horizon_fs: float, n_times: int, random: np.random.Generator
) -> np.ndarray | None:
    """horizon·k/n; where only stored frames are known, the nearest ones, with their own times."""
    wanted = horizon_fs * np.arange(1, n_times + 1) / n_times
    if _is_continuous(segment):
        return wanted
    later = _later_times(segment, frame, last, horizon_fs * (1 + 0.25 / n_times))
    if len(later) == 0:
        return None
    nearest = later[nearest_frames(later, wanted)]
    near_enough = np.abs(nearest - wanted) <= horizon_fs / (4 * n_times)
    return nearest if near_enough.all() and np.all(np.diff(nearest) > 0) else None


def _irregular(
    segment: Trajectory, frame: int, last: int, horizon_fs: float, n_times: int, random: np.random.Generator
) -> np.ndarray | None:
    """Random times within the horizon; where only stored frames are known, randomly chosen ones."""
    if _is_continuous(segment):
        return np.sort(horizon_fs * (1.0 - random.random(n_times)))
    later = _later_times(segment, frame, last, horizon_fs)
    if len(later) < n_times:
        return None
    return np.sort(random.choice(later, n_times, replace=False))


def _long(
    segment: Trajectory, frame: int, last: int, horizon_fs: float, n_times: int, random: np.random.Generator
) -> np.ndarray | None:
    """Even times over four horizons."""
    return _even(segment, frame, last, LONG_FACTOR * horizon_fs, n_times, random)


SPLITS: dict[str, Callable[[Dataset, float, Protocol, np.random.Generator], _Dealt]] = {
    "blocked": _blocked,
    "paper": _paper,
}
Sampling = Callable[[Trajectory, int, int, float, int, np.random.Generator], np.ndarray | None]

SAMPLINGS: dict[str, Sampling] = {"even": _even, "irregular": _irregular, "long": _long}

TRAINING_SAMPLINGS: dict[str, Sampling] = SAMPLINGS | {"long": _even}
"""``long`` trains within one horizon and asks for four."""
