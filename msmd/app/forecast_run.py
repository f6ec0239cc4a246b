"""One window, forecast by the chosen forecaster and by the baselines that stand beside it."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, replace

from msmd.app import background, cache, trained
from msmd.app.data_choice import Chosen
from msmd.app.forecast_choice import Window
from msmd.data import available_sources
from msmd.data.windows import Protocol, segment_parts
from msmd.forecasting import Forecast, ForecasterCard, shipped_checkpoint
from msmd.loading import caveat
from msmd.shapes import Array, Float
from msmd.trajectory import Dataset, Trajectory

RIVALS = ("persistence", "mean-structure", "normal-modes")
"""The baselines beside every forecast: nothing moves, nothing but the shape is known, and springs."""


@dataclass(frozen=True, kw_only=True)
class Fitting:
    """The data that baselines are fitted on and whose checkpoints are meant.

    Attributes:
        key: what caches know it by.
        dataset: the data.
        caption: one sentence for the page.
    """

    key: str
    dataset: Dataset
    caption: str


@dataclass(frozen=True, kw_only=True)
class Run:
    """The forecasts of one window, some of them still being made.

    Attributes:
        main: of the chosen forecaster.
        ready: whether it is there.
        pending: names of the rivals that this drawing of the page goes without.
        members: of the chosen forecaster's ensemble, None where none are to be shown.
        members_ready: whether they are there.
        rivals: of the baselines beside it; none before ``main`` is there, because fitting them would slow it down.
        fitting: what they are fitted on.
    """

    main: Future[Forecast]
    ready: bool
    rivals: dict[str, Future[Forecast]]
    pending: tuple[str, ...]
    fitting: Fitting
    members: Future[Float[Array, "members times atoms 3"]] | None = None
    members_ready: bool = False

    @property
    def shown(self) -> Forecast:
        """The forecast, with its members where they are asked for and there."""
        if self.members is None or not self.members_ready or self.members.exception() is not None:
            return self.main.result()
        return replace(self.main.result(), samples=self.members.result())

    @property
    def ready_rivals(self) -> tuple[Forecast, ...]:
        """The rivals that are there."""
        done = [
            future for name, future in self.rivals.items() if name not in self.pending and future.exception() is None
        ]
        return tuple(future.result() for future in done)

    def look_again(self) -> None:
        """Runs the page again when more is there."""
        if not self.ready:
            background.look_again_for([self.main])
            return
        awaited: list[Future] = [self.rivals[name] for name in self.pending]
        if self.members is not None and not self.members_ready:
            awaited.append(self.members)
        background.look_again_for(awaited)


def start_run(chosen: Chosen, card: ForecasterCard, window: Window, n_members: int) -> Run:
    """Asks for the forecast and, once it is there, for its members and its rivals."""
    if card.needs == "training":
        cache.forget_replaced(card.name, chosen.dataset.molecule.name, chosen.dataset.source)
    fitting = fitting_data(chosen, card)
    asked = (fitting.key, chosen.dataset.source, chosen.key, window.segment, window.start, window.times_fs)
    data = (fitting.dataset, chosen.segment(window.segment))
    main = cache.one_forecast(card.name, *asked, *data)
    ready = background.is_ready(main)
    # Before the rivals: they are what the visitor asked to see, and the first rival has to be fitted.
    members = cache.members(card.name, *asked, n_members, *data) if ready and n_members else None
    members_ready = members is not None and background.is_ready(members)
    names = [name for name in RIVALS if name != card.name] if ready else []
    rivals = {name: cache.one_forecast(name, *asked, *data) for name in names}
    pending = tuple(name for name, future in rivals.items() if not future.done())
    return Run(
        main=main,
        ready=ready,
        rivals=rivals,
        pending=pending,
        fitting=fitting,
        members=members,
        members_ready=members_ready,
    )


def fitting_data(chosen: Chosen, card: ForecasterCard) -> Fitting:
    """The shipped data for a file of a shipped molecule, the file itself for any other, else the data shown."""
    registered = chosen.card.name if chosen.card else None
    if not chosen.is_file or registered is None or cache.TRAINED_ON not in available_sources(registered):
        parts = "training segments" if segment_parts(chosen.dataset) else "training blocks, six tenths,"
        source = f"the {parts} of {'the file' if chosen.is_file else 'these data'}"
        return Fitting(
            key=chosen.key,
            dataset=chosen.dataset,
            caption=f"{_learned(chosen, card)} Baselines are fitted on {source}.".strip(),
        )
    baselines = "Baselines are fitted on the shipped GFN2 training segments of this molecule, not on your file."
    return Fitting(
        key=f"{registered}/{cache.TRAINED_ON}",
        dataset=cache.dataset(registered, cache.TRAINED_ON),
        caption=f"{_learned(chosen, card)} {baselines}".strip(),
    )


def caveat_of(card: ForecasterCard, dataset: Dataset, protocol: Protocol | None = None) -> str:
    """Why the numbers of something trained are not what they seem on these data; empty where they are.

    Args:
        card: of the forecaster.
        dataset: what it is asked about.
        protocol: how test windows are cut; None for a single forecast.
    """
    run = trained.folder_of(card.name)
    folder = run or cache.checkpoint_folder(card.name, dataset.molecule.name, dataset.source)
    if card.needs != "training" or not (folder / "card.json").is_file():
        return ""
    if sentence := caveat(folder, dataset, protocol, called="This run" if run else "This checkpoint"):
        return sentence
    file = trained.file_of(card.name)
    if file is None or protocol is None or file == dataset.source:
        return ""
    return (
        f"This run was trained on the file {file}, which may hold frames of these data: test windows may lie where it "
        "was trained, and errors be too small."
    )


def _learned(chosen: Chosen, card: ForecasterCard) -> str:
    """What the checkpoint has learned, where that is not plainly the data shown."""
    source = chosen.dataset.source
    if split := trained.split_of(card.name):
        seen = "This run was trained on random starts out of every segment: it may have seen this window."
        return caveat_of(card, chosen.dataset) or (seen if split != "blocked" else "")
    if card.needs != "training" or source == cache.TRAINED_ON or chosen.card is None:
        return ""
    if shipped_checkpoint(card.name, chosen.card.name, source):
        return (
            "This checkpoint learned other frames of the same MD17 trajectory; which of them lie in your file is not "
            "known."
            if chosen.is_file
            else ""
        )
    return (
        "This checkpoint learned the GFN2-xTB potential; these data follow another one, so that the forecast drifts "
        "away even where the model is good."
    )


def at_stored_times(trajectory: Trajectory, window: Window) -> Trajectory:
    """The reference alone at the window's times: what can be shown before there is a forecast."""
    import numpy as np

    times = trajectory.times_fs[window.start] + np.array(window.times_fs)
    return replace(
        trajectory,
        times_fs=np.array(window.times_fs),
        positions=trajectory.positions_at(times),
        velocities=None,
        forces=None,
        energies=None,
    )
