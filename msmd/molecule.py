"""A molecule: its atoms in a fixed order and the bonds between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ase.data import atomic_masses, chemical_symbols, covalent_radii
from jaxtyping import Bool, Float, Int

from msmd.errors import DataError

BOND_SCALE = 1.25
"""Two atoms are bonded when closer than this times the sum of their covalent radii.  1.25 keeps a C–H bond
stretched by 0.25 Å and leaves out 1,3 pairs, the nearest of which (H···H in CH3) lie at 2.9 times the sum."""


@dataclass(frozen=True, kw_only=True)
class Molecule:
    """Atoms in a fixed order and the bonds between them; the graph that everything else stands on.

    Attributes:
        name: identifier, such as ``"ethanol"``.
        numbers: atomic numbers, one per atom.
        bonds: pairs of atom indices ``(i, j)`` with ``i < j``, ascending.

    Raises:
        DataError: for unknown elements, or for bonds that are out of range, repeated or loops.

    >>> water = Molecule(name="water", numbers=(8, 1, 1), bonds=((0, 1), (0, 2)))
    >>> water.formula, water.n_atoms
    ('H2O', 3)
    """

    name: str
    numbers: tuple[int, ...]
    bonds: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        if not self.numbers:
            raise DataError(f"Molecule {self.name!r} has no atoms; expected at least one.")
        bad = [z for z in self.numbers if not 0 < z < len(chemical_symbols)]
        if bad:
            raise DataError(f"Molecule {self.name!r} has atomic numbers {bad}, which name no element.")
        ordered = tuple(sorted((min(i, j), max(i, j)) for i, j in self.bonds))
        if len(set(ordered)) != len(ordered):
            raise DataError(f"Molecule {self.name!r} names a bond twice.")
        for i, j in ordered:
            if i == j or i < 0 or j >= self.n_atoms:
                raise DataError(f"Bond ({i}, {j}) of {self.name!r} does not join two of its {self.n_atoms} atoms.")
        object.__setattr__(self, "numbers", tuple(int(z) for z in self.numbers))
        object.__setattr__(self, "bonds", ordered)

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""
        return len(self.numbers)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Element symbols, one per atom."""
        return tuple(chemical_symbols[z] for z in self.numbers)

    @property
    def masses(self) -> Float[np.ndarray, " atoms"]:
        """Standard atomic masses in u."""
        return atomic_masses[list(self.numbers)].astype(float)

    @property
    def is_heavy(self) -> Bool[np.ndarray, " atoms"]:
        """True for every atom but hydrogen: the atoms that the papers' metric counts.  Of hydrogen alone, all."""
        heavy = np.array([z != 1 for z in self.numbers])
        return heavy if heavy.any() else ~heavy

    def renumbered(self, order: Sequence[int]) -> Molecule:
        """The molecule with its atoms in another order, new atom k being old atom order[k]."""
        new = {old: k for k, old in enumerate(order)}
        return Molecule(
            name=self.name,
            numbers=tuple(self.numbers[old] for old in order),
            bonds=tuple((new[i], new[j]) for i, j in self.bonds),
        )

    def difference_to(self, other: Molecule) -> str | None:
        """Why what was made for this molecule does not fit another one, for a sentence; None where it does."""
        if self.numbers != other.numbers:
            return (
                f"{self.name!r} ({self.formula}, atoms {list(self.numbers)}); {other.name!r} ({other.formula}, atoms "
                f"{list(other.numbers)}) is another molecule or another order"
            )
        if self.bonds != other.bonds:
            here, there = (sorted(set(a.bonds) - set(b.bonds)) for a, b in ((self, other), (other, self)))
            return (
                f"{self.name!r} ({self.formula}); {other.name!r} has the same atoms but other bonds, {there} instead "
                f"of {here}: it is an isomer, or its atoms are in another order"
            )
        return None

    @property
    def bond_array(self) -> Int[np.ndarray, "bonds 2"]:
        """Bonds as an integer array, empty with shape (0, 2) where there are none."""
        return np.array(self.bonds, dtype=int).reshape(-1, 2)

    @property
    def formula(self) -> str:
        """Hill formula: carbon, hydrogen, then the others by symbol."""
        counts = Counter(self.symbols)
        first = ["C", "H"] if "C" in counts else []
        rest = sorted(symbol for symbol in counts if symbol not in first)
        return "".join(f"{s}{counts[s] if counts[s] > 1 else ''}" for s in [*first, *rest] if counts[s])


def bonds_from_positions(
    numbers: tuple[int, ...] | Int[np.ndarray, " atoms"], positions: Float[np.ndarray, "atoms 3"]
) -> tuple[tuple[int, int], ...]:
    """Bonds by covalent radii: ``|x_i − x_j| < 1.25 (r_i + r_j)``.

    Args:
        numbers: atomic numbers.
        positions: one frame in Å; best a relaxed or mean structure.

    >>> bonds_from_positions((8, 1, 1), np.array([[0.0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0]]))
    ((0, 1), (0, 2))
    """
    return bonds_from_distances(numbers, np.linalg.norm(positions[:, None] - positions[None, :], axis=-1))


def bonds_from_distances(
    numbers: tuple[int, ...] | Int[np.ndarray, " atoms"], distances: Float[np.ndarray, "atoms atoms"]
) -> tuple[tuple[int, int], ...]:
    """Bonds by covalent radii from distances in Å; the medians over a trajectory are the best that motion gives.

    >>> bonds_from_distances((1, 1, 1), np.array([[0.0, 0.74, 3], [0.74, 0, 3], [3, 3, 0]]))
    ((0, 1),)
    """
    radii = covalent_radii[np.asarray(numbers, dtype=int)]
    near = distances < BOND_SCALE * (radii[:, None] + radii[None, :])
    first, second = np.nonzero(np.triu(near, k=1))
    return tuple((int(i), int(j)) for i, j in zip(first, second, strict=True))
