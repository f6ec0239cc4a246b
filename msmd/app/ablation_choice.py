"""Choosing what the Ablations page compares: the data, the test windows, the model, and one cell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from msmd.app import state, widgets
from msmd.app.ablation_variants import Variants, variants_of
from msmd.app.choices import (
    ABLATED,
    AGAINST,
    ATOMS,
    HORIZON_BAND,
    MOLECULE,
    SOURCE,
    SPLIT,
    TESTED_TIMES,
    TURNED,
    VARIANT,
    Choice,
)
from msmd.app.data_choice import FILE, LANDING_MOLECULE, SOURCE_TITLES
from msmd.data.registry import MOLECULES, molecule_card
from msmd.forecasters import forecaster_card
from msmd.forecasting import shipped_checkpoint
from msmd.sweeps.record import FULL, WHOLE, Record
from msmd.views.ablation_scores import AblationGrid, Conditions, Model, ablation_grid, models_in, under

LANDING_SOURCE = "gfn2"
ATOM_TITLES = {"heavy": "Heavy atoms", "all": "All atoms"}
TURNED_TITLES = {"no": "As they come", "yes": "Turned at random"}
SAMPLING_TITLES = {"even": "Even", "irregular": "Irregular", "long": "Long"}


@dataclass(frozen=True, kw_only=True)
class View:
    """What the page compares.

    Attributes:
        records: measured under ``conditions``.
        conditions: source, split, times.
        model: whose variants.
        bands: every horizon band that was measured, in the order of time, the whole horizon first.
        variants: of the model, with what each takes away.
        molecules: columns; those whose variants were measured, and the chosen one.
        choosable: molecules that a column can be opened for, because they have records or a checkpoint.
        rows: names of variants, measured or not.
        heavy: over heavy atoms, else over all.
    """

    records: tuple[Record, ...]
    conditions: Conditions
    model: Model
    bands: tuple[str, ...]
    variants: Variants
    molecules: tuple[str, ...]
    choosable: tuple[str, ...]
    rows: tuple[str, ...]
    heavy: bool

    def grid(self, band: str) -> AblationGrid:
        """The scores in one band."""
        return ablation_grid(
            self.records, self.model, molecules=self.molecules, variants=self.rows, band=band, heavy=self.heavy
        )

    @property
    def titles(self) -> dict[str, str]:
        """Of the variants, for people."""
        return {name: self.variants.title(name) for name in self.rows}


def choose_view(records: Sequence[Record]) -> View:
    """Where the numbers come from and whose they are: one line, and a button that opens the choices."""
    with st.container(horizontal=True, vertical_alignment="center"):
        said = st.container(width="content")
        popover = st.popover("Compare something else", icon=":material/tune:")
    with popover:
        source = _choose(SOURCE, "Source", {record.source for record in records}, LANDING_SOURCE, SOURCE_TITLES)
        here = [record for record in records if record.source == source]
        model = _choose_model(here)
        mine = [record for record in here if Model.of(record) == model]
        sampling = _choose(
            TESTED_TIMES,
            "Times of the test windows",
            {record.sampling for record in mine},
            _most_measured(mine),
            SAMPLING_TITLES,
            help="Even: every eighth of the horizon. Irregular: at random, so that every horizon band has some. Long: "
            "beyond the horizon that was trained for.",
        )
        mine = [record for record in mine if record.sampling == sampling]
        conditions = _choose_conditions(mine, source, sampling)
        heavy = _choose(ATOMS, "Error over", set(ATOM_TITLES), "heavy", ATOM_TITLES) == "heavy"
    said.markdown(_say_comparison(conditions, model, heavy))
    return _view(under(here, conditions), conditions, model, heavy)


def choose_cell(view: View) -> tuple[str, str]:
    """Molecule and variant by name; a click on the heat map sets the same two choices."""
    left, right = st.columns(2)
    with left:
        molecule = widgets.select(
            MOLECULE,
            "Molecule",
            view.choosable,
            default=_landing(view.molecules),
            say=lambda name: molecule_card(name).title,
            elsewhere=[FILE],
        )
    with right:
        variant = widgets.select(
            VARIANT,
            "Variant",
            view.rows,
            default=landing_variant(view.rows),
            say=view.variants.title,
        )
    return molecule, variant


def choose_against(view: View) -> tuple[str, str]:
    """What a cell holds, and of which horizon band."""
    from msmd.views.ablation_heat_map import MEASURES

    left, right = st.columns([5, 3], vertical_alignment="bottom")
    with left:
        against = widgets.buttons(
            AGAINST, "A cell shows", list(MEASURES), default="full", say=lambda name: MEASURES[name].title
        )
    with right:
        band = widgets.select(
            HORIZON_BAND,
            "Horizon band",
            view.bands,
            default=WHOLE,
            say=lambda band: "whole horizon" if band == WHOLE else f"{band.replace('-', '–')} fs",
            help="Early bands tell variants apart; in late ones chaos makes them alike.",
        )
    return against, band


def landing_variant(variants: Sequence[str]) -> str:
    """The first variant that takes something away."""
    return next((name for name in variants if name != FULL), FULL)


def say_model(model: Model) -> str:
    """A model in the list of models."""
    windows = "" if model.n_train_windows is None else f"{model.n_train_windows} windows"
    data = "every frame" if model.budget == "frames" else windows or "all windows"
    return f"{forecaster_card(model.forecaster).title} · {data}"


def model_text(model: Model) -> str:
    """A model as the URL has it.

    >>> model_text(Model(forecaster="spectral-ode", budget="frames"))
    'spectral-ode:frames:all'
    """
    windows = "all" if model.n_train_windows is None else model.n_train_windows
    return f"{model.forecaster}:{model.budget}:{windows}"


DEFAULT_MODEL = Model(forecaster="spectral-ode", budget="frames")
"""What is shown where no table holds anything."""


def _choose_model(records: Sequence[Record]) -> Model:
    ablated = models_in([record for record in records if record.variant != FULL])
    models = {model_text(model): model for model in ablated or models_in(records) or (DEFAULT_MODEL,)}
    text = widgets.select(
        ABLATED,
        "Model",
        list(models),
        default=next(iter(models)),
        say=lambda text: say_model(models[text]),
        help="Whose parts are taken away, and what it was trained on.",
    )
    return models[text]


def _most_measured(records: Sequence[Record]) -> str:
    """The sampling with the most cells and seeds; irregular ones of two alike, because they reach every band."""
    runs = {(record.sampling, record.molecule, record.variant, record.seed) for record in records}
    counts = Counter(sampling for sampling, *_ in runs)
    return max(counts, key=lambda sampling: (counts[sampling], sampling == "irregular"), default="irregular")


def _say_comparison(conditions: Conditions, model: Model, heavy: bool) -> str:
    """What the numbers are of, in one line."""
    data = f"{SOURCE_TITLES.get(conditions.source, conditions.source).partition(',')[0]} data"
    leaks = " (paper's split, which leaks)" if conditions.split == "paper" else ""
    turned = ", turned at random" if conditions.is_rotated else ""
    atoms = ATOM_TITLES["heavy" if heavy else "all"].lower()
    return f"**{say_model(model)}** · {data}{leaks} · {conditions.sampling} test times{turned} · {atoms}"


def _choose_conditions(mine: Sequence[Record], source: str, sampling: str) -> Conditions:
    """Split and rotation, asked for only where the tables hold more than one."""
    found = sorted({Conditions.of(record) for record in mine})
    splits, turned = {c.split for c in found}, {"yes" if c.is_rotated else "no" for c in found}
    split, is_turned = next(iter(splits), "blocked"), next(iter(turned), "no")
    if len(splits) > 1:
        split = _choose(SPLIT, "Split", splits, "blocked", {"blocked": "Blocked", "paper": "Paper (leaks)"})
    if len(turned) > 1:
        is_turned = _choose(TURNED, "Test windows", turned, "no", TURNED_TITLES)
    return Conditions(source=source, split=split, sampling=sampling, is_rotated=is_turned == "yes")


def _choose(
    choice: Choice[str],
    label: str,
    found: set[str],
    default: str,
    titles: dict[str, str],
    help: str | None = None,
) -> str:
    """A list of what was found, in the order of the titles; the default where nothing was."""
    known = [name for name in titles if name in found] + sorted(found - titles.keys())
    options = known or [default]
    first = default if default in options else options[0]
    return widgets.select(choice, label, options, default=first, say=lambda name: titles.get(name, name), help=help)


def _view(records: list[Record], conditions: Conditions, model: Model, heavy: bool) -> View:
    mine = [record for record in records if Model.of(record) == model]
    bands = sorted({(record.from_fs, record.to_fs, record.band) for record in records if record.band != WHOLE})
    variants = variants_of(model.forecaster, conditions.source, records)
    measured = {r.molecule for r in mine if r.variant != FULL} or {r.molecule for r in mine}
    choosable = measured | {r.molecule for r in mine}
    choosable |= {c.name for c in MOLECULES if shipped_checkpoint(model.forecaster, c.name, conditions.source)}
    landing = _landing(_in_order(measured or choosable) or tuple(c.name for c in MOLECULES))
    chosen = state.read(MOLECULE, landing, [card.name for card in MOLECULES], elsewhere=[FILE])
    return View(
        records=tuple(records),
        conditions=conditions,
        model=model,
        bands=(WHOLE, *(band for _, _, band in bands)),
        variants=variants,
        molecules=_in_order(measured | {chosen}),
        choosable=_in_order(choosable | {chosen}),
        rows=(FULL, *variants.entries, *sorted({record.variant for record in mine} - {FULL, *variants.entries})),
        heavy=heavy,
    )


def _in_order(names: set[str]) -> tuple[str, ...]:
    """In the order of the registry."""
    return tuple(card.name for card in MOLECULES if card.name in names)


def _landing(molecules: Sequence[str]) -> str:
    return LANDING_MOLECULE if LANDING_MOLECULE in molecules else molecules[0]
