"""Is a forecaster's ensemble honest, and do its members move like the molecule?  By horizon band, on test windows."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

import numpy as np

from msmd.data.windows import Split
from msmd.ensemble_scores import crps, rank_histogram, spread_error
from msmd.errors import ProtocolError
from msmd.forecasting import (
    Forecaster,
    check_molecule,
    fit_forecaster,
    forecaster_card,
    predict_rows,
    require_members,
    sample_rows,
)
from msmd.horizon import in_band
from msmd.metrics.displacement import band_edges
from msmd.metrics.evaluation import Progress
from msmd.metrics.moving_windows import motion_grid, reference_motions, reference_structure_of
from msmd.metrics.realism import Motion, Paths, Realism, compare_motions, motion_by_band
from msmd.molecule import Molecule
from msmd.shapes import Array, Bool, Float
from msmd.spectrum import VelocitySpectrum
from msmd.trajectory import Dataset

COLUMNS = 400
"""Members times windows that are forecast at once: enough to fill a core, few enough for progress and memory."""

MOTION_WINDOWS = 24
"""Windows whose forecasts are looked at every 4 fs; temperatures are then good to a few kelvin."""

Rows = tuple[Float[Array, "windows atoms 3"], Float[Array, "windows atoms 3"], Float[Array, "windows times"]]
Members = Float[Array, "members windows times atoms 3"]


@dataclass(frozen=True, kw_only=True)
class Scores:
    """How honest an ensemble is for some atoms in one band of the horizon; Å, per coordinate.

    Attributes:
        crps: continuous ranked probability score of the members, fair to their number.
        forecast_error: mean absolute error of the forecast of least squared error: the CRPS of that single answer.
        structure_error: the same for the aligned mean structure.
        spread: error that the members expect of their mean, rms.
        error: error of their mean, rms.
        ranks: how often what happened lies above 0, 1, … of the members.
    """

    crps: float
    forecast_error: float
    structure_error: float
    spread: float
    error: float
    ranks: tuple[int, ...]

    @property
    def ratio(self) -> float:
        """Spread over error: 1 for an honest ensemble, below for one too sure of itself, above for one too timid."""
        return self.spread / self.error


@dataclass(frozen=True, kw_only=True)
class BandCalibration:
    """One band of the horizon, ``from_fs < t ≤ to_fs``.

    Attributes:
        heavy, all: scores over heavy atoms and over all; None where no target time lies in the band.
        temperature_kelvin: of the reference; None where none of its velocities is known.
        members, forecast: how the members, and the forecast of least error, move beside the reference; None where
            the reference has no frame in the band.
    """

    from_fs: float
    to_fs: float
    heavy: Scores | None
    all: Scores | None
    temperature_kelvin: float | None
    members: Realism | None
    forecast: Realism | None


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """One forecaster's ensemble on the test windows of one split.

    Attributes:
        molecule: atoms and bonds.
        source: of the data.
        forecaster: its name.
        split, sampling: as in ``Protocol``.
        n_windows, n_members: what was measured.
        bands: by horizon.
        spectra: of the velocities of ``reference``, ``members`` and ``forecast`` in the last band where all three can
            be told; empty where there is none.
    """

    molecule: Molecule
    source: str
    forecaster: str
    split: str
    sampling: str
    n_windows: int
    n_members: int
    bands: tuple[BandCalibration, ...]
    spectra: Mapping[str, VelocitySpectrum] = field(default_factory=dict, compare=False)

    def to_json(self) -> dict[str, object]:
        """The record that ``msmd calibration --json`` prints; lengths in Å, temperatures in K; without spectra."""
        record = asdict(replace(self, spectra={}))
        del record["spectra"]
        record["molecule"] = self.molecule.name
        for band, written in zip(self.bands, record["bands"], strict=True):
            for atoms in ("heavy", "all"):
                scores = getattr(band, atoms)
                if scores is not None:
                    written[atoms]["ratio"] = scores.ratio
        return record


def calibrate(
    forecaster: Forecaster, dataset: Dataset, split: Split, *, n_members: int, motion_windows: int = MOTION_WINDOWS
) -> Calibration:
    """Measures the ensemble of a forecaster on the test windows of a split.

    Args:
        forecaster: one with members.
        dataset: what the split was cut from.
        split: from ``split_dataset``.
        n_members: 2 or more.
        motion_windows: windows whose motion is compared with the reference's, 1 or more.

    Raises:
        DataError: when the forecaster was made for another molecule.
        ProtocolError: when it has no members, for fewer than two, or when one of them is not finite.
    """
    steps = calibrate_in_batches(forecaster, dataset, split, n_members=n_members, motion_windows=motion_windows)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def calibrate_in_batches(
    forecaster: Forecaster, dataset: Dataset, split: Split, *, n_members: int, motion_windows: int = MOTION_WINDOWS
) -> Generator[Progress, None, Calibration]:
    """The same as ``calibrate``, step by step: yields progress after each batch and returns the calibration."""
    _check(forecaster, split, n_members)
    windows, grid = split.test, motion_grid(dataset, split.horizon_fs)
    watched = np.unique(np.linspace(0, windows.n_windows - 1, min(motion_windows, windows.n_windows)).astype(int))
    samples, predicted = np.empty((n_members, *windows.targets.shape)), np.empty((1, *windows.targets.shape))
    seen: tuple[list[Paths], list[Paths]] = ([], [])
    asks: tuple[Callable[[Rows], Members], ...] = (
        lambda rows: sample_rows(forecaster, *rows, n_samples=n_members),
        lambda rows: predict_rows(forecaster, *rows)[None],
    )
    n_done = 0
    for batch, is_watched in _batches(windows.n_windows, watched, max(1, COLUMNS // n_members)):
        chosen = windows.take(batch)
        for ask, out, paths in zip(asks, (samples, predicted), seen, strict=True):
            if is_watched:
                out[:, batch], found = grid.ask(ask, chosen)
                paths.append(found)
            else:
                out[:, batch] = ask((chosen.positions, chosen.velocities, chosen.times_fs))
        n_done += len(batch)
        yield Progress(n_done=n_done, n_windows=windows.n_windows)
    _refuse_not_finite(forecaster, samples)
    bands = band_edges(windows.times_fs)
    # The same windows where their every frame is recorded; all of them where few frames are.
    compared = windows.take(watched) if grid.is_recorded else windows
    reference = reference_motions(dataset, compared, grid, bands)
    structure = reference_structure_of(windows)
    moved = [motion_by_band(grid.joined(paths), bands, structure) for paths in seen]
    scores = _Scorer(split, samples, predicted[0])
    return Calibration(
        molecule=windows.molecule,
        source=dataset.source,
        forecaster=forecaster.name,
        split=split.protocol.split,
        sampling=split.protocol.sampling,
        n_windows=windows.n_windows,
        n_members=n_members,
        bands=tuple(_band(edges, scores, *motions) for edges, *motions in zip(bands, reference, *moved, strict=True)),
        spectra=_last_spectra(reference, *moved),
    )


def _last_spectra(
    reference: Sequence[Motion | None], members: Sequence[Motion | None], forecast: Sequence[Motion | None]
) -> dict[str, VelocitySpectrum]:
    for motions in reversed(list(zip(reference, members, forecast, strict=True))):
        found = [None if motion is None else motion.spectrum for motion in motions]
        if None not in found:
            return dict(zip(("reference", "members", "forecast"), found, strict=True))
    return {}


class _Scorer:
    """Scores of any atoms in any band."""

    def __init__(self, split: Split, samples: Members, predicted: Float[Array, "windows times atoms 3"]) -> None:
        self.windows, self.samples, self.predicted = split.test, samples, predicted
        still = fit_forecaster(forecaster_card("mean-structure"), split.training)
        windows = split.test
        self.structure = predict_rows(still, windows.positions, windows.velocities, windows.times_fs)

    def __call__(self, from_fs: float, to_fs: float, atoms: Bool[Array, " atoms"]) -> Scores | None:
        inside = in_band(self.windows.times_fs, from_fs, to_fs)
        if not inside.any() or not atoms.any():
            return None
        samples, observed = self.samples[:, inside][:, :, atoms], self.windows.targets[inside][:, atoms]
        both = spread_error(samples, observed)

        def off(positions: Float[Array, "windows times atoms 3"]) -> float:
            return float(np.abs(positions[inside][:, atoms] - observed).mean())

        return Scores(
            crps=float(crps(samples, observed).mean()),
            forecast_error=off(self.predicted),
            structure_error=off(self.structure),
            spread=both.spread,
            error=both.error,
            ranks=tuple(rank_histogram(samples, observed).tolist()),
        )


def _band(
    edges: tuple[float, float],
    scores: _Scorer,
    reference: Motion | None,
    members: Motion | None,
    forecast: Motion | None,
) -> BandCalibration:
    heavy = scores.windows.molecule.is_heavy
    compared = [
        None if reference is None or found is None else compare_motions(found, reference)
        for found in (members, forecast)
    ]
    return BandCalibration(
        from_fs=edges[0],
        to_fs=edges[1],
        heavy=scores(*edges, heavy),
        all=scores(*edges, np.ones_like(heavy)),
        temperature_kelvin=None if reference is None else reference.temperature_kelvin,
        members=compared[0],
        forecast=compared[1],
    )


def _batches(n_windows: int, watched: Array, size: int) -> Generator[tuple[Array, bool], None, None]:
    """Indices of windows, those that are watched first, so many at a time."""
    rest = np.setdiff1d(np.arange(n_windows), watched)
    for group, is_watched in ((watched, True), (rest, False)):
        for first in range(0, len(group), size):
            yield group[first : first + size], is_watched


def _check(forecaster: Forecaster, split: Split, n_members: int) -> None:
    require_members(forecaster, n_members)
    if n_members < 2:
        raise ProtocolError(f"{n_members} member was asked for; a calibration compares members, so expected 2 or more.")
    check_molecule(forecaster, split.test.molecule)


def _refuse_not_finite(forecaster: Forecaster, samples: Members) -> None:
    broken = int((~np.isfinite(samples)).any(axis=(1, 2, 3, 4)).sum())
    if broken:
        raise ProtocolError(
            f"{broken} of {len(samples)} members of {forecaster.name!r} are not finite somewhere; its rollout diverged "
            "there. Train it longer or shorten its step."
        )
