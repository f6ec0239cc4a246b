"""What a dataset is, in numbers: for ``msmd info`` and for the app's molecule page."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from msmd.data.registry import GFN2_CITATION, MOLECULES
from msmd.data.timestep import DISAGREEMENT, StepFit, dt_from_forces
from msmd.frame import inertia, is_nearly_linear, mean_structure
from msmd.trajectory import Dataset, kinetic_temperature

STRUCTURE_FRAMES = 500
"""Frames that tell whether a molecule is linear."""


HOTTER_THAN_SAID = 2.0
"""A trajectory under a thermostat, or of one molecule at constant energy, does not keep twice its temperature."""

HOTTEST_KELVIN = 10_000.0
"""Bonds break far below."""

PROBED_FRAMES = 500
"""Frames per segment that tell whether a temperature is plausible."""


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Facts of a dataset, measured on it.

    Attributes:
        molecule, formula, atoms: what it is.
        source: ``"gfn2"``, ``"md17"``, ``"rmd17"`` or a file name.
        citation: whom to cite, empty for one's own files.
        frames, segments: how many there are.
        duration_fs: time that the segments span together.
        dt_fs: time step that the horizon counts in (an MD17 frame, an integration step of ours).
        frame_spacing_fs: time between stored frames, None where they are irregular.
        dt_fs_from_forces: the time step as the forces have it, None where they cannot tell.
        forces_explain: part of the motion that the forces explain at that time step.
        temperature_kelvin: mean kinetic temperature over all 3N degrees of freedom, as MD17 counts them; None without
            velocities.
        internal_temperature_kelvin: the same energy over the degrees of freedom of a molecule that neither drifts nor
            spins; None without velocities or for a single atom.
        n_rigid: how many drift and spin have: 6, of a linear molecule 5, of an atom 3.
        thermostat_kelvin: what the simulation was set to, None where unknown.
        forces, velocities: frames that have them.
        warnings: full sentences about what does not fit.
    """

    molecule: str
    formula: str
    atoms: int
    source: str
    citation: str
    frames: int
    segments: int
    duration_fs: float
    dt_fs: float
    frame_spacing_fs: float | None
    dt_fs_from_forces: float | None
    forces_explain: float | None
    temperature_kelvin: float | None
    internal_temperature_kelvin: float | None
    n_rigid: int
    thermostat_kelvin: float | None
    forces: int
    velocities: int
    warnings: tuple[str, ...]


def summarise(dataset: Dataset) -> Summary:
    """Measures a dataset."""
    first = dataset.segments[0]
    fit = dt_from_forces(first, dataset.dt_fs)
    warning = disagreement(dataset, fit)
    temperature, n_atoms = _temperature(dataset), dataset.molecule.n_atoms
    n_rigid = _n_rigid(dataset)
    moves_inside = temperature is not None and 3 * n_atoms > n_rigid
    internal = temperature * 3 * n_atoms / (3 * n_atoms - n_rigid) if moves_inside else None
    return Summary(
        molecule=dataset.molecule.name,
        formula=dataset.molecule.formula,
        atoms=n_atoms,
        source=dataset.source,
        citation=_citation(dataset),
        frames=dataset.n_frames,
        segments=len(dataset.segments),
        duration_fs=sum(segment.duration_fs for segment in dataset.segments),
        dt_fs=dataset.dt_fs,
        frame_spacing_fs=first.dt_fs,
        dt_fs_from_forces=fit.dt_fs if fit else None,
        forces_explain=fit.explained if fit else None,
        temperature_kelvin=temperature,
        internal_temperature_kelvin=internal,
        n_rigid=n_rigid,
        thermostat_kelvin=dataset.temperature_kelvin,
        forces=sum(len(segment.labelled_frames) for segment in dataset.segments),
        velocities=sum(len(segment.start_frames) for segment in dataset.segments),
        warnings=tuple(sentence for sentence in (warning, implausible_temperature(dataset)) if sentence),
    )


def disagreement(dataset: Dataset, fit: StepFit | None) -> str | None:
    """A sentence where the forces say another time step than the dataset by more than 5 %, else None."""
    if fit is None or abs(fit.dt_fs / dataset.dt_fs - 1) <= DISAGREEMENT:
        return None
    return (
        f"The time between frames is taken as {dataset.dt_fs:g} fs, but the forces say {fit.dt_fs:.4g} fs "
        f"({fit.explained:.1%} of the motion explained); give dt_fs if you know better."
    )


def implausible_temperature(dataset: Dataset) -> str | None:
    """A sentence where the velocities are those of no molecule that keeps its bonds, or not those of the thermostat."""
    temperature, wanted = _temperature(dataset, most=PROBED_FRAMES), dataset.temperature_kelvin
    if temperature is None:
        return None
    limit = HOTTEST_KELVIN if wanted is None else HOTTER_THAN_SAID * wanted
    if temperature <= limit:
        return None
    known = "" if wanted is None else f" where {wanted:g} K are expected"
    return (
        f"The velocities are those of {temperature:,.0f} K{known}: the frames do not follow one another as the file "
        "says, so that forecasts from them mean nothing. Are they in order of time, and the time between them right?"
    )


def _n_rigid(dataset: Dataset) -> int:
    """Degrees of freedom of drift and spin."""
    masses, positions = dataset.molecule.masses, dataset.segments[0].positions
    if len(masses) == 1:
        return 3
    structure = mean_structure(positions[:: 1 + len(positions) // STRUCTURE_FRAMES], masses)
    return 5 if is_nearly_linear(inertia(structure, masses)) else 6


def _temperature(dataset: Dataset, most: int | None = None) -> float | None:
    """The mean over all frames with a velocity, or over so many of each segment, in K; None where there is none."""
    known = []
    for segment in dataset.segments:
        frames = segment.start_frames
        if len(frames):
            frames = frames[:: 1 if most is None else -(-len(frames) // most)]
            known.append(kinetic_temperature(segment.velocities[frames], dataset.molecule.masses))
    return float(np.concatenate(known).mean()) if known else None


def _citation(dataset: Dataset) -> str:
    card = next((card for card in MOLECULES if card.molecule == dataset.molecule), None)
    if card is None:
        return ""
    citations = {"gfn2": GFN2_CITATION} | {source: file.citation for source, file in card.remote.items()}
    return citations.get(dataset.source, "")
