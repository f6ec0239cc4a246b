"""The same learned potential in another forecaster: ablations that need no training."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from msmd.errors import ProtocolError
from msmd.models.spectral_ode import SpectralODE

LEARNED = ("field.", "fast_field.", "guard.", "fallback.", "memory.")
"""What a variant takes over; what remains follows from its config."""


def variant(forecaster: SpectralODE, **changes: Any) -> SpectralODE:
    """A forecaster with these entries of the config changed and everything learned kept.

    The potential knows distances only, so that it serves every basis, solver, step and ensemble.  The fallback was
    calibrated for the original: ``calibrate`` the variant where the score of the whole forecaster is wanted.

    Raises:
        ProtocolError: when a change would need other weights, such as ``widths`` or ``field``.
    """
    config = replace(forecaster.config, **changes)
    for name in ("evolution", "field", "n_remembered"):
        wanted, known = getattr(config, name), getattr(forecaster.config, name)
        if wanted != known:
            raise ProtocolError(
                f"{name}={wanted!r} was asked for; the weights were learned with {known!r} and say nothing about it. "
                "Train another forecaster for that (in a sweep: leave out 'reuse')."
            )
    if (config.widths, config.fast_widths) != (forecaster.config.widths, forecaster.config.fast_widths):
        raise ProtocolError(
            f"Networks of widths {config.widths} and {config.fast_widths} were asked for; the learned ones have "
            f"{forecaster.config.widths} and {forecaster.config.fast_widths}. Train another forecaster for that."
        )
    changed = SpectralODE(forecaster.molecule, config)
    learned = {name: tensor for name, tensor in forecaster.state_dict().items() if name.startswith(LEARNED)}
    if config.momentum_spread is None:
        learned["momentum_spread"] = forecaster.momentum_spread
    changed.load_state_dict(changed.state_dict() | learned)
    return changed.to(forecaster.impulses.device).eval()


def without_fallback(forecaster: SpectralODE) -> SpectralODE:
    """The same forecaster, which always believes its ensemble: what it forecasts is what its potential says."""
    bare = variant(forecaster)
    bare.fallback.weights.zero_()[..., 0] = 1.0
    return bare
