"""SpectralODE: a neural ODE for every spatial scale, driven by a learned invariant potential."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from msmd.baselines.kernel_response import MAX_WINDOWS, KernelResponse
from msmd.data.windows import TrainingData, Windows
from msmd.ensemble_scores import crps
from msmd.errors import ProtocolError
from msmd.forecasters import check_starts, check_times
from msmd.frame import mean_structure
from msmd.models.basis import BASES, moving_modes
from msmd.models.dense_output import rollout
from msmd.models.direct_in_time import DirectInTime
from msmd.models.ensemble import normal_quantiles, opposite_pairs, perturbed_momenta
from msmd.models.fallback import Fallback
from msmd.models.fields import FIELDS
from msmd.models.force_matching import energy_scale
from msmd.models.guard import DistanceGuard
from msmd.models.memory import Memory
from msmd.models.modal_field import KnownStructures, ModalField, ModalGeometry
from msmd.models.motion import THERMOSTAT_WAVENUMBER, ConstantEnergy, Motion, NoseHoover, Thermostat
from msmd.models.renumbering import pair_order, renumbered_state, spectral_ode_axes
from msmd.models.solvers import MultipleTimeSteps, Solver, Torchdiffeq, VelocityVerlet
from msmd.models.spectral_ode_config import MAX_MEMBERS, SpectralODEConfig
from msmd.models.symmetry import symmetrised_inverse_distances
from msmd.models.threads import threads_for
from msmd.models.training_plan import Learner, plan
from msmd.molecule import Molecule
from msmd.stage import Stage

__all__ = ["SpectralODE", "SpectralODEConfig"]

MOMENTUM_SPREADS = (0.003, 0.01, 0.03, 0.06, 0.12, 0.2)
"""Candidates for ``calibrate``: from the rounding of the stored starts (.0015) to what a rough potential deserves."""

WAVENUMBERS = (200.0, 400.0, 800.0, 1600.0, THERMOSTAT_WAVENUMBER)
"""Candidates for the thermostat's ω, cm⁻¹."""

CHOOSING_WINDOWS = 60
"""Windows of each kind that choose among the candidates."""

N_PATHS = 2
"""What the fall-back may believe: the members' mean, and the first member."""

MAX_COLUMNS = 2048
"""Members times windows that march together; more only cost memory."""


