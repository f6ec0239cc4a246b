"""A SpectralODE's config refuses what cannot be, and its defaults are the published model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from msmd.checkpoint import load_checkpoint
from msmd.errors import ProtocolError, UnknownNameError
from msmd.models.direct_config import DirectConfig
from msmd.models.solvers import Torchdiffeq
from msmd.models.spectral_ode import SpectralODE, SpectralODEConfig
from msmd.models.training_plan import PlanConfig
from msmd.models.variants import variant

SHIPPED = Path(__file__).parents[2] / "checkpoints" / "gfn2" / "ethanol" / "spectral-ode"
STORED = Path(__file__).parent / "ethanol_forecast.npz"
"""Two test windows of ethanol and what the shipped checkpoint said of them when it was made."""


def test_the_shipped_checkpoint_still_says_what_it_said() -> None:
    """To the bit on the machine that stored it; elsewhere to the rounding that 100 fs amplify."""
    stored = {name: torch.from_numpy(array) for name, array in np.load(STORED).items()}
    found = load_checkpoint(SHIPPED).predict(stored["positions"], stored["velocities"], stored["times_fs"])
    torch.testing.assert_close(found, stored["forecast"], atol=1e-5, rtol=0)


def test_the_defaults_are_the_model() -> None:
    config = SpectralODEConfig()
    assert (config.evolution, config.field, config.tolerance) == ("ode", "pairs", 1e-5)


@pytest.mark.parametrize(
    ("name", "value", "nearest"),
    [
        ("field", "bodyframe", "body-frame"),
        ("evolution", "directly", "direct"),
        ("solver", "dopri8", "dopri5"),
        ("basis", "furier", "fourier"),
    ],
)
def test_unknown_names_are_refused_with_the_nearest(name: str, value: str, nearest: str) -> None:
    with pytest.raises(UnknownNameError, match=nearest):
        SpectralODEConfig(**{name: value})


def test_a_field_without_an_ode_is_refused() -> None:
    with pytest.raises(ProtocolError, match="no force field to choose"):
        SpectralODEConfig(evolution="direct", field="separable")


@pytest.mark.parametrize("tolerance", [0.0, -1e-5, 1.0, float("nan")])
def test_a_tolerance_that_is_none_is_refused(tolerance: float) -> None:
    with pytest.raises(ProtocolError, match="expected a number between 0 and 1"):
        SpectralODEConfig(tolerance=tolerance)


@pytest.mark.parametrize("n_members", [0, 65])
def test_an_ensemble_that_cannot_be_is_refused(n_members: int) -> None:
    with pytest.raises(ProtocolError, match=f"n_members is {n_members}"):
        SpectralODEConfig(n_members=n_members)


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ({"flight_steps": (1,)}, "have 3, 1 and 3 entries"),
        ({"force_rate": 0.0}, "plan.force_rate is 0.0; expected numbers above zero"),
        ({"force_batch": 0}, "plan.force_batch is 0"),
        ({"refine_steps": -1}, "plan.refine_steps is -1"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(plan: dict[str, object], message: str) -> None:
    with pytest.raises(ProtocolError, match=message):
        PlanConfig(**plan)


def test_a_network_of_no_sinusoids_is_refused() -> None:
    with pytest.raises(ProtocolError, match=r"direct\.n_sinusoids is 0"):
        DirectConfig(n_sinusoids=0)


def test_the_class_with_an_ode_refuses_to_go_without(trained: SpectralODE) -> None:
    with pytest.raises(ProtocolError, match=r"SpectralODE\.create makes the forecaster"):
        SpectralODE(trained.molecule, replace(trained.config, evolution="direct"))


@pytest.mark.parametrize("change", [{"field": "separable"}, {"evolution": "direct"}])
def test_learned_weights_do_not_serve_another_model(trained: SpectralODE, change: dict) -> None:
    with pytest.raises(ProtocolError, match="Train another forecaster"):
        variant(trained, **change)


def test_the_tolerance_reaches_the_solver_and_tells(trained: SpectralODE, start: tuple) -> None:
    loose, tight = (variant(trained, solver="dopri5", n_members=1, tolerance=t, step_fs=10.0) for t in (1e-1, 1e-6))
    assert isinstance(loose.solver(), Torchdiffeq)
    assert loose.solver().tolerance == 1e-1
    times = torch.full((2, 1), 40.0, dtype=torch.float64)
    found, exact = (f.predict(start[0][:2], start[1][:2], times) for f in (loose, tight))
    reference = variant(trained, solver="verlet", n_members=1, step_fs=0.05).predict(start[0][:2], start[1][:2], times)
    assert (exact - reference).abs().max() < 2e-3 < (found - reference).abs().max()
