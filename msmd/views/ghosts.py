"""Members of an ensemble as the player's ghosts, and how far they are apart."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from msmd.ensemble_scores import spread
from msmd.views.player import Series, Track

SPREAD_LABEL = "spread of the members"

ROUNDED_TO = 6
"""Decimals in Å: members that are equal but for rounding have no spread to speak of."""


def ghost_tracks(samples: Float[np.ndarray, "members frames atoms 3"]) -> tuple[Track, ...]:
    """One thin, translucent copy of the molecule per member; to stand after the prediction, whose hue they take."""
    return tuple(
        Track(name=f"member {number}", role="ghost", positions=positions)
        for number, positions in enumerate(samples, start=1)
    )


def spread_series(samples: Float[np.ndarray, "members frames atoms 3"]) -> tuple[Series, ...]:
    """The distance that the ensemble expects between its mean and what happens, Å, on the scale of an RMSD.

    The root of the sum over x, y and z of the members' variance, mean over atoms; a lone member has none.
    """
    if len(samples) < 2:
        return ()
    squares = np.square(spread(samples)).sum(axis=-1).mean(axis=-1)
    return (Series(label=SPREAD_LABEL, unit="Å", values=np.sqrt(squares).round(ROUNDED_TO)),)
