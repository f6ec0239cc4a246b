"""Array types with their shapes, for annotations.

Axes are named ``frames atoms modes dim times windows``.  Nothing is checked in production; the tests
turn checking on with ``pytest --jaxtyping-packages=msmd,beartype.beartype``.  Only numpy is imported here, so that
the data side of the package starts without torch; modules that work on tensors import ``Tensor`` themselves.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int

Array = np.ndarray

Positions = Float[Array, "frames atoms 3"]
"""Positions in Å (or velocities in Å/fs, forces in kcal/mol/Å) over time."""

Frame = Float[Array, "atoms 3"]
"""One frame of positions, velocities or forces."""

Times = Float[Array, " frames"]
"""Times in fs, strictly increasing."""

__all__ = ["Array", "Bool", "Float", "Frame", "Int", "Positions", "Times"]
