"""What became of a task: one file in its folder, which is all that a sweep knows of it.

TASK/outcome.json   the task, whether it runs, is finished or has failed, and its records
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from msmd.errors import DataError
from msmd.sweeps.record import Record
from msmd.sweeps.task import Task
from msmd.whole_file import write_json

OUTCOME = "outcome.json"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Where a task stands.

    Attributes:
        state: ``"running"``, ``"finished"`` or ``"failed"``.
        task: what was asked for, as ``identity`` writes it.
        weights: hash of the checkpoint that it takes weights from; empty without one.
        reason: why it failed.
        seconds: it took.
        records: of a finished one.
    """

    state: str
    task: dict[str, Any]
    weights: str = ""
    reason: str = ""
    seconds: float = 0.0
    records: tuple[Record, ...] = ()


def identity(task: Task) -> dict[str, Any]:
    """A task as JSON keeps it, without what does not change its numbers."""
    entries = json.loads(json.dumps(asdict(task)))
    for name in ("file", "n_threads"):
        del entries[name]
    return entries


def is_same(found: Any, wanted: Any) -> bool:
    """True when what was asked for then is what is asked for now; entries that did not exist then do not count."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        return all(is_same(found.get(name, value), value) for name, value in wanted.items())
    return found == wanted


def training_of(entries: dict[str, Any]) -> dict[str, Any]:
    """The part of an ``identity`` that decides what is trained."""
    kept = {name: value for name, value in entries.items() if name != "evaluation"}
    return kept | {"horizon_fs": entries["evaluation"]["horizon_fs"]}


def read_outcome(folder: Path) -> Outcome | None:
    """Where the task in a folder stands, None where it has not begun.

    Raises:
        DataError: when the file is not what ``write_outcome`` writes.
    """
    path = folder / OUTCOME
    if not path.exists():
        return None
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        records = tuple(Record(**entry) for entry in entries.pop("records"))
        entries.pop("updated")
        return Outcome(**entries, records=records)
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise DataError(f"{path} cannot be read ({error}); remove it, and the sweep does this task again.") from error


def write_outcome(folder: Path, outcome: Outcome) -> None:
    """Replaces the file in one go."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / OUTCOME, asdict(outcome) | {"updated": time.time()})
