"""What the peers share: the atoms they model, the units of their numbers, training on windows, and prediction."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from msmd.data.windows import TrainingData
from msmd.errors import MsmdError
from msmd.forecasters import check_starts, check_times
from msmd.molecule import Molecule
from msmd.peers.heavy_atoms import CarriedAtoms, modelled_atoms, submolecule
from msmd.peers.molecular_graph import MolecularGraph
from msmd.peers.window_batches import WindowBatch
from msmd.stage import Stage, halved_midway


@dataclass(frozen=True, kw_only=True)
class PeerConfig:
    """The settings that every peer has.

    Attributes:
        n_steps: optimiser steps; 5000 epochs of 500 windows in batches of 50, as GF-NODE's authors take; models that
            were published on other tasks get as many.
        learning_rate: Adam's, halved after half of the steps.
        batch_size: windows per step, and per call of the network when predicting.
        heavy_only: leave hydrogens out, as the papers do; a forecast carries them along (``heavy_atoms``).
        seed: of the initial weights.

    Raises:
        MsmdError: for a number that is not positive.
    """

    n_steps: int = 50_000
    learning_rate: float = 1e-4
    batch_size: int = 50
    heavy_only: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("n_steps", "learning_rate", "batch_size"):
            if not getattr(self, name) > 0:
                raise MsmdError(f"{name} is {getattr(self, name)}; expected a positive number.")


class Peer(nn.Module, ABC):
    """A forecaster that learns from windows: positions and velocities in, positions at given times out.

    ``forward`` works on the modelled atoms; ``predict`` serves the forecaster protocol.

    Attributes:
        name: on the command line and in checkpoint paths.
        molecule: atoms and bonds.
        config: settings.
        velocity_rms: buffer, Å/fs: the networks see velocities in this unit.
        displacement_rms: buffer, Å: of the training targets from their starts.
        horizon_fs: buffer: the networks see times as fractions of it.
    """

    name: ClassVar[str]
    Config: ClassVar[type[PeerConfig]]

    def __init__(self, molecule: Molecule, config: PeerConfig) -> None:
        super().__init__()
        self.molecule, self.config = molecule, config
        self.modelled = modelled_atoms(molecule, heavy_only=config.heavy_only)
        self.modelled_molecule = submolecule(molecule, self.modelled)
        self.graph = MolecularGraph(self.modelled_molecule)
        self.carried_atoms = CarriedAtoms(molecule, self.modelled)
        for statistic in ("velocity_rms", "displacement_rms", "horizon_fs"):
            self.register_buffer(statistic, torch.ones(()))

    @classmethod
    def create(cls, training: TrainingData, config: PeerConfig) -> Peer:
        """An untrained forecaster with the statistics of its training data, and weights from the seed."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            peer = cls(training.molecule, config)
        peer.measure(WindowBatch.of(training.windows, peer.modelled), training.horizon_fs)
        return peer

    @classmethod
    def from_parts(cls, molecule: Molecule, config: PeerConfig) -> Peer:
        """An empty forecaster, to be filled by ``load_state_dict``."""
        return cls(molecule, config)

    def measure(self, windows: WindowBatch, horizon_fs: float) -> None:
        """Sets the statistics; a molecule at rest keeps the unit 1."""
        displacements = windows.targets - windows.positions[:, None]
        for buffer, values in ((self.velocity_rms, windows.velocities), (self.displacement_rms, displacements)):
            rms = values.square().mean().sqrt()
            buffer.fill_(rms.item() if rms > 0 else 1.0)
        self.horizon_fs.fill_(horizon_fs)

    def stages(self, training: TrainingData) -> tuple[Stage, ...]:
        """One stage: Adam on the loss of random windows."""
        windows = WindowBatch.of(training.windows, self.modelled)

        def batch_loss(generator: torch.Generator) -> Tensor:
            return self.loss(windows.draw(self.config.batch_size, generator, self.horizon_fs.device), generator)

        return (
            Stage(
                name="windows",
                n_steps=self.config.n_steps,
                learning_rate=self.config.learning_rate,
                batch_loss=batch_loss,
                schedule=halved_midway,
                keeps_best=True,  # most of them overfit long before they end
            ),
        )

    def loss(self, batch: WindowBatch, generator: torch.Generator) -> Float[Tensor, ""]:
        """Mean squared error of the modelled atoms' positions, Å²: the A-MSE."""
        predicted = self(batch.positions, batch.velocities, batch.times_fs)
        return (predicted - batch.targets).square().mean()

    @abstractmethod
    def forward(
        self,
        positions: Float[Tensor, "windows modelled 3"],
        velocities: Float[Tensor, "windows modelled 3"],
        times_fs: Float[Tensor, "windows times"],
    ) -> Float[Tensor, "windows times modelled 3"]:
        """Positions of the modelled atoms in Å at ``times_fs``, from positions in Å and velocities in Å/fs."""

    @torch.no_grad()
    def predict(
        self,
        positions: Float[Tensor, "windows atoms 3"],
        velocities: Float[Tensor, "windows atoms 3"],
        times_fs: Float[Tensor, "windows times"],
    ) -> Float[Tensor, "windows times atoms 3"]:
        """Positions of all atoms in Å at ``times_fs``; same dtype and device as ``positions``.

        Raises:
            DataError: when the number of atoms is not the molecule's.
            ProtocolError: for times before the start.
        """
        check_starts(self, positions, velocities, times_fs)
        check_times(times_fs)
        inner = {"dtype": self.horizon_fs.dtype, "device": self.horizon_fs.device}
        inputs = (x.to(**inner).split(self.config.batch_size) for x in (positions, velocities, times_fs))
        predicted = [self._predict_batch(*batch) for batch in zip(*inputs, strict=True)]
        return torch.cat(predicted).to(positions)

    def _predict_batch(self, positions: Tensor, velocities: Tensor, times_fs: Tensor) -> Tensor:
        modelled = self.carried_atoms.modelled
        return self.carried_atoms(positions, self(positions[:, modelled], velocities[:, modelled], times_fs))
