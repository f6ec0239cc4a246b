"""DirectInTime: the modes of a SpectralODE without an ODE, each forecast straight at the time that is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from msmd.data.windows import TrainingData, Windows
from msmd.forecasters import check_starts, check_times
from msmd.frame import centre_of_mass, eckart_frame, mean_structure
from msmd.models.basis import BASES, moving_modes
from msmd.models.direct_network import DirectNetwork
from msmd.models.fallback import Fallback
from msmd.models.modal_field import ModalGeometry
from msmd.models.renumbering import renumbered_state
from msmd.models.spectral_ode_config import SpectralODEConfig
from msmd.models.window_matching import WindowMatching, pairs_of
from msmd.molecule import Molecule
from msmd.stage import Stage, cosine


class DirectInTime(nn.Module):
    """x(t) = c + v_c t + R (y + M^{-1/2} U Δq(t)), with Δq(t) by one network from the start and t: no ODE, no forces.

    y is the start in its Eckart frame R, in which displacement and momentum of every mode are the network's input, so
    that the forecast turns and moves with the start.  Δq(0) = 0 by construction; and where the network is worse than
    the mean structure, the forecast fades to it (``Fallback``).  It is what ``SpectralODE.create`` makes under
    ``evolution="direct"``, and has as many weights within a factor of two.

    Args:
        molecule: atoms and bonds.
        config: basis, modes that move, widths and ``direct`` count; what is about an ODE does not.
    """

    name: ClassVar[str] = "spectral-ode"
    Config = SpectralODEConfig

    def __init__(self, molecule: Molecule, config: SpectralODEConfig) -> None:
        super().__init__()
        self.molecule = molecule
        self.config = config
        n_moving = moving_modes(molecule, config.basis, config.n_modes)
        geometry = ModalGeometry(molecule, BASES[config.basis](molecule), n_moving=n_moving)
        self.network = DirectNetwork(
            molecule.n_atoms, config.widths, config.direct.n_sinusoids, config.direct.highest_wavenumber
        )
        self.fallback = Fallback(molecule)
        self.register_buffer("to_modal", geometry.to_modal)
        self.register_buffer("to_nodal", geometry.to_nodal.mT * geometry.moving[:, 0])

    @classmethod
    def from_parts(cls, molecule: Molecule, config: SpectralODEConfig) -> DirectInTime:
        """An empty forecaster, to be filled by ``load_state_dict``."""
        return cls(molecule, config)

    @classmethod
    def create(cls, training: TrainingData, config: SpectralODEConfig) -> DirectInTime:
        """An untrained forecaster: mean structure and statistics from the training data, random weights.

        Raises:
            ProtocolError: when no start has a later frame.
        """
        forecaster = cls(training.molecule, config)
        structure = mean_structure(training.structures(), training.molecule.masses)
        forecaster.fallback.structure.copy_(torch.from_numpy(structure))
        pairs = pairs_of(training)
        states, _, _ = forecaster._starts(pairs.positions, pairs.velocities)
        spread = states[:, : 3 * training.molecule.n_atoms].std(0)
        forecaster.network.initialise(states, spread, torch.Generator().manual_seed(config.seed))
        return forecaster

    def renumbered(self, order: Sequence[int]) -> DirectInTime:
        """The same forecaster for the molecule with its atoms in another order, new atom k being old atom order[k]."""
        other = DirectInTime(self.molecule.renumbered(order), self.config)
        axes = {"fallback.structure": ("atoms", 0), "to_modal": ("atoms", 1), "to_nodal": ("atoms", 1)}
        other.load_state_dict(renumbered_state(self.state_dict(), axes, order))
        return other.eval()

    def stages(self, training: TrainingData) -> tuple[Stage, ...]:
        """Window matching alone."""
        pairs, config = pairs_of(training), self.config.direct
        states, origins, rotations = self._starts(pairs.positions, pairs.velocities)
        loss = WindowMatching(
            network=self.network,
            states=states,
            origins=origins.float(),
            rotations=rotations.float(),
            to_modal=self.to_modal.float().cpu(),
            frames=torch.from_numpy(pairs.frames).float(),
            frame_times_fs=torch.from_numpy(pairs.times_fs),
            start_times_fs=torch.from_numpy(pairs.start_times_fs),
            first=torch.from_numpy(pairs.first),
            last=torch.from_numpy(pairs.last),
            batch=config.batch,
        )
        stage = Stage(
            name="window-matching",
            n_steps=config.steps,
            learning_rate=config.rate,
            batch_loss=loss,
            schedule=cosine,
        )
        return (stage,)

    @torch.no_grad()
    def predict(
        self,
        positions: Float[Tensor, "windows atoms 3"],
        velocities: Float[Tensor, "windows atoms 3"],
        times_fs: Float[Tensor, "windows times"],
    ) -> Float[Tensor, "windows times atoms 3"]:
        """Positions in Å at ``times_fs`` after the start, faded to the mean structure where that is better.

        Raises:
            DataError: when the number of atoms is not the molecule's.
            ProtocolError: for times before the start.
        """
        direct, centred, path = self._direct(positions, velocities, times_fs)
        forecast = self.fallback(direct[None], centred, times_fs) + path
        return torch.where((times_fs == 0)[..., None, None], positions[:, None], forecast.to(positions.dtype))

    @torch.no_grad()
    def calibrate(self, windows: Sequence[Windows]) -> None:
        """Fits how far the network is to be believed at each horizon, on windows of which best some did not train."""
        errors = [self._source_errors(part) for part in windows]
        self.fallback.calibrate(errors, [part.times_fs for part in windows])

    def _source_errors(self, windows: Windows) -> Float[np.ndarray, "3 windows times atoms 3"]:
        device = self.fallback.structure.device
        rows = (windows.positions, windows.velocities, windows.times_fs)
        direct, centred, path = self._direct(*(torch.tensor(row, device=device) for row in rows))
        return (self.fallback.sources(direct[None], centred) + path).cpu().numpy() - windows.targets

    def _direct(self, positions: Tensor, velocities: Tensor, times_fs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The network's forecast about the centre of mass, the centred start, and the centre's straight path."""
        check_starts(self, positions, velocities, times_fs)
        check_times(times_fs)
        start, velocity = (part.double().cpu().numpy() for part in (positions, velocities))
        states, origins, rotations = (part.to(positions.device) for part in self._starts(start, velocity))
        centres = (centre_of_mass(part, self.molecule.masses) for part in (start, velocity))
        centre, drift = (torch.from_numpy(part).to(positions.device) for part in centres)
        n_times = times_fs.shape[1]
        found = self.network(states.repeat_interleave(n_times, 0), times_fs.reshape(-1)).double()
        moved = torch.einsum("ka,skd->sad", self.to_nodal, found.unflatten(-1, (-1, 3)))
        body = origins[:, None] + moved.reshape(*times_fs.shape, -1, 3)
        path = centre[:, None] + drift[:, None] * times_fs.double()[..., None]
        return body @ rotations.mT[:, None], positions.double() - centre[:, None], path[:, :, None]

    def _starts(
        self, positions: Float[np.ndarray, "starts atoms 3"], velocities: Float[np.ndarray, "starts atoms 3"]
    ) -> tuple[Float[Tensor, "starts state"], Float[Tensor, "starts atoms 3"], Float[Tensor, "starts 3 3"]]:
        """What the network takes of each start (float32), its body coordinates (Å), and the frame's rotation."""
        masses, structure = self.molecule.masses, self.fallback.structure.cpu().numpy()
        frame = eckart_frame(positions, structure, masses)
        body = frame.to_body(positions)
        speed = (velocities - centre_of_mass(velocities, masses)[:, None]) @ frame.rotations
        to_modal = self.to_modal.cpu().numpy()
        modal = [np.einsum("ka,sad->skd", to_modal, part) for part in (body - frame.reference, speed)]
        states = torch.from_numpy(np.concatenate(modal, 1)).flatten(1).float()
        return states, torch.from_numpy(body), torch.from_numpy(frame.rotations)
