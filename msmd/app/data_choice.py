"""Choosing the data: one of the ten molecules, or a file; the row at the top of every page that shows data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import streamlit as st

from msmd.app import cache, opening, state, widgets
from msmd.app.choices import MOLECULE, SEGMENT, SOURCE
from msmd.data import available_sources
from msmd.data.registry import MOLECULES, MoleculeCard, molecule_card
from msmd.data.windows import segment_parts
from msmd.errors import MsmdError
from msmd.trajectory import Dataset, Trajectory

LANDING_MOLECULE = "ethanol"
FILE = "file"
"""What the URL says for the molecule when a file is open."""

SOURCE_TITLES = {"gfn2": "GFN2, shipped", "md17": "MD17, real", "rmd17": "rMD17, real"}


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The data that a page shows.

    Attributes:
        key: what caches know the data by; equal keys mean equal data.
        title: for people.
        dataset: all segments.
        card: the registry's entry for this molecule, also when it came out of a file; None for any other molecule.
        is_file: True where the visitor opened it.
    """

    key: str
    title: str
    dataset: Dataset
    card: MoleculeCard | None
    is_file: bool

    def segment(self, index: int) -> Trajectory:
        """One trajectory of the data."""
        return self.dataset.segments[index]


def choose_data() -> Chosen:
    """Draws the row of choices and returns what is chosen; stops the page with a sentence where it cannot be read."""
    molecules = [card.name for card in MOLECULES]
    opened = state.opened_file()
    options = [*molecules, FILE] if opened else molecules
    row = st.columns([3, 3, 2], vertical_alignment="bottom")
    with row[0]:
        name = widgets.select(
            MOLECULE, "Molecule", options, default=LANDING_MOLECULE, say=partial(_say_molecule, opened)
        )
    with row[2]:
        opening.open_file_button(MOLECULE, FILE)
    with row[1]:
        file = opened if name == FILE else None
        if file:
            st.text_input("Source", file.name, disabled=True, help="The file you opened; it stays in this session.")
        else:
            source = _choose_source(name)
    if file:
        return _from_file(file)
    try:
        dataset = cache.dataset(name, source)
    except MsmdError as error:
        st.error(str(error), icon=":material/database_off:")
        st.stop()
    card = molecule_card(name)
    return Chosen(key=f"{name}/{source}", title=card.title, dataset=dataset, card=card, is_file=False)


def choose_segment(chosen: Chosen) -> int:
    """Which segment of the data; a test segment first, because a forecaster must not have seen what it is shown on."""
    parts = segment_parts(chosen.dataset)
    n_segments = len(chosen.dataset.segments)
    if n_segments == 1:
        return 0
    return widgets.select(
        SEGMENT,
        "Segment",
        range(n_segments),
        default=parts.index("test") if "test" in parts else 0,
        say=lambda index: f"{index} · {parts[index]}" if parts else str(index),
        help="Independent trajectories of the same molecule. Forecasters learn from the training segments only.",
    )


def _choose_source(name: str) -> str:
    sources = available_sources(name) or ("gfn2",)
    return widgets.select(
        SOURCE,
        "Source",
        sources,
        default=sources[0],
        say=lambda source: SOURCE_TITLES.get(source, source),
        help=f"Real MD17 frames appear here after `msmd fetch {name} --source md17` (or rmd17).",
    )


def _from_file(opened: state.OpenedFile) -> Chosen:
    card = _card_of(opened.dataset)
    title = card.title if card else opened.dataset.molecule.formula
    for sentence in opened.warnings:
        st.warning(sentence, icon=":material/warning:")
    return Chosen(key=opened.digest, title=title, dataset=opened.dataset, card=card, is_file=True)


def _card_of(dataset: Dataset) -> MoleculeCard | None:
    """The registry's entry, where the readers found the molecule to be one of the ten."""
    return next((card for card in MOLECULES if card.molecule == dataset.molecule), None)


def _say_molecule(opened: state.OpenedFile | None, name: str) -> str:
    if opened and name == FILE:
        return opened.name
    card = molecule_card(name)
    return f"{card.title} · {card.molecule.formula}"
