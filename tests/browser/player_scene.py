"""A synthetic scene for the player: ethanol shaken by a few sines, and a prediction that leaves it as time goes on."""

from __future__ import annotations

import numpy as np

from msmd.views.player import Scene, Series, Track, rms_displacement

ETHANOL = np.array([
    [-0.888, 0.165, -0.027], [0.458, -0.51, -0.036], [1.31, 0.16, 0.88], [-1.5, -0.2, 0.80], [-1.42, -0.02, -0.97],
    [-0.75, 1.25, 0.07], [0.90, -0.42, -1.04], [0.33, -1.57, 0.21], [2.19, -0.27, 0.87],
])  # fmt: skip
BONDS = ((0, 1), (1, 2), (0, 3), (0, 4), (0, 5), (1, 6), (1, 7), (2, 8))


def vibrating_ethanol(error: float = 1.0, frames: int = 120, **changes: object) -> Scene:
    """The scene; `error` scales how far the prediction strays, keywords replace its scalars and arrows."""
    rng = np.random.default_rng(0)
    times = 0.5 * np.arange(frames)
    shakes = [rng.normal(size=(2, 9, 3)) * 0.1 for _ in range(5)]
    motion = np.zeros((2, frames, 9, 3))
    for k, shake in enumerate(shakes):
        motion += np.sin(2 * np.pi * times / (10 * 1.8**k))[None, :, None, None] * shake[:, None]
    positions = ETHANOL + motion[0]
    gap = error * 4 * (times / times[-1])[:, None, None] * motion[1]
    reference = Track(name="reference", positions=positions)
    fields = {"scalars": np.linalg.norm(gap, axis=-1), "scalar_label": "error / Å", "arrows": gap} | changes
    prediction = Track(name="spectral-ode", positions=positions + gap, role="prediction", **fields)
    curve = Series(label="RMSD", unit="Å", values=rms_displacement(reference, prediction))
    return Scene(
        numbers=(6, 6, 8, 1, 1, 1, 1, 1, 1), bonds=BONDS, times_fs=times, tracks=(reference, prediction),
        series=(curve,), title="ethanol",
    )  # fmt: skip
