"""Which tasks of a sweep are wanted now."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msmd.errors import ProtocolError, unknown_name
from msmd.sweeps.spec import SweepSpec
from msmd.sweeps.spec_file import read_spec
from msmd.sweeps.task import Task, check_settings, tasks_of


def read_sweep(path: Path) -> tuple[SweepSpec, tuple[Task, ...]]:
    """A sweep out of its file, its settings checked, and all of its tasks.

    Raises:
        MsmdError: as ``read_spec``, ``check_settings`` and ``tasks_of``.
    """
    spec = read_spec(path)
    check_settings(spec)
    return spec, tasks_of(spec)


def select(
    spec: SweepSpec, tasks: Sequence[Task], molecules: str | None, forecasters: str | None, variants: str | None
) -> tuple[Task, ...]:
    """The tasks whose molecule, forecaster and variant are named; None names all.

    A variant that takes over weights learned in the sweep brings along the task that learns them.

    Args:
        spec: for the messages.
        tasks: of the sweep.
        molecules, forecasters, variants: names with commas between them.

    Raises:
        UnknownNameError: for a name that the sweep does not hold.
        ProtocolError: when nothing is left.
    """
    chosen = tuple(tasks)
    for attribute, names in (("molecule", molecules), ("forecaster", forecasters), ("variant", variants)):
        if names is not None:
            wanted = _names(spec, attribute, names, [getattr(task, attribute) for task in tasks])
            chosen = tuple(task for task in chosen if getattr(task, attribute) in wanted)
    if not chosen:
        raise ProtocolError(f"No task of {spec.file} has all that was named; --dry-run lists what there is.")
    bases = {task.base for task in chosen}
    return tuple(task for task in tasks if task in chosen or task.name in bases)


def _names(spec: SweepSpec, kind: str, text: str, known: Sequence[str]) -> set[str]:
    wanted = [name.strip() for name in text.split(",")]
    for name in wanted:
        if name not in known:
            raise unknown_name(f"{kind} of {spec.file}", name, dict.fromkeys(known))
    return set(wanted)
