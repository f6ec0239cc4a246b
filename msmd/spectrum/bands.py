"""Bands of spatial scales: which modes to keep, and motion with the others taken out.

A band is a mask over the modes.  It never splits an eigenspace, because which of two modes with equal eigenvalues comes
first means nothing.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from msmd.errors import ProtocolError
from msmd.frame import eckart_frame
from msmd.spectrum.basis import GraphSpectrum


def band_pass(spectrum: GraphSpectrum, first: int, last: int) -> Bool[np.ndarray, " modes"]:
    """The modes from ``first`` to ``last`` (exclusive), and those that share an eigenvalue with one of them.

    Raises:
        ProtocolError: when the range does not lie within the modes, or runs backwards.

    >>> from msmd.molecule import Molecule
    >>> from msmd.spectrum import graph_spectrum
    >>> star = Molecule(name="CH3", numbers=(6, 1, 1, 1), bonds=((0, 1), (0, 2), (0, 3)))
    >>> band_pass(graph_spectrum(star), 0, 2)
    array([ True,  True,  True, False])
    """
    if not 0 <= first <= last <= spectrum.n_modes:
        raise ProtocolError(
            f"The band from mode {first} to {last} was asked for; expected 0 ≤ first ≤ last ≤ {spectrum.n_modes}."
        )
    group = spectrum.group_of_mode
    return np.isin(group, group[first:last])


def low_pass(spectrum: GraphSpectrum, n_modes: int) -> Bool[np.ndarray, " modes"]:
    """The ``n_modes`` smoothest modes, and those that share an eigenvalue with the last of them."""
    return band_pass(spectrum, 0, n_modes)


def high_pass(spectrum: GraphSpectrum, n_modes: int) -> Bool[np.ndarray, " modes"]:
    """Exactly the modes that ``low_pass(spectrum, n_modes)`` leaves out."""
    return ~low_pass(spectrum, n_modes)


def filter_nodal(
    nodal: Float[np.ndarray, "*batch atoms dim"], spectrum: GraphSpectrum, keep: Bool[np.ndarray, " modes"]
) -> Float[np.ndarray, "*batch atoms dim"]:
    """The part of any array over atoms that lies in the kept modes: U_keep U_keepᵀ x.

    Positions themselves can be filtered this way, as the paper does, but then the molecule collapses: without its
    high modes bonded atoms fall onto each other.  ``filter_displacements`` is what a person wants to look at.
    """
    chosen = spectrum.eigenvectors[:, keep]
    return chosen @ (chosen.T @ nodal)


def filter_displacements(
    positions: Float[np.ndarray, "*batch atoms 3"],
    reference: Float[np.ndarray, "atoms 3"],
    masses: Float[np.ndarray, " atoms"],
    spectrum: GraphSpectrum,
    keep: Bool[np.ndarray, " modes"],
) -> Float[np.ndarray, "*batch atoms 3"]:
    """The motion with only the kept modes of the deformation, drift and rotation left as they are.

    x = c + R y in the Eckart frame of the reference r; the deformation y − r is filtered, and c + R (r + P (y − r)) is
    returned.  With every mode kept that is x itself; with none, the reference carried along as a rigid body.

    Args:
        positions: Å.
        reference: the structure that deformations are counted from, such as ``mean_structure`` gives, Å.
        masses: u.
        keep: a mask over the modes, such as ``low_pass`` gives.
    """
    frame = eckart_frame(positions, reference, masses)
    deformation = frame.to_body(positions) - frame.reference
    return frame.to_laboratory(frame.reference + filter_nodal(deformation, spectrum, keep))
