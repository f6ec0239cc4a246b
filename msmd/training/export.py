"""Putting the result of a run where checkpoints live, without losing what lies there."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from msmd.checkpoint import CARD, WEIGHTS, halve_precision, load_checkpoint, read_card
from msmd.errors import CheckpointError, MsmdError
from msmd.whole_file import written_whole


def export_target(run: Path, checkpoints: Path) -> Path:
    """``checkpoints/source/molecule/forecaster``, where the result of a run belongs.

    Raises:
        CheckpointError: when the run has no result.
    """
    card = read_card(run)
    return checkpoints / card["source"] / card["molecule"]["name"] / card["forecaster"]


def what_is_in_the_way(run: Path, checkpoints: Path) -> str:
    """A sentence on the other checkpoint that an export would replace; empty where there is none.

    Raises:
        CheckpointError: when the run has no result.
    """
    target = export_target(run, checkpoints)
    if not (target / CARD).exists():
        return ""
    try:
        theirs = read_card(target)
    except CheckpointError as error:
        return f"What lies in {target} cannot be read ({error})."
    ours = read_card(run)
    if theirs["weights_sha256"] == ours["weights_sha256"]:
        return ""
    data = "the same" if theirs.get("data_sha256") == ours.get("data_sha256") else "other"
    made = f"made from {data} training data by `{theirs.get('command')}`{_score(theirs)}"
    return f"{target} holds another checkpoint, {made}."


def export_run(run: Path, checkpoints: Path, *, replace: bool = False, half: bool = False) -> Path:
    """Copies the result of a run to ``checkpoints/source/molecule/forecaster``; returns that folder.

    Args:
        run: a finished run.
        checkpoints: folder of checkpoints.
        replace: whether another checkpoint that lies there may go.
        half: whether the copy keeps its weights in half precision, for half the size.

    Raises:
        CheckpointError: when the run has no result, or a damaged one.
        MsmdError: when another checkpoint lies there and is not to be replaced.
    """
    load_checkpoint(run)
    in_the_way = what_is_in_the_way(run, checkpoints)
    if in_the_way and not replace:
        raise MsmdError(f"{in_the_way} Say that it is to be replaced (--replace), or export into another folder.")
    target = export_target(run, checkpoints)
    target.mkdir(parents=True, exist_ok=True)
    for name in (WEIGHTS, CARD):
        with written_whole(target / name) as partial:
            shutil.copyfile(run / name, partial)
    if half:
        halve_precision(target)
    return target


def _score(card: dict[str, Any]) -> str:
    """How good its training found it to be."""
    error = card.get("metrics", {}).get("a_mse")
    return "" if error is None else f" (validation A-MSE {100 * error:.3g} × 10⁻² Å²)"
