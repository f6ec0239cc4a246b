"""What commands are told to work on: a forecaster, and data."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from msmd.errors import ProtocolError

if TYPE_CHECKING:
    from msmd.data.windows import Protocol, Split
    from msmd.forecasting import Forecaster
    from msmd.trajectory import Dataset

Names = Annotated[list[str] | None, typer.Argument(metavar="[CHECKPOINT | RUN] [MOLECULE]", show_default=False)]
"""What ``choice`` reads; the options that several commands have stand here too."""

ForecasterName = Annotated[
    str | None, typer.Option(help="A forecaster's name, such as persistence or spectral-ode, instead of a folder.")
]
DataFile = Annotated[Path | None, typer.Option(help="A trajectory file instead of a molecule.")]
TimeStep = Annotated[
    float | None, typer.Option("--dt-fs", help="Time between frames, for files that do not say it.", min=1e-6)
]
Source = Annotated[str, typer.Option(help="gfn2, md17 or rmd17.")]
Seed = Annotated[int, typer.Option(help="Feeds every random choice.", min=0)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A forecaster by name or folder, and data by molecule or file.

    Attributes:
        forecaster: a name in ``FORECASTERS``, or a checkpoint or run folder.
        data: molecule or file.
        source: of the data, where they are named by molecule.
        dt_fs: time between frames, for files that do not say it.
    """

    forecaster: str
    data: str | Path
    source: str
    dt_fs: float | None = None

    def dataset(self) -> Dataset:
        """The data."""
        from msmd.data import load_dataset

        return load_dataset(self.data, source=self.source, dt_fs=self.dt_fs)

    def forecaster_for(self, dataset: Dataset, split: Split) -> Forecaster:
        """The forecaster: out of its folder, or by name and then fitted on the split's training data if need be."""
        from msmd.forecasting import FORECASTERS, fit_forecaster, load_forecaster

        closed_form = {card.name: card for card in FORECASTERS if card.needs != "training"}
        if self.forecaster in closed_form:
            return fit_forecaster(closed_form[self.forecaster], split.training)
        found = load_forecaster(self.forecaster, dataset)
        self.say_caveat(dataset, split.protocol)
        return found

    def trained_protocol(self) -> dict[str, Any]:
        """The protocol on the card of a folder that was trained on the papers' split; empty for anything else."""
        from msmd.checkpoint import read_card

        folder = Path(self.forecaster)
        if not folder.is_dir():
            return {}
        card = read_card(folder if (folder / "card.json").is_file() else folder / "last")
        trained = card.get("protocol", {})
        return trained if trained.get("split") == "paper" else {}

    def say_caveat(self, dataset: Dataset, protocol: Protocol | None = None) -> None:
        """Says on standard error why a checkpoint's numbers on these data are not what they seem."""
        from msmd.loading import caveat, shipped_checkpoint

        folder = Path(self.forecaster)
        if not folder.is_dir():
            shipped = shipped_checkpoint(self.forecaster, dataset.molecule.name, dataset.source)
            if shipped is None:
                return
            folder = shipped
        sentence = caveat(folder, dataset, protocol)
        if sentence:
            typer.echo(f"msmd: {sentence}", file=sys.stderr)


def refuse_time_step_without_file(data: Path | None, dt_fs: float | None) -> None:
    """Refuses a time step for data that say their own.

    Raises:
        ProtocolError: naming the option.
    """
    if dt_fs is not None and data is None:
        raise ProtocolError("--dt-fs goes with --data FILE; the data of a molecule's name say their time step.")


def n_windows(text: str, option: str) -> int | None:
    """A number of windows, None for all.

    Raises:
        ProtocolError: for anything else, naming the option.
    """
    if text == "all":
        return None
    if not text.isdigit() or int(text) < 1:
        raise ProtocolError(f"{option} is {text!r}; expected a whole number of at least 1, or 'all'.")
    return int(text)


def choice(
    names: list[str] | None, forecaster: str | None, data: Path | None, source: str, dt_fs: float | None = None
) -> Choice:
    """Reads ``(CHECKPOINT or RUN | --forecaster NAME) (MOLECULE | --data FILE)``.

    Raises:
        ProtocolError: when something is missing, or named twice.
    """
    refuse_time_step_without_file(data, dt_fs)
    wanted = ["a checkpoint or run folder (or --forecaster NAME)"] if forecaster is None else []
    wanted += ["a molecule (or --data FILE)"] if data is None else []
    given = list(names or [])
    if len(given) != len(wanted):
        raise ProtocolError(
            f"Found {len(given)} name(s) ({' '.join(given) or 'none'}); expected {' and '.join(wanted) or 'none'}."
        )
    chosen = given.pop(0) if forecaster is None else forecaster
    return Choice(forecaster=chosen, data=given.pop(0) if data is None else data, source=source, dt_fs=dt_fs)
