"""Window matching: a network of the time learns from starts and any later frames of the training data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from msmd.data.windows import TrainingData
from msmd.errors import ProtocolError
from msmd.frame import centre_of_mass
from msmd.models.direct_network import DirectNetwork


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Starts, and the frames that come after each within the horizon.

    Attributes:
        positions, velocities: of the starts, Å and Å/fs.
        start_times_fs: of the starts.
        frames: all later frames about their centres of mass, Å.
        times_fs: of the frames, on the starts' clock.
        first, last: the frames first to last (exclusive) come after the start.
    """

    positions: Float[np.ndarray, "starts atoms 3"]
    velocities: Float[np.ndarray, "starts atoms 3"]
    start_times_fs: Float[np.ndarray, " starts"]
    frames: Float[np.ndarray, "frames atoms 3"]
    times_fs: Float[np.ndarray, " frames"]
    first: Int[np.ndarray, " starts"]
    last: Int[np.ndarray, " starts"]


def pairs_of(training: TrainingData) -> Pairs:
    """Every start of the training frames with every later frame within the horizon; of the windows, where they are all
    there is.

    Raises:
        ProtocolError: when no start has a later frame.
    """
    found = _of_frames(training) if training.segments else _of_windows(training)
    if len(found.first) == 0:
        raise ProtocolError(
            f"No training frame with a known velocity has a later one within {training.horizon_fs:g} fs; a forecaster "
            "that is direct in time learns from such pairs. Give data with velocities, or a longer horizon."
        )
    return found


def _of_frames(training: TrainingData) -> Pairs:
    masses, offset, parts = training.molecule.masses, 0, []
    for segment in training.segments:
        starts, times = segment.start_frames, segment.times_fs
        last = np.searchsorted(times, times[starts] + training.horizon_fs + 1e-6)
        kept = last > starts + 1
        starts, last = starts[kept], last[kept]
        velocities = np.empty((0, *segment.positions.shape[1:])) if segment.velocities is None else segment.velocities
        centred = segment.positions - centre_of_mass(segment.positions, masses)[:, None]
        later = (offset + starts + 1, offset + last)
        parts.append((segment.positions[starts], velocities[starts], times[starts], centred, times, *later))
        offset += segment.n_frames
    names = ("positions", "velocities", "start_times_fs", "frames", "times_fs", "first", "last")
    return Pairs(**{name: np.concatenate(arrays) for name, arrays in zip(names, zip(*parts, strict=True), strict=True)})


def _of_windows(training: TrainingData) -> Pairs:
    windows = training.windows
    n_windows, n_times = windows.times_fs.shape
    flat = windows.targets.reshape(-1, *windows.positions.shape[1:])
    first = n_times * np.arange(n_windows)
    return Pairs(
        positions=windows.positions,
        velocities=windows.velocities,
        start_times_fs=np.zeros(n_windows),
        frames=flat - centre_of_mass(flat, training.molecule.masses)[:, None],
        times_fs=windows.times_fs.reshape(-1),
        first=first,
        last=first + n_times,
    )


@dataclass(frozen=True, kw_only=True)
class WindowMatching:
    """Mean of |Y(t) − Ŷ(t)|² over random starts and random later frames, in units of the displacements' mean square.

    Y are mass-weighted, so that heavy atoms, which the metric is about, count more.

    Attributes:
        network: what is trained.
        states: displacements and momenta of the starts, as the network takes them.
        origins: displacements of the starts from the body frame's origin, nodal, Å.
        rotations: of the starts' body frames.
        to_modal: Uᵀ M^{1/2}.
        frames: later frames, centred, Å.
        frame_times_fs, start_times_fs: on the same clock.
        first, last: frames of each start.
        batch: pairs per step.
    """

    network: DirectNetwork
    states: Float[Tensor, "starts state"]
    origins: Float[Tensor, "starts atoms 3"]
    rotations: Float[Tensor, "starts 3 3"]
    to_modal: Float[Tensor, "modes atoms"]
    frames: Float[Tensor, "frames atoms 3"]
    frame_times_fs: Float[Tensor, " frames"]
    start_times_fs: Float[Tensor, " starts"]
    first: Int[Tensor, " starts"]
    last: Int[Tensor, " starts"]
    batch: int

    def __call__(self, generator: torch.Generator) -> Tensor:
        """The loss on one batch."""
        device = self.network.centre.device
        start = torch.randint(len(self.first), (self.batch,), generator=generator)
        n_later = self.last[start] - self.first[start]
        which = (torch.rand(self.batch, generator=generator) * n_later).long().clamp(max=n_later - 1)
        frame = self.first[start] + which
        lags = (self.frame_times_fs[frame] - self.start_times_fs[start]).to(device)
        body = torch.einsum("sad,sde->sae", self.frames[frame], self.rotations[start]) - self.origins[start]
        wanted = torch.einsum("ka,sad->skd", self.to_modal, body).flatten(1).to(device)
        found = self.network(self.states[start].to(device), lags)
        return (found - wanted).square().mean() / self.network.reach.square().mean()
