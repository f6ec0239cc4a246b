"""Orthonormal bases of functions on the atoms: the coordinates that the equations of motion are written in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from jaxtyping import Float

from msmd.errors import ProtocolError
from msmd.molecule import Molecule
from msmd.spectrum import graph_spectrum

BasisName = Literal["graph", "fourier", "nodal"]


def _graph(molecule: Molecule) -> Float[np.ndarray, "atoms modes"]:
    """Eigenvectors of the bond graph's Laplacian, smooth ones first."""
    return graph_spectrum(molecule).eigenvectors


def _fourier(molecule: Molecule) -> Float[np.ndarray, "atoms modes"]:
    """The cosine transform over the atom index, which knows nothing of the bonds (the paper's ablation).

    U_ak = sqrt((2 − δ_k0) / n) cos(π k (a + ½) / n).
    """
    n = molecule.n_atoms
    atom, mode = np.arange(n)[:, None], np.arange(n)[None, :]
    scale = np.where(mode == 0, np.sqrt(1.0 / n), np.sqrt(2.0 / n))
    return scale * np.cos(np.pi * mode * (atom + 0.5) / n)


def _nodal(molecule: Molecule) -> Float[np.ndarray, "atoms modes"]:
    """Every atom a mode of its own: no spatial scales."""
    return np.eye(molecule.n_atoms)


BASES: dict[str, Callable[[Molecule], Float[np.ndarray, "atoms modes"]]] = {
    "graph": _graph,
    "fourier": _fourier,
    "nodal": _nodal,
}
"""Every basis by its name in a config."""


def moving_modes(molecule: Molecule, basis: BasisName, n_modes: int | None) -> int:
    """How many of the first modes move when ``n_modes`` are asked for; None asks for all.

    A graph eigenspace is never cut, because which of its vectors come first is a convention.

    Raises:
        ProtocolError: for a number of modes below 1 or above the number of atoms.
    """
    if n_modes is None:
        return molecule.n_atoms
    if not 1 <= n_modes <= molecule.n_atoms:
        raise ProtocolError(f"{n_modes} modes were asked for; {molecule.name!r} has 1 to {molecule.n_atoms}.")
    return graph_spectrum(molecule, n_modes=n_modes).n_modes if basis == "graph" else n_modes
