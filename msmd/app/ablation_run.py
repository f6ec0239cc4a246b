"""Running a cell that has not been run: a process of its own, watched from the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import streamlit as st

from msmd.app.ablation_choice import View
from msmd.app.choices import MOLECULE, TRAINEE
from msmd.app.navigation import go_to
from msmd.app.train_choice import duration
from msmd.errors import MsmdError
from msmd.sweeps.cell_run import CellRun, SweepCell, list_cell_runs, read_cell_run, start_cell, stop_cell
from msmd.sweeps.record import FULL
from msmd.sweeps.spec import ALL, SweepSpec
from msmd.sweeps.task import Task, tasks_of
from msmd.training.folder import RunStatus
from msmd.training.job_folder import log_lines

LOOK_AGAIN_S = 2.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a cell would be run.

    Attributes:
        spec: the sweep that it belongs to.
        tasks: of the cell, one per seed.
    """

    spec: SweepSpec
    tasks: tuple[Task, ...]

    @property
    def needs_training(self) -> bool:
        """True where nothing that is at hand can be tested as it is."""
        return any(not task.checkpoint for task in self.tasks)


def plan_of(view: View, molecule: str, variant: str) -> Plan | None:
    """The sweep to run for a cell, one that needs no training if there is one; None where no sweep holds it."""
    plans = [Plan(spec=spec, tasks=_tasks(view, spec, molecule, variant)) for spec in _specs(view, molecule)]
    possible = [plan for plan in plans if plan.tasks]
    return min(possible, key=lambda plan: plan.needs_training, default=None)


def show_run(view: View, molecule: str, variant: str, *, is_missing: bool) -> None:
    """The button that runs a missing cell, or how far it is."""
    plan = plan_of(view, molecule, variant)
    if plan is None:
        if is_missing:
            st.info("No sweep at hand says how this cell is made.", icon=":material/info:")
        return
    cell = _cell(view, plan, molecule, variant)
    run = read_cell_run(cell)
    if run is not None and run.is_alive:
        _watch(run)
        return
    if not is_missing:
        return
    if run is not None and run.state == "failed":
        st.error(run.reason, icon=":material/error:")
        st.code("\n".join(log_lines(cell.folder)) or "(its log is empty)", language=None)
    _offer(plan, cell, "Go on" if run is not None and run.state == "stopped" else "Run this cell")


def show_at_work(view: View) -> None:
    """What runs now, wherever it was started."""
    alive = [run for run in list_cell_runs() if run.is_alive and run.cell.forecaster == view.model.forecaster]
    if alive:
        cells = ", ".join(f"{view.variants.title(run.cell.variant)} on {run.cell.molecule}" for run in alive)
        st.caption(f":material/hourglass_top: At work: {cells}. The heat map fills when they are done.")


def _offer(plan: Plan, cell: SweepCell, label: str) -> None:
    missing = _missing_checkpoint(plan)
    if missing:
        st.info(
            f"The full model of {cell.molecule} is not at hand ({missing}); train it first, then its parts can be "
            "taken away.",
            icon=":material/model_training:",
        )
        if st.button("Train it", icon=":material/model_training:"):
            from msmd.app import state

            state.choose(MOLECULE, cell.molecule)
            state.choose(TRAINEE, cell.forecaster)
            go_to("train")
        return
    st.markdown(f"**Not run yet.** {_say_cost(plan)}")
    if st.button(label, type="primary", icon=":material/play_arrow:", key="run_cell"):
        _do(lambda: start_cell(cell))
    st.caption(f"The same from a terminal: `msmd {' '.join(cell.words)}`")


def _watch(run: CellRun) -> None:
    """Looked at again every few seconds; the whole page comes again when it ends."""

    @st.fragment(run_every=LOOK_AGAIN_S)
    def watch() -> None:
        now = read_cell_run(run.cell)
        if now is None or not now.is_alive:
            st.rerun()
        st.markdown(f":material/hourglass_top: **{_say_state(now)}** You may close this page; it goes on.")
        if now.training is not None:
            st.progress(min(max(now.training.progress, 0.0), 1.0), text=_say_training(now.training))
        if st.button("Stop", icon=":material/stop:", key="stop_cell"):
            _do(lambda: stop_cell(run.cell))

    watch()


def _say_state(run: CellRun) -> str:
    if run.state == "queued":
        return "Waits for its turn: other runs have the processor."
    return "Trains." if run.training is not None else "Prepares and tests."


def _say_training(training: RunStatus) -> str:
    left = training.seconds_left
    return training.stage + ("" if left is None else f", about {duration(left)} left")


def _say_cost(plan: Plan) -> str:
    n = len(plan.tasks)
    seeds = f"{n} seed{'s' * (n > 1)}"
    if not plan.needs_training:
        return "It needs no training: the learned weights are taken over, calibrated and tested, a matter of minutes."
    return f"It has to be trained, with {seeds} and in full; on a processor that can take hours. It can be stopped."


def _do(work: Callable[[], None]) -> None:
    try:
        with st.spinner("One moment"):
            work()
    except MsmdError as error:
        st.error(str(error), icon=":material/error:")
        return
    st.rerun()


def _specs(view: View, molecule: str) -> list[SweepSpec]:
    """The sweeps that hold the molecule; where none does, one's own copies that hold every molecule."""
    specs = view.variants.specs
    holding = [spec for spec in specs if molecule in spec.molecule_names]
    return holding or [replace(spec, name=f"own-{spec.name}", molecules=(ALL,), file="") for spec in specs]


def _tasks(view: View, spec: SweepSpec, molecule: str, variant: str) -> tuple[Task, ...]:
    """The tasks that would fill the cell as the page shows it; none where the sweep tests otherwise."""
    asked, tested = view.conditions, spec.evaluation
    if asked.sampling not in tested.samplings or asked.is_rotated not in tested.rotated:
        return ()
    wanted = molecule, view.model.forecaster, variant, asked.split, view.model.n_train_windows
    return tuple(
        task
        for task in tasks_of(spec)
        if (task.molecule, task.forecaster, task.variant, task.split, task.windows) == wanted
    )


def _cell(view: View, plan: Plan, molecule: str, variant: str) -> SweepCell:
    """The full model is run with it where the sweep has not measured it."""
    measured = any(
        record.sweep == plan.spec.name
        and record.molecule == molecule
        and record.forecaster == view.model.forecaster
        and record.variant == FULL
        for record in view.records
    )
    return SweepCell(
        spec=plan.spec,
        molecule=molecule,
        forecaster=view.model.forecaster,
        variant=variant,
        beside=() if measured or variant == FULL else (FULL,),
    )


def _missing_checkpoint(plan: Plan) -> str:
    """The checkpoint that the sweep would take and that does not lie there, empty where all do."""
    from msmd.sweeps.spec_file import PROJECT

    folders = [task.checkpoint for task in plan.tasks if task.checkpoint]
    return next((folder for folder in folders if not (PROJECT / folder / "card.json").is_file()), "")
