"""Runs that were trained here, as forecasters that other pages can choose: named ``run:`` and the run's folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from msmd.checkpoint import card_molecule, read_card
from msmd.errors import MsmdError, unknown_name
from msmd.forecasting import ForecasterCard, forecaster_card
from msmd.molecule import Molecule
from msmd.training.job_folder import Job, list_jobs, read_job, runs_folder
from msmd.trajectory import Dataset

PREFIX = "run:"


def name_of(job: Job) -> str:
    """What the URL says for the forecaster that a run has made."""
    return PREFIX + job.folder.name


def folder_of(name: str) -> Path | None:
    """The run folder that a forecaster's name stands for, None for a name of the registry.

    Raises:
        UnknownNameError: where there is no such run any more.
    """
    if not name.startswith(PREFIX):
        return None
    folder = runs_folder() / Path(name.removeprefix(PREFIX)).name  # a link must not lead out of the folder of runs
    if not folder.is_dir():
        raise unknown_name("run", folder.name, (job.folder.name for job in list_jobs(runs_folder())))
    return folder


def card_of(name: str) -> ForecasterCard:
    """The registry's card, or the card of a run's forecaster under the run's name and title."""
    folder = folder_of(name)
    if folder is None:
        return forecaster_card(name)
    job = read_job(folder)
    return replace(forecaster_card(job.spec.forecaster), name=name, title=job.title)


def split_of(name: str) -> str | None:
    """How the windows of a run trained here were split, None for anything that is no such run."""
    folder = folder_of(name)
    return None if folder is None else read_job(folder).spec.split


def where_to_test(name: str, dataset: Dataset, command: str) -> str | None:
    """Where a run that was trained on random starts is to be tested, by which command, because it may not be here."""
    split = split_of(name)
    if split in (None, "blocked"):
        return None
    own = f"msmd {command} {folder_of(name)} {dataset.molecule.name} --source {dataset.source} --split {split}"
    return (
        "This run was trained on random starts, some of which lie in the windows that are used here. Test it on its "
        f"own split: `{own}`"
    )


def file_of(name: str) -> str | None:
    """Name of the file that a run was trained on, None where it was a molecule's data or the name is of no run."""
    folder = folder_of(name)
    data = Path(read_job(folder).spec.data) if folder else Path()
    return data.name if data.suffix else None


def names_for(molecule: Molecule) -> list[str]:
    """Finished runs whose forecaster was made for these atoms, the newest first."""
    finished = (job for job in list_jobs(runs_folder()) if job.state == "finished")
    return [name_of(job) for job in finished if _fits(job, molecule)]


def _fits(job: Job, molecule: Molecule) -> bool:
    """Whether a run was trained on this molecule; False where its card cannot be read."""
    try:
        made_for = card_molecule(read_card(job.folder))
    except MsmdError:
        return False
    return made_for.difference_to(molecule) is None
