"""Running the tasks of a sweep: side by side, each for itself, and reported as they end."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from msmd.sweeps.outcome import OUTCOME, Outcome, identity, read_outcome, write_outcome
from msmd.sweeps.pools import Pool, WorkerDiedError
from msmd.sweeps.task import Task
from msmd.sweeps.work import Work, is_finished

LOOK_AGAIN_S = 0.3

KILLED = (
    "Its process was killed while it worked on this task alone: most likely it needs more memory than the machine has. "
    "Repeat the command to go on from where it was."
)


@dataclass(frozen=True, kw_only=True)
class TaskReport:
    """How a task ended.

    Attributes:
        task: which.
        state: ``"finished"``, ``"failed"``, or ``"skipped"`` for one that was finished before.
        reason: why it failed, else empty.
        seconds: it took.
    """

    task: Task
    state: str
    reason: str = ""
    seconds: float = 0.0


def run_tasks(tasks: Sequence[Task], root: Path, pool: Pool) -> Iterator[TaskReport]:
    """Runs tasks in their folders under ``root``; yields one report per task, as they end.

    Finished tasks are skipped; those that were stopped go on; one that fails, or whose process dies, does not touch
    the others.  Tasks that take over weights begin when those that learn them have ended.

    Raises:
        DataError: when an outcome of an earlier start cannot be read.
    """
    try:
        for wave in ([task for task in tasks if not task.reuse], [task for task in tasks if task.reuse]):
            yield from _run_wave([Work(task=task, root=root, environment=environment()) for task in wave], pool)
    finally:
        pool.stop()


def environment() -> dict[str, str]:
    """Where data and runs lie, for workers on other machines."""
    return {name: value for name, value in os.environ.items() if name.startswith("MSMD_")}


def _run_wave(works: Iterable[Work], pool: Pool) -> Iterator[TaskReport]:
    waiting: list[Work] = []
    for work in works:
        if is_finished(work):
            yield TaskReport(task=work.task, state="skipped")
        else:
            waiting.append(work)
    while waiting:
        n_before, batch = len(waiting), _Batch(waiting, pool)
        for report in batch:
            waiting = [work for work in waiting if work.task.name != report.task.name]
            yield report
        if not batch.died:
            return
        suspects = [work for work in waiting if _was_running(work)]
        if not suspects and len(waiting) == n_before:  # died before any could begin: the next batch would do the same
            suspects = list(waiting)
        for work in suspects:
            # A death takes its neighbours along; alone, each shows whether it was the one.
            yield from _run_alone(work, pool)
            waiting.remove(work)


def _run_alone(work: Work, pool: Pool) -> Iterator[TaskReport]:
    batch = _Batch([work], pool)
    yield from batch
    if batch.died:
        found = read_outcome(work.folder) or Outcome(state="running", task=identity(work.task))
        failed = Outcome(state="failed", task=found.task, weights=found.weights, reason=KILLED, records=found.records)
        write_outcome(work.folder, failed)
        yield TaskReport(task=work.task, state="failed", reason=KILLED)


def _was_running(work: Work) -> bool:
    found = read_outcome(work.folder)
    return found is not None and found.state == "running"


class _Batch:
    """Tasks in a pool; iterate for the reports.  The pool works in a thread, and what it does shows in the folders.

    ``died`` says afterwards whether a process died before all was done.
    """

    def __init__(self, works: Sequence[Work], pool: Pool) -> None:
        self.works = {work.task.name: work for work in works}
        self.pool = pool
        self.died = False
        self._before = {name: _stamp(work) for name, work in self.works.items()}
        self._reasons: dict[str, str] = {}
        self._error: Exception | None = None

    def __iter__(self) -> Iterator[TaskReport]:
        thread = threading.Thread(target=self._work, daemon=True)
        thread.start()
        waiting = dict(self.works)
        while thread.is_alive():
            thread.join(LOOK_AGAIN_S)
            yield from self._ended(waiting)
        yield from self._ended(waiting)
        if self._error is not None:
            raise self._error
        for name, work in waiting.items():
            if name in self._reasons:  # another process is at it
                yield TaskReport(task=work.task, state="failed", reason=self._reasons[name])

    def _work(self) -> None:
        try:
            reasons = self.pool.run(list(self.works.values()))
            self._reasons = dict(zip(self.works, reasons, strict=True))
        except WorkerDiedError:
            self.died = True
        except Exception as error:
            self._error = error  # raised again in the thread that iterates

    def _ended(self, waiting: dict[str, Work]) -> Iterator[TaskReport]:
        """Reports of tasks that have written their outcome since this batch began; takes them off ``waiting``."""
        for name, work in list(waiting.items()):
            if _stamp(work) == self._before[name]:
                continue
            found = read_outcome(work.folder)
            if found is not None and found.state != "running":
                del waiting[name]
                yield TaskReport(task=work.task, state=found.state, reason=found.reason, seconds=found.seconds)


def _stamp(work: Work) -> int:
    path = work.folder / OUTCOME
    return path.stat().st_mtime_ns if path.exists() else 0
