"""What TensorBoard reads of a run: ``RUN/tensorboard``, written while training goes on.

``tensorboard --logdir RUNS`` then shows every run below a folder.  The step of an entry is the number of its epoch over
all stages; ``validation/…`` are mean squared errors of heavy atoms in Å².
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from msmd.errors import MsmdWarning
from msmd.training.folder import RUN, EpochReport, read_metrics

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

EVENTS = "tensorboard"


@contextmanager
def event_log(folder: Path) -> Iterator[Callable[[EpochReport], None]]:
    """Inside, the function that is handed out adds a report to the run's events, on the disk before it returns.

    Entries after the report that training goes on from are taken back; a run that has reports but no events gets
    them now.  Without the package ``tensorboard`` there are no events, and a warning says so.
    """
    done = read_metrics(folder)
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ModuleNotFoundError:
        warnings.warn(
            "The package tensorboard is not installed: the run goes on without a log for TensorBoard; "
            "`msmd runs --tensorboard` writes it later, where the package is.",
            MsmdWarning,
            stacklevel=3,
        )
        yield lambda report: None
        return
    is_new = not (folder / EVENTS).exists()
    with SummaryWriter(str(folder / EVENTS), purge_step=0 if is_new else len(done) + 1) as writer:
        step = 0 if is_new else len(done)
        if is_new:
            _add_plan(writer, folder)
            step = _add_all(writer, done)

        def add(report: EpochReport) -> None:
            nonlocal step
            step += 1
            _add(writer, report, step)
            writer.flush()

        yield add


def write_missing_events(folder: Path) -> bool:
    """Gives a run that has none its events; True where there was something to write.

    Raises:
        ModuleNotFoundError: where ``tensorboard`` is not installed.
    """
    if (folder / EVENTS).exists() or not (done := read_metrics(folder)):
        return False
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(folder / EVENTS)) as writer:
        _add_plan(writer, folder)
        _add_all(writer, done)
    return True


def _add_all(writer: SummaryWriter, reports: Sequence[EpochReport]) -> int:
    for step, report in enumerate(reports, start=1):
        _add(writer, report, step)
    return len(reports)


def _add(writer: SummaryWriter, report: EpochReport, step: int) -> None:
    writer.add_scalar(f"loss/{report.stage}", report.loss, step)
    writer.add_scalar("training/learning_rate", report.learning_rate, step)
    writer.add_scalar("training/minutes", report.seconds / 60, step)
    for name, error in (report.validation or {}).items():
        writer.add_scalar(f"validation/{name.replace(' ', '_')}", error, step)


def _add_plan(writer: SummaryWriter, folder: Path) -> None:
    """What is trained, and how, as text: four spaces make a block of code in Markdown."""
    if (folder / RUN).exists():
        text = (folder / RUN).read_text(encoding="utf-8")
        writer.add_text("run", "\n".join(f"    {line}" for line in text.splitlines()), 0)
