"""SpectralOscillator: every vibration a damped oscillator whose frequency bends with how hard the molecule shakes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from msmd.data.windows import TrainingData, Windows
from msmd.errors import DataError, ProtocolError
from msmd.forecasters import check_starts
from msmd.frame import angular_momentum, centre_of_mass, eckart_frame, inertia, inverse_inertia, mean_structure
from msmd.molecule import Molecule
from msmd.rotor import free_rotations
from msmd.stage import Stage, cosine
from msmd.vibrations import stiffness, to_modal, vibrational_basis

LOWEST_FREQUENCY = 2e-3
"""rad/fs (11 cm⁻¹): a fitted stiffness below this, or negative, is a mode that drifts rather than swings."""

SLIP_FS = 6.0
"""How long the start remembers what no oscillator and no free rotor explain of its velocity: the frame of a molecule
that deforms does not turn like a rigid body, and damping and shifted frequencies change the first slope."""

PHASE_FS = 1000.0
"""Detunings and anharmonicities are learned as phases gained over this time, which makes steps of the right size."""


@dataclass(frozen=True, kw_only=True)
class SpectralOscillatorConfig:
    """What can be chosen about a SpectralOscillator.

    Attributes:
        n_steps, learning_rate, batch: of its one stage.
        shifts: whether frequencies depend on the actions.
        damping_fs: first guess of every damping time.
        seed: of nothing; every config has one.
    """

    n_steps: int = 1000
    learning_rate: float = 0.03
    batch: int = 300
    shifts: bool = True
    damping_fs: float = 300.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("n_steps", "learning_rate", "batch", "damping_fs"):
            if not getattr(self, name) > 0:
                raise ProtocolError(f"{name} is {getattr(self, name)}; expected a positive number.")


@dataclass(frozen=True, kw_only=True)
class RigidMotion:
    """Where the body frame of each window goes, and the vibration that it starts with.

    Attributes:
        shift, speed: √m-weighted modal displacement and velocity at the start, Å·u^{1/2} and Å·u^{1/2}/fs.
        path: of the centre of mass, Å.
        turned: proper rotations from the body to the laboratory at each time.
        deforming: velocities at the start less drift and rigid spin, in the body frame, Å/fs.
    """

    shift: Float[Tensor, "windows modes"]
    speed: Float[Tensor, "windows modes"]
    path: Float[Tensor, "windows times 3"]
    turned: Float[Tensor, "windows times 3 3"]
    deforming: Float[Tensor, "windows atoms 3"]


class SpectralOscillator(nn.Module):
    """x(t) = c + v_c t + Q(t) R (r + M^{-1/2} U q(t)), with r the mean structure, R its Eckart frame at the start, and

        q_k(t) = e^{−γ_k t} (q_k(0) cos Ω_k t + q̇_k(0)/ω_k sin Ω_k t),   Ω_k = ω_k + Σ_j χ_kj (J_j/J̄_j − 1)

    J_j = (q̇_j²/ω_j + ω_j q_j²)/2 is the action of mode j.  Frequencies, dampings and the matrix χ of anharmonicities
    are learned from where the motion went.  What this leaves of the start's velocity, w, moves atoms by w t e^{−t/τ}
    more, so that ẋ(0) = v(0); after 100 fs it moves them by less than 1e-5 of w·fs.  Far cheaper than
    ``SpectralODE``, and blind to rotors.

    Args:
        molecule: atoms and bonds.
        config: what can be chosen.

    Reference: second-order vibrational perturbation theory, E. B. Wilson's χ matrix, in classical form.
    """

    name: ClassVar[str] = "spectral-oscillator"
    Config = SpectralOscillatorConfig

    def __init__(self, molecule: Molecule, config: SpectralOscillatorConfig, *, n_modes: int | None = None) -> None:
        super().__init__()
        self.molecule = molecule
        self.config = config
        n_modes = max(3 * molecule.n_atoms - 6, 1) if n_modes is None else n_modes
        double = torch.float64
        self.detuning = nn.Parameter(torch.zeros(n_modes, dtype=double))
        self.log_damping = nn.Parameter(torch.full((n_modes,), -np.log(config.damping_fs), dtype=double))
        self.anharmonicity = nn.Parameter(torch.zeros(n_modes, n_modes, dtype=double), requires_grad=config.shifts)
        self.register_buffer("modes", torch.zeros(3 * molecule.n_atoms, n_modes, dtype=double))
        self.register_buffer("structure", torch.zeros(molecule.n_atoms, 3, dtype=double))
        self.register_buffer("first_frequency", torch.ones(n_modes, dtype=double))
        self.register_buffer("mean_action", torch.ones(n_modes, dtype=double))

    @classmethod
    def from_parts(cls, molecule: Molecule, config: SpectralOscillatorConfig) -> SpectralOscillator:
        """An empty forecaster, to be filled by ``load_state_dict``."""
        return cls(molecule, config)

    @classmethod
    def create(cls, training: TrainingData, config: SpectralOscillatorConfig) -> SpectralOscillator:
        """Mean structure, modes and first frequencies from the training data.

        Raises:
            DataError: for a linear molecule, which has one vibration more.
        """
        masses = training.molecule.masses
        structure = mean_structure(training.structures(), masses)
        basis = vibrational_basis(structure, masses)
        if basis.shape[1] != 3 * training.molecule.n_atoms - 6:
            raise DataError(f"{training.molecule.name!r} is linear; a SpectralOscillator needs three principal axes.")
        squares, rotation = np.linalg.eigh(stiffness(training, structure, basis))
        forecaster = cls(training.molecule, config)
        with torch.no_grad():
            frequency = np.sqrt(np.maximum(squares, LOWEST_FREQUENCY**2))
            forecaster.first_frequency.copy_(torch.from_numpy(frequency))
            forecaster.structure.copy_(torch.from_numpy(structure))
            forecaster.modes.copy_(torch.from_numpy(basis @ rotation))
            motion = forecaster.rigid_motion(*_tensors(training.windows))
            forecaster.mean_action.copy_(forecaster._actions(motion).mean(0))
        return forecaster

    def renumbered(self, order: Sequence[int]) -> SpectralOscillator:
        """The same forecaster for the molecule with its atoms in another order, new atom k being old atom order[k]."""
        other = SpectralOscillator(self.molecule.renumbered(order), self.config, n_modes=self.modes.shape[1])
        state = self.state_dict()
        by_atom = state["modes"].reshape(self.molecule.n_atoms, 3, -1)
        state |= {"structure": state["structure"][list(order)], "modes": by_atom[list(order)].reshape(self.modes.shape)}
        other.load_state_dict(state)
        return other.eval()

    @property
    def frequencies(self) -> Float[Tensor, " modes"]:
        """ω per mode, rad/fs: that of the fitted stiffness and a learned detuning."""
        return (self.first_frequency + self.detuning / PHASE_FS).clamp(min=LOWEST_FREQUENCY)

    @property
    def dampings(self) -> Float[Tensor, " modes"]:
        """γ per mode, 1/fs."""
        return self.log_damping.exp()

    @torch.no_grad()
    def predict(
        self,
        positions: Float[Tensor, "windows atoms 3"],
        velocities: Float[Tensor, "windows atoms 3"],
        times_fs: Float[Tensor, "windows times"],
    ) -> Float[Tensor, "windows times atoms 3"]:
        """Positions in Å at ``times_fs`` after the start.

        Raises:
            DataError: when the number of atoms is not the molecule's.
        """
        check_starts(self, positions, velocities, times_fs)
        motion = self.rigid_motion(positions, velocities, times_fs)
        times = times_fs.to(self.modes)
        slip = motion.deforming - self._nodal(self._first_slope(motion)[:, None])[:, 0]
        fading = (times * torch.exp(-times / SLIP_FS))[..., None, None]
        body = self.structure + self._nodal(self.vibration(motion, times)) + fading * slip[:, None]
        moved = motion.path[:, :, None] + body @ motion.turned.transpose(-1, -2)
        return torch.where((times_fs == 0)[..., None, None], positions[:, None], moved.to(positions))

    def vibration(
        self, motion: RigidMotion, times_fs: Float[Tensor, "windows times"]
    ) -> Float[Tensor, "windows times modes"]:
        """q(t) in Å·u^{1/2}."""
        phase = self._shifted_frequencies(motion)[:, None] * times_fs[..., None]
        kept = torch.exp(-self.dampings * times_fs[..., None])
        sine = motion.speed / self.frequencies
        return kept * (motion.shift[:, None] * torch.cos(phase) + sine[:, None] * torch.sin(phase))

    def _shifted_frequencies(self, motion: RigidMotion) -> Float[Tensor, "windows modes"]:
        """Ω of every mode, rad/fs."""
        swing = self._actions(motion) / self.mean_action - 1.0
        return self.frequencies + swing @ self.anharmonicity.T / PHASE_FS

    def _first_slope(self, motion: RigidMotion) -> Float[Tensor, "windows modes"]:
        """dq/dt of ``vibration`` at the start."""
        return motion.speed * self._shifted_frequencies(motion) / self.frequencies - self.dampings * motion.shift

    def rigid_motion(
        self,
        positions: Float[Tensor, "windows atoms 3"],
        velocities: Float[Tensor, "windows atoms 3"],
        times_fs: Float[Tensor, "windows times"],
    ) -> RigidMotion:
        """The Eckart frame at the start, carried on as a free rigid body, and the vibration in it."""
        masses = self.molecule.masses
        x, v, t = (part.detach().double().cpu().numpy() for part in (positions, velocities, times_fs))
        frame = eckart_frame(x, self.structure.cpu().numpy(), masses)
        modes = self.modes.cpu().numpy()
        moments, momentum = inertia(x, masses), angular_momentum(x, v, masses)
        drift, arms = centre_of_mass(v, masses), x - frame.centres[:, None]
        spin = np.einsum("wij,wj->wi", inverse_inertia(moments), momentum)
        deforming = v - drift[:, None] - np.cross(spin[:, None], arms)
        found = (
            to_modal(frame.to_body(x) - frame.reference, modes, masses),
            to_modal(frame.body_velocities(x, v), modes, masses),
            frame.centres[:, None] + drift[:, None] * t[..., None],
            free_rotations(moments, momentum, t) @ frame.rotations[:, None],
            deforming @ frame.rotations,
        )
        shift, speed, path, turned, deforming = (torch.from_numpy(part).to(self.modes) for part in found)
        return RigidMotion(shift=shift, speed=speed, path=path, turned=turned, deforming=deforming)

    def stages(self, training: TrainingData) -> tuple[Stage, ...]:
        """One: the squared distance between where the vibration goes and where it went, in the carried body frame."""
        return (
            Stage(
                name="windows",
                n_steps=self.config.n_steps,
                learning_rate=self.config.learning_rate,
                batch_loss=VibrationMatching.of(self, training.windows),
                schedule=cosine,
            ),
        )

    def _actions(self, motion: RigidMotion) -> Float[Tensor, "windows modes"]:
        """J = (q̇²/ω + ω q²)/2 of every mode at the start, u·Å²/fs."""
        frequency = self.frequencies.detach()
        return 0.5 * (motion.speed**2 / frequency + frequency * motion.shift**2)

    def _nodal(self, vibration: Float[Tensor, "windows times modes"]) -> Float[Tensor, "windows times atoms 3"]:
        """M^{-1/2} U q, displacements in the body frame, Å."""
        roots = torch.from_numpy(np.sqrt(self.molecule.masses)).to(self.modes)[:, None]
        return (vibration @ self.modes.T).reshape(*vibration.shape[:2], -1, 3) / roots


@dataclass(frozen=True, kw_only=True)
class VibrationMatching:
    """Mean squared distance in the carried body frame, Å².

    Attributes:
        forecaster: what is trained.
        motion: of every training window.
        times_fs: target times.
        displacements: targets in the carried frame, less the mean structure, Å.
    """

    forecaster: SpectralOscillator
    motion: RigidMotion
    times_fs: Float[Tensor, "windows times"]
    displacements: Float[Tensor, "windows times atoms 3"]

    @classmethod
    def of(cls, forecaster: SpectralOscillator, windows: Windows) -> VibrationMatching:
        """On these windows."""
        positions, velocities, times_fs = _tensors(windows)
        motion = forecaster.rigid_motion(positions, velocities, times_fs)
        arms = torch.tensor(windows.targets).to(forecaster.modes) - motion.path[:, :, None]
        return cls(
            forecaster=forecaster,
            motion=motion,
            times_fs=times_fs.to(forecaster.modes),
            displacements=arms @ motion.turned - forecaster.structure,
        )

    def __call__(self, generator: torch.Generator) -> Tensor:
        """The loss on one batch."""
        some = torch.randint(len(self.times_fs), (self.forecaster.config.batch,), generator=generator)
        motion = RigidMotion(**{name: part[some] for name, part in vars(self.motion).items()})
        found = self.forecaster._nodal(self.forecaster.vibration(motion, self.times_fs[some]))
        return (found - self.displacements[some]).square().mean()


def _tensors(windows: Windows) -> tuple[Tensor, Tensor, Tensor]:
    return torch.tensor(windows.positions), torch.tensor(windows.velocities), torch.tensor(windows.times_fs)
