"""A three-dimensional structure from a SMILES string, in the atom order of a known bond graph."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.optimize import minimize

from msmd.data.dynamics import ForceField
from msmd.errors import DataError
from msmd.molecule import Molecule

N_CONFORMERS = 20
FORCE_TOLERANCE = 0.1
"""Largest gradient component left by the relaxation, kcal/mol/Å (0.005 eV/Å)."""


def structure_from_smiles(molecule: Molecule, smiles: str, *, seed: int = 0) -> Float[np.ndarray, "atoms 3"]:
    """The lowest of twenty ETKDG conformers (MMFF94), in Å, atoms in the order of ``molecule``.

    The order is found by matching the SMILES graph to the molecule's bond graph, elements included.

    Raises:
        DataError: when the SMILES describes another molecule.
    """
    from rdkit import Chem
    from rdkit.Chem import AllChem

    described = Chem.AddHs(Chem.MolFromSmiles(smiles))
    order = _match(molecule, described)
    identifiers = AllChem.EmbedMultipleConfs(described, N_CONFORMERS, randomSeed=seed + 1)
    energies = [energy for _, energy in AllChem.MMFFOptimizeMoleculeConfs(described)]
    lowest = list(identifiers)[int(np.argmin(energies))]
    return np.array(described.GetConformer(lowest).GetPositions())[order]


def relax(force_field: ForceField, positions: Float[np.ndarray, "atoms 3"]) -> Float[np.ndarray, "atoms 3"]:
    """The nearest minimum of the force field's energy by BFGS, to 0.1 kcal/mol/Å."""
    shape = positions.shape

    def energy_and_gradient(flat: np.ndarray) -> tuple[float, np.ndarray]:
        energy, forces = force_field.energy_and_forces(flat.reshape(shape))
        return energy, -forces.ravel()

    found = minimize(energy_and_gradient, positions.ravel(), jac=True, method="BFGS", options={"gtol": FORCE_TOLERANCE})
    return found.x.reshape(shape)


def _match(molecule: Molecule, described: object) -> list[int]:
    """For each atom of ``molecule``, the index of the RDKit atom that plays its part."""
    import networkx
    from networkx.algorithms.isomorphism import GraphMatcher, categorical_node_match

    wanted = networkx.Graph(list(molecule.bonds))
    wanted.add_nodes_from((atom, {"number": z}) for atom, z in enumerate(molecule.numbers))
    found = networkx.Graph([(b.GetBeginAtomIdx(), b.GetEndAtomIdx()) for b in described.GetBonds()])
    found.add_nodes_from((a.GetIdx(), {"number": a.GetAtomicNum()}) for a in described.GetAtoms())
    matcher = GraphMatcher(wanted, found, node_match=categorical_node_match("number", 0))
    if not matcher.is_isomorphic():
        raise DataError(f"The SMILES of {molecule.name!r} describes another molecule than its bond graph.")
    return [matcher.mapping[atom] for atom in range(molecule.n_atoms)]
