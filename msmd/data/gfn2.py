"""GFN2-xTB energies and forces through tblite, in the project's units.

Reference: Bannwarth, Ehlert, Grimme, J. Chem. Theory Comput. 15, 1652 (2019).
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from msmd.errors import DataError, MissingPackageError
from msmd.units import ANGSTROM_PER_BOHR, KCAL_PER_MOL_PER_HARTREE

if TYPE_CHECKING:
    from tblite.interface import Calculator

ACCURACY = 0.1
"""tblite's accuracy setting.  Against the default of 1.0 the drift of the energy falls 70-fold
for 10–25 % more time; looser settings cannot be used for dynamics."""


def require_tblite() -> None:
    """Refuses to go on without the library that computes GFN2-xTB.

    Raises:
        MissingPackageError: where it is not installed.
    """
    if find_spec("tblite") is None:
        raise MissingPackageError(
            "GFN2-xTB needs the package 'tblite', which is not installed here: install it (pip install tblite), or do "
            "without simulations; everything else works."
        )


class GFN2:
    """Energy and forces of one molecule; keeps the last electronic state as the next guess.

    Args:
        numbers: atomic numbers.
        accuracy: tblite's accuracy setting, smaller is tighter.
    """

    def __init__(self, numbers: Sequence[int], accuracy: float = ACCURACY) -> None:
        self.numbers = np.asarray(numbers, dtype=int)
        self.accuracy = accuracy
        self._calculator: Calculator | None = None
        self._result = None

    def energy_and_forces(self, positions: Float[np.ndarray, "atoms 3"]) -> tuple[float, Float[np.ndarray, "atoms 3"]]:
        """Energy in kcal/mol and forces in kcal/mol/Å at ``positions`` in Å.

        Raises:
            MissingPackageError: where tblite is not installed.
            DataError: when it finds no electronic state there, or atoms lie on top of one another.
        """
        bohr = np.asarray(positions, dtype=float) / ANGSTROM_PER_BOHR
        try:
            self._result = self._calculator_at(bohr).singlepoint(self._result)
        except RuntimeError as error:
            raise DataError(f"GFN2-xTB cannot treat these positions: {error}.") from error
        energy = float(self._result.get("energy")) * KCAL_PER_MOL_PER_HARTREE
        gradient = np.asarray(self._result.get("gradient"))
        return energy, -gradient * (KCAL_PER_MOL_PER_HARTREE / ANGSTROM_PER_BOHR)

    def _calculator_at(self, bohr: Float[np.ndarray, "atoms 3"]) -> Calculator:
        if self._calculator is None:
            require_tblite()
            from tblite.interface import Calculator

            self._calculator = Calculator("GFN2-xTB", self.numbers, bohr)
            self._calculator.set("accuracy", self.accuracy)
            self._calculator.set("verbosity", 0)
        else:
            self._calculator.update(positions=bohr)
        return self._calculator