class SpectralODE(nn.Module):
    """Every graph-Fourier mode moves by a neural ODE, all driven by one learned invariant potential E:

        Y = Uᵀ M^{1/2} x,   dY/dt = P,   dP/dt = −Uᵀ M^{-1/2} ∇E(Y) − ξP,   dξ/dt = (2K − 3N k_B T)/Q

    U holds the eigenvectors of the bond graph's Laplacian; ξ is there only where the data had a thermostat.  The
    forecast combines the mean over an ensemble of starts that the data cannot tell apart with the path from the start
    itself; a guard stops members that leave the known range, and where the ensemble spreads too far the forecast fades
    to the mean structure (``Fallback``).
    Translating, rotating and renumbering the input move the output with it, because E knows distances only; drift and
    spin are carried exactly, because the forces of pairs are equal and opposite.

    Args:
        molecule: atoms and bonds.
        config: what can be chosen; ``field`` puts something else in the place of E.

    Raises:
        ProtocolError: for ``evolution="direct"``, which is another class; ``create`` makes it.

    Reference: the graph-Fourier ODE of arXiv:2411.01600, with the field made conservative and invariant.
    """

    name: ClassVar[str] = "spectral-ode"
    Config = SpectralODEConfig

    def __init__(self, molecule: Molecule, config: SpectralODEConfig) -> None:
        super().__init__()
        if config.evolution != "ode":
            raise ProtocolError(
                f"evolution is {config.evolution!r}; a SpectralODE has an ODE. SpectralODE.create makes the forecaster "
                "that the config asks for."
            )
        self.molecule = molecule
        self.config = config
        n_moving = moving_modes(molecule, config.basis, config.n_modes)
        self.geometry = ModalGeometry(molecule, BASES[config.basis](molecule), n_moving=n_moving)
        self.field = FIELDS[config.field].build(self.geometry, config.widths)
        self.fast_field = ModalField.build(self.geometry, config.fast_widths)
        self.guard = DistanceGuard(molecule)
        self.memory = Memory(molecule, config.n_remembered, config.n_remembered_times) if config.n_remembered else None
        self.fallback = Fallback(molecule, n_paths=N_PATHS, n_others=0 if self.memory is None else 1)
        generator = torch.Generator().manual_seed(config.seed)
        draws = torch.randn(self.geometry.n_pairs, MAX_MEMBERS // 2, generator=generator, dtype=torch.float64)
        self.register_buffer("impulses", draws, persistent=False)
        spread = MOMENTUM_SPREADS[0] if config.momentum_spread is None else config.momentum_spread
        self.register_buffer("momentum_spread", torch.tensor(spread, dtype=torch.float64))

    @classmethod
    def from_parts(cls, molecule: Molecule, config: SpectralODEConfig) -> SpectralODE:
        """An empty forecaster, to be filled by ``load_state_dict``."""
        return cls(molecule, config)

    @classmethod
    def create(cls, training: TrainingData, config: SpectralODEConfig) -> SpectralODE | DirectInTime:
        """An untrained forecaster: statistics, guard and mean structure from the training data, random weights.

        Where the data have a thermostat and the config names no temperature, the data's is taken; where they have no
        forces, their windows are remembered.
        """
        if config.evolution == "direct":
            return DirectInTime.create(training, config)
        if training.thermostat and config.temperature_kelvin is None:
            config = replace(config, temperature_kelvin=training.temperature_kelvin)
        known = _remembered(training, config)
        n_windows, n_times = (0, 0) if known is None else known.coefficients.shape[:2]
        config = replace(config, n_remembered=n_windows, n_remembered_times=n_times)
        forecaster = cls(training.molecule, config)
        if known is not None:
            forecaster.memory.remember(known)
        structures = training.structures()
        mean = mean_structure(structures, training.molecule.masses)
        forecaster.fallback.structure.copy_(torch.from_numpy(mean))
        inverse = symmetrised_inverse_distances(forecaster.geometry, training.molecule, structures)
        forecaster.guard.fit(inverse)
        scale = energy_scale(training)
        generator = torch.Generator().manual_seed(config.seed)
        seen = KnownStructures(positions=structures, mean=mean, inverse_distances=inverse)
        for part in (forecaster.field, forecaster.fast_field):
            part.initialise(seen, scale, generator)
        return forecaster

    def renumbered(self, order: Sequence[int]) -> SpectralODE:
        """The same forecaster for the molecule with its atoms in another order, new atom k being old atom order[k]."""
        other = SpectralODE(self.molecule.renumbered(order), self.config)
        axes = spectral_ode_axes(self.field, self.fast_field, self.memory)
        other.load_state_dict(renumbered_state(self.state_dict(), axes, order))
        other.impulses.copy_(self.impulses[pair_order(order)])
        return other.to(self.impulses.device).eval()

    def stages(self, training: TrainingData) -> tuple[Stage, ...]:
        """How it is trained on these data; see ``training_plan``."""
        learner = Learner(
            field=self.field, fast=self.fast_field, thermostat=self.thermostat(), solver=self.solver(is_trained=True)
        )
        return plan(learner, training, self.config.plan)

    @torch.no_grad()
    def predict(
        self,
        positions: Float[Tensor, "windows atoms 3"],
        velocities: Float[Tensor, "windows atoms 3"],
        times_fs: Float[Tensor, "windows times"],
    ) -> Float[Tensor, "windows times atoms 3"]:
        """The forecast of least expected error, in Å: members' mean and first member, faded to the mean structure.

        Raises:
            DataError: when the number of atoms is not the molecule's.
            ProtocolError: for times before the start.
        """
        paths, centred, drifted = self._paths(positions, velocities, times_fs)
        others = self._others(centred, velocities, times_fs)
        forecast = self.fallback(paths, centred, times_fs, *others) + drifted
        return torch.where((times_fs == 0)[..., None, None], positions[:, None], forecast.to(positions.dtype))

    @torch.no_grad()
    def samples(
        self,
        positions: Float[Tensor, "windows atoms 3"],
        velocities: Float[Tensor, "windows atoms 3"],
        times_fs: Float[Tensor, "windows times"],
        *,
        n_samples: int | None = None,
    ) -> Float[Tensor, "members windows times atoms 3"]:
        """Forecasts that each move like the molecule, in Å: the members themselves, the first from the given start.

        A member that the guard stopped repeats the first sound one (or its start, where there is none).

        Args:
            n_samples: how many; as many as the config has members when None.

        Raises:
            ProtocolError: for more than 64 samples, or none.
        """
        centred, drift, path = self._centred(positions, velocities, times_fs)
        members, sound = self._members(
            centred, drift, times_fs, self.config.n_members if n_samples is None else n_samples
        )
        first = torch.argmax(sound.to(torch.int8), dim=0, keepdim=True)
        stand_in = torch.take_along_dim(members, first[..., None, None], dim=0)
        stand_in = torch.where(sound.any(0)[..., None, None], stand_in[0], centred[:, None])
        return torch.where(sound[..., None, None], members, stand_in).to(positions.dtype) + path.to(positions.dtype)

    def modal_trajectory(
        self,
        positions: Float[Tensor, "windows atoms 3"],
        velocities: Float[Tensor, "windows atoms 3"],
        times_fs: Float[Tensor, "windows times"],
    ) -> Float[Tensor, "windows times modes 3"]:
        """Y(t) = Uᵀ M^{1/2} x(t) of the forecast, in Å·u^{1/2}: what each spatial scale does."""
        forecast = self.predict(positions, velocities, times_fs)
        modal = self.geometry.modal(forecast.flatten(0, 1)).permute(2, 0, 1)
        return modal.reshape(*times_fs.shape, *modal.shape[1:])

    @torch.no_grad()
    def calibrate(self, windows: Sequence[Windows]) -> None:
        """Fits the thermostat's ω, how far apart the members start, and how far each forecast is to be believed when.

        ω is that of the best path from the start itself.  The spread is that of the best CRPS, so that members are as
        far from each other as from the truth.  Both go by the geometric mean over windows: the mean is ruled by the few
        that chaos has taken.  The weights are those of the least squared error.

        Args:
            windows: best ones that did not train; the first few of the first two kinds choose ω and the spread.
        """
        few = [part.take(slice(CHOOSING_WINDOWS)) for part in windows[:2]]
        if self.config.temperature_kelvin is not None and self.config.thermostat_wavenumber is None:
            self._set_wavenumber(min(WAVENUMBERS, key=lambda wavenumber: self._score_with_wavenumber(wavenumber, few)))
        if self.config.momentum_spread is None and self.config.n_members > 1:
            self.momentum_spread.fill_(min(MOMENTUM_SPREADS, key=lambda spread: self._score_with_spread(spread, few)))
        errors = [self._source_errors(part) for part in windows]
        self.fallback.calibrate(errors, [part.times_fs for part in windows])

    def _set_wavenumber(self, wavenumber: float) -> None:
        self.config = replace(self.config, thermostat_wavenumber=wavenumber)

    def _score_with_wavenumber(self, wavenumber: float, windows: Sequence[Windows]) -> float:
        self._set_wavenumber(wavenumber)
        return self._score(windows, n_samples=1)

    def _score_with_spread(self, spread: float, windows: Sequence[Windows]) -> float:
        self.momentum_spread.fill_(spread)
        return self._score(windows)

    def _score(self, windows: Sequence[Windows], n_samples: int | None = None) -> float:
        """Mean logarithm of the windows' CRPS, which is the absolute error for one sample; each kind counts alike."""
        scores = [
            crps(self.samples(*self._rows(part), n_samples=n_samples).cpu().numpy(), part.targets).mean(axis=(1, 2, 3))
            for part in windows
        ]
        return float(np.mean([np.log(score + np.finfo(float).tiny).mean() for score in scores]))

    def _source_errors(self, windows: Windows) -> Float[np.ndarray, "sources windows times atoms 3"]:
        """Errors of the forecasts that the fall-back combines, in Å.

        Of windows that it remembers, memory knows the outcome: there the mean structure has to stand in for it.
        """
        start, velocity, at = self._rows(windows)
        paths, centred, drifted = self._paths(start, velocity, at)
        sources = self.fallback.sources(paths, centred, *self._others(centred, velocity, at))
        if self.memory is not None:
            known = self.memory.knows(centred, velocity)
            sources[-1, known] = sources[N_PATHS, known]
        return (sources + drifted).cpu().numpy() - windows.targets

    def _rows(self, windows: Windows) -> tuple[Tensor, Tensor, Tensor]:
        """Positions, velocities and times, where the weights lie."""
        device = self.impulses.device
        rows = (windows.positions, windows.velocities, windows.times_fs)
        return tuple(torch.tensor(row, device=device) for row in rows)

    def _others(self, centred: Tensor, velocities: Tensor, times_fs: Tensor) -> tuple[Tensor, ...]:
        """What else there is to fall back on, about the centre of mass."""
        return () if self.memory is None else (self.memory(centred, velocities, times_fs),)

    def thermostat(self) -> Thermostat:
        """Nosé–Hoover's where the config has a temperature, else none."""
        if self.config.temperature_kelvin is None:
            return ConstantEnergy()
        return NoseHoover(
            n_atoms=self.molecule.n_atoms,
            temperature_kelvin=self.config.temperature_kelvin,
            wavenumber=self.config.thermostat_wavenumber or THERMOSTAT_WAVENUMBER,
        )

    def solver(self, *, is_trained: bool | None = None) -> Solver:
        """The solver that the config asks for; as long as the fast part is untrained, its inner step for all forces.

        Args:
            is_trained: whether the fast part counts as trained; None looks.
        """
        config = self.config
        is_trained = self.fast_field.network.is_trained if is_trained is None else is_trained
        common = {"field": self.field, "thermostat": self.thermostat(), "step_fs": config.step_fs}
        if config.solver == "verlet":
            return VelocityVerlet(**common)
        if config.solver == "multiple-time-steps" and is_trained:
            return MultipleTimeSteps(**common, fast=self.fast_field, n_inner=config.n_inner)
        if config.solver == "multiple-time-steps":
            return VelocityVerlet(**{**common, "step_fs": config.step_fs / config.n_inner})
        return Torchdiffeq(**common, method=config.solver, tolerance=config.tolerance)

    def _paths(
        self, positions: Tensor, velocities: Tensor, times_fs: Tensor
    ) -> tuple[
        Float[Tensor, "2 windows times atoms 3"],
        Float[Tensor, "windows atoms 3"],
        Float[Tensor, "windows times 1 3"],
    ]:
        """Mean over sound members and first member about the centre of mass, the centred start, the centre's path.

        The mean is NaN where no member is sound; it stands in for the first member where that is not.
        """
        parts = []
        rows = max(1, MAX_COLUMNS // self.config.n_members)
        centred, drift, path = self._centred(positions, velocities, times_fs)
        for some in torch.arange(len(positions)).split(rows):
            members, sound = self._members(centred[some], drift[some], times_fs[some], self.config.n_members)
            sound = sound[..., None, None]
            mean = torch.where(sound, members, 0.0).sum(0) / sound.sum(0)
            parts.append(torch.stack([mean, torch.where(sound[0], members[0], mean)]))
        paths = torch.cat(parts, dim=1)
        if self.thermostat().slows_drift:
            moved = self._centre_of_mass(paths)
            straight = self._centre_of_mass(velocities.double())[:, None] * times_fs.double()[..., None, None]
            paths, path = paths - moved, path + torch.where(torch.isfinite(moved[0]), moved[0], straight)
        return paths, centred, path

    def _centred(
        self, positions: Tensor, velocities: Tensor, times_fs: Tensor
    ) -> tuple[Float[Tensor, "windows atoms 3"], Float[Tensor, "windows atoms 3"], Float[Tensor, "windows times 1 3"]]:
        """Positions and velocities about the centre of mass, and its straight path, in double precision.

        Where a thermostat slows the drift too, the velocities keep it, and the path stays at the start.
        """
        check_starts(self, positions, velocities, times_fs)
        check_times(times_fs)
        start, velocity = positions.double(), velocities.double()
        centre, drift = self._centre_of_mass(start), self._centre_of_mass(velocity)
        if self.thermostat().slows_drift:
            drift = torch.zeros_like(drift)
        path = centre[:, None] + drift[:, None] * times_fs.double()[..., None, None]
        return start - centre, velocity - drift, path

    def _centre_of_mass(self, nodal: Float[Tensor, "*shape atoms 3"]) -> Float[Tensor, "*shape 1 3"]:
        """Of positions, or of velocities."""
        shares = torch.from_numpy(self.molecule.masses / self.molecule.masses.sum()).to(nodal.device)
        return torch.einsum("a,...ad->...d", shares, nodal)[..., None, :]

    def _members(
        self, centred: Tensor, velocities: Tensor, times_fs: Tensor, n_members: int
    ) -> tuple[Float[Tensor, "members windows times atoms 3"], Bool[Tensor, "members windows times"]]:
        """Every member's path about the centre of mass, and where it is sound."""
        with threads_for(n_members * len(centred)):
            coordinates = self.geometry.modal(centred).repeat(1, 1, n_members)
            momenta = self.geometry.modal(velocities).repeat(1, 1, n_members)
            start = self._start(coordinates, self._perturbed(coordinates, momenta, n_members), n_members)
            modal, sound = rollout(self.solver(), start, times_fs.double().repeat(n_members, 1), self.guard)
        nodal = self.geometry.nodal(modal.flatten(0, 1).permute(1, 2, 0))
        shape = (n_members, *times_fs.shape)
        return nodal.reshape(*shape, self.molecule.n_atoms, 3), sound.reshape(shape)

    def _perturbed(self, coordinates: Tensor, momenta: Tensor, n_members: int) -> Tensor:
        """Momenta of every member: the given ones, then those after opposite pairs of impulses."""
        if not 1 <= n_members <= MAX_MEMBERS:
            raise ProtocolError(f"{n_members} members were asked for; expected 1 to {MAX_MEMBERS}.")
        strengths = opposite_pairs(self.impulses, n_members)
        strengths = strengths.repeat_interleave(coordinates.shape[-1] // n_members, dim=1)
        return perturbed_momenta(self.geometry, coordinates, momenta, strengths, self.momentum_spread)

    def _start(self, coordinates: Tensor, momenta: Tensor, n_members: int) -> Motion:
        """The motion at t = 0, modes that do not move at rest, ξ(0) spread over the members."""
        quantiles = normal_quantiles(n_members).to(coordinates)
        friction = quantiles.repeat_interleave(coordinates.shape[-1] // n_members)
        _, acceleration, inverse = self.field(coordinates)
        return Motion(
            coordinates=coordinates,
            momenta=momenta * self.geometry.moving,
            acceleration=acceleration,
            friction=self._friction_spread() * friction,
            inverse_distances=inverse,
        )

    def _friction_spread(self) -> float:
        """Standard deviation of ξ(0) over the members, 1/fs: as ω, by equipartition of Qξ² with Q ∝ 1/ω²."""
        thermostat = self.thermostat()
        if isinstance(thermostat, ConstantEnergy):
            return 0.0
        return self.config.friction_spread_per_fs * thermostat.wavenumber / THERMOSTAT_WAVENUMBER


def _remembered(training: TrainingData, config: SpectralODEConfig) -> KernelResponse | None:
    """What followed the training windows, as many as the config wants; None for none."""
    wanted = config.n_remembered
    if wanted is None:
        wanted = 0 if len(training.labelled()[0]) else MAX_WINDOWS
    if wanted == 0:
        return None
    return KernelResponse.fit(replace(training, windows=training.windows.take(slice(wanted))))
