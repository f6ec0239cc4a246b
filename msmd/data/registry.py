"""The ten MD17 molecules: atoms in MD17's order, bonds, where the data come from and what they are.

``dt_fs`` is the time between consecutive frames as measured from the forces (F = m·a), which for benzene, azobenzene
and paracetamol is not the 0.5 fs of the papers.
"""

from __future__ import annotations

from dataclasses import dataclass

from msmd.errors import unknown_name
from msmd.molecule import Molecule

MD17_CITATION = "Chmiela et al., Science Advances 3, e1603015 (2017)"
RMD17_CITATION = "Christensen and von Lilienfeld, Mach. Learn.: Sci. Technol. 1, 045018 (2020)"
GFN2_CITATION = "Bannwarth, Ehlert and Grimme, J. Chem. Theory Comput. 15, 1652 (2019)"

SOURCES = ("gfn2", "md17", "rmd17")
"""Where trajectories come from: ours, shipped with the package; MD17; and MD17 with recomputed forces."""


@dataclass(frozen=True, kw_only=True)
class RemoteFile:
    """A published data file and what a reader has to know about it.

    Attributes:
        url: where it is downloaded from.
        member: path inside the archive when ``url`` is an archive, else None.
        n_frames: number of frames the whole file holds.
        dt_fs: time between consecutive frame indices, measured from the forces.
        temperature_kelvin: the thermostat's setting.
        theory: electronic-structure method of the energies and forces.
    """

    url: str
    member: str | None
    n_frames: int
    dt_fs: float
    temperature_kelvin: float
    theory: str
    licence: str
    citation: str


@dataclass(frozen=True, kw_only=True)
class MoleculeCard:
    """All that is known about one molecule before any trajectory is read.

    Attributes:
        title: for people.
        smiles: what reference data are generated from.
        note: a sentence on what it is a good example of.
        molecule: atoms in the order of the published data, and bonds.
        md17: its file in MD17; None where it is in none.
        rmd17: the same for rMD17.
    """

    title: str
    smiles: str
    note: str
    molecule: Molecule
    md17: RemoteFile | None = None
    rmd17: RemoteFile | None = None

    @property
    def name(self) -> str:
        """Identifier on the command line, in URLs and in checkpoint paths."""
        return self.molecule.name

    @property
    def remote(self) -> dict[str, RemoteFile]:
        """Its published files by source."""
        files = {"md17": self.md17, "rmd17": self.rmd17}
        return {source: file for source, file in files.items() if file is not None}


def _md17(filename: str, *, n_frames: int, dt_fs: float, temperature_kelvin: float = 500.0) -> RemoteFile:
    return RemoteFile(
        url=f"http://quantum-machine.org/gdml/data/npz/{filename}",
        member=None,
        n_frames=n_frames,
        dt_fs=dt_fs,
        temperature_kelvin=temperature_kelvin,
        theory="PBE+vdW-TS",
        licence="not stated; cite the paper",
        citation=MD17_CITATION,
    )


def _rmd17(name: str, *, dt_fs: float, temperature_kelvin: float = 500.0) -> RemoteFile:
    return RemoteFile(
        url="https://figshare.com/ndownloader/files/23950376",
        member=f"rmd17/npz_data/rmd17_{name}.npz",
        n_frames=99_988 if name == "azobenzene" else 100_000,
        dt_fs=dt_fs,
        temperature_kelvin=temperature_kelvin,
        theory="PBE/def2-SVP",
        licence="CC0 1.0",
        citation=RMD17_CITATION,
    )


# fmt: off
MOLECULES: tuple[MoleculeCard, ...] = (
    MoleculeCard(
        title="Aspirin",
        smiles="CC(=O)Oc1ccccc1C(=O)O",
        note="Three rotors on a ring: the ester, its methyl group and the carboxylic acid. The hardest of the ten.",
        molecule=Molecule(
            name="aspirin",
            numbers=(*[6] * 7, *[8] * 3, 6, 6, 8, *[1] * 8),
            bonds=(
                (0, 2), (0, 5), (0, 14), (1, 3), (1, 6), (1, 15), (2, 3), (2, 16), (3, 17), (4, 11), (4, 18),
                (4, 19), (4, 20), (5, 6), (5, 10), (6, 12), (7, 10), (8, 11), (9, 10), (9, 13), (11, 12),
            ),
        ),
        md17=_md17("md17_aspirin.npz", n_frames=211_762, dt_fs=0.5),
        rmd17=_rmd17("aspirin", dt_fs=0.5),
    ),
    MoleculeCard(
        title="Azobenzene",
        smiles="c1ccccc1/N=N/c1ccccc1",
        note="Two rings on an N=N bridge; the rings twist and the bridge bends, slowly and widely.",
        molecule=Molecule(
            name="azobenzene",
            numbers=(7, 7, *[6] * 12, *[1] * 10),
            bonds=(
                (0, 1), (0, 8), (1, 2), (2, 3), (2, 7), (3, 4), (3, 14), (4, 5), (4, 15), (5, 6), (5, 16), (6, 7),
                (6, 17), (7, 18), (8, 9), (8, 13), (9, 10), (9, 19), (10, 11), (10, 20), (11, 12), (11, 21),
                (12, 13), (12, 22), (13, 23),
            ),
        ),
        md17=_md17("azobenzene_dft.npz", n_frames=99_999, dt_fs=1.0),
        rmd17=_rmd17("azobenzene", dt_fs=1.0),
    ),
    MoleculeCard(
        title="Benzene",
        smiles="c1ccccc1",
        note="Sixfold symmetry: half of its Laplacian eigenvalues come in equal pairs.",
        molecule=Molecule(
            name="benzene",
            numbers=(*[6] * 6, *[1] * 6),
            bonds=(
                (0, 1), (0, 5), (0, 6), (1, 2), (1, 7), (2, 3), (2, 8), (3, 4), (3, 9), (4, 5), (4, 10), (5, 11),
            ),
        ),
        md17=_md17("md17_benzene2017.npz", n_frames=627_983, dt_fs=0.2, temperature_kelvin=300.0),
        rmd17=_rmd17("benzene", dt_fs=0.2, temperature_kelvin=300.0),
    ),
    MoleculeCard(
        title="Ethanol",
        smiles="CCO",
        note="Small and floppy: the hydroxyl group flips between trans and gauche, and the methyl group turns.",
        molecule=Molecule(
            name="ethanol",
            numbers=(6, 6, 8, *[1] * 6),
            bonds=(
                (0, 1), (0, 2), (0, 3), (0, 4), (1, 5), (1, 6), (1, 7), (2, 8),
            ),
        ),
        md17=_md17("md17_ethanol.npz", n_frames=555_092, dt_fs=0.5),
        rmd17=_rmd17("ethanol", dt_fs=0.5),
    ),
    MoleculeCard(
        title="Malonaldehyde",
        smiles="O=CCC=O",
        note="The dialdehyde, without an O–H: two C–C torsions fold and unfold it.",
        molecule=Molecule(
            name="malonaldehyde",
            numbers=(*[6] * 3, 8, 8, *[1] * 4),
            bonds=(
                (0, 1), (0, 4), (0, 5), (1, 2), (1, 6), (1, 7), (2, 3), (2, 8),
            ),
        ),
        md17=_md17("md17_malonaldehyde.npz", n_frames=993_237, dt_fs=0.5),
        rmd17=_rmd17("malonaldehyde", dt_fs=0.5),
    ),
    MoleculeCard(
        title="Naphthalene",
        smiles="c1ccc2ccccc2c1",
        note="Two fused rings and nothing that turns: nearly harmonic, the easiest to forecast.",
        molecule=Molecule(
            name="naphthalene",
            numbers=(*[6] * 10, *[1] * 8),
            bonds=(
                (0, 1), (0, 9), (0, 10), (1, 2), (1, 11), (2, 3), (2, 12), (3, 4), (3, 13), (4, 5), (4, 9), (5, 6),
                (5, 14), (6, 7), (6, 15), (7, 8), (7, 16), (8, 9), (8, 17),
            ),
        ),
        md17=_md17("md17_naphthalene.npz", n_frames=326_250, dt_fs=0.5),
        rmd17=_rmd17("naphthalene", dt_fs=0.5),
    ),
    MoleculeCard(
        title="Paracetamol",
        smiles="CC(=O)Nc1ccc(O)cc1",
        note="An amide and a hydroxyl group on a ring, with a methyl group at the end.",
        molecule=Molecule(
            name="paracetamol",
            numbers=(6, 6, 8, 7, *[6] * 4, 8, 6, 6, *[1] * 9),
            bonds=(
                (0, 1), (0, 11), (0, 12), (0, 13), (1, 2), (1, 3), (3, 4), (3, 14), (4, 5), (4, 10), (5, 6),
                (5, 15), (6, 7), (6, 16), (7, 8), (7, 9), (8, 17), (9, 10), (9, 18), (10, 19),
            ),
        ),
        md17=_md17("paracetamol_dft.npz", n_frames=106_490, dt_fs=1.0),
        rmd17=_rmd17("paracetamol", dt_fs=1.0),
    ),
    MoleculeCard(
        title="Salicylic acid",
        smiles="OC(=O)c1ccccc1O",
        note="An internal hydrogen bond holds the acid group in the plane of the ring.",
        molecule=Molecule(
            name="salicylic",
            numbers=(*[6] * 3, 8, *[6] * 4, 8, 8, *[1] * 6),
            bonds=(
                (0, 1), (0, 8), (0, 9), (1, 2), (1, 7), (2, 3), (2, 4), (3, 10), (4, 5), (4, 11), (5, 6), (5, 12),
                (6, 7), (6, 13), (7, 14), (9, 15),
            ),
        ),
        md17=_md17("md17_salicylic.npz", n_frames=320_231, dt_fs=0.5),
        rmd17=_rmd17("salicylic", dt_fs=0.5),
    ),
    MoleculeCard(
        title="Toluene",
        smiles="Cc1ccccc1",
        note="A methyl group that turns almost freely on a rigid ring.",
        molecule=Molecule(
            name="toluene",
            numbers=(*[6] * 7, *[1] * 8),
            bonds=(
                (0, 1), (0, 7), (0, 8), (0, 9), (1, 2), (1, 6), (2, 3), (2, 10), (3, 4), (3, 11), (4, 5), (4, 12),
                (5, 6), (5, 13), (6, 14),
            ),
        ),
        md17=_md17("md17_toluene.npz", n_frames=442_790, dt_fs=0.5),
        rmd17=_rmd17("toluene", dt_fs=0.5),
    ),
    MoleculeCard(
        title="Uracil",
        smiles="O=c1cc[nH]c(=O)[nH]1",
        note="A nearly flat ring of carbon and nitrogen, with two N–H and two C=O bonds.",
        molecule=Molecule(
            name="uracil",
            numbers=(6, 6, 7, 6, 7, 6, 8, 8, *[1] * 4),
            bonds=(
                (0, 1), (0, 5), (0, 11), (1, 2), (1, 8), (2, 3), (2, 9), (3, 4), (3, 6), (4, 5), (4, 10), (5, 7),
            ),
        ),
        md17=_md17("md17_uracil.npz", n_frames=133_770, dt_fs=0.5),
        rmd17=_rmd17("uracil", dt_fs=0.5),
    ),
)
"""The registry; adding a molecule is one entry here and one run of ``msmd generate``."""
# fmt: on


def molecule_card(name: str) -> MoleculeCard:
    """The card of a molecule.

    Raises:
        UnknownNameError: for a name that is not in the registry.

    >>> molecule_card("ethanol").molecule.formula
    'C2H6O'
    """
    for card in MOLECULES:
        if card.name == name:
            return card
    raise unknown_name("molecule", name, (card.name for card in MOLECULES))
