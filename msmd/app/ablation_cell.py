"""The chosen cell: what the variant takes away, what that did, and the way to run it where it has not been run."""

from __future__ import annotations

import streamlit as st

from msmd.app.ablation_choice import View
from msmd.forecasters import forecaster_card
from msmd.sweeps.record import FULL
from msmd.views.ablation_scores import Cell, Ratio

CARD_WIDTH = 170  # px; two stand side by side on a phone


def show_cell(view: View, cell: Cell) -> None:
    """The sentence of the variant and its numbers."""
    st.markdown(f"**{view.variants.title(cell.variant).capitalize()}.** {view.variants.note(cell.variant)}")
    if cell.score is None:
        return
    with st.container(horizontal=True):
        _metric(
            "Error / 10⁻² Å²", 100 * cell.score.mean, None if cell.score.spread is None else 100 * cell.score.spread
        )
        if cell.variant != FULL and cell.against_full is not None:
            _ratio("Times the full model's", cell.against_full)
        if cell.against_baseline is not None:
            _ratio(f"Times {forecaster_card(cell.baseline).title.lower()}", cell.against_baseline)
    notes = []
    n_seeds = len(cell.score.by_seed)
    notes.append("One seed only: no spread." if n_seeds == 1 else f"± is the spread over {n_seeds} seeds.")
    if not cell.score.is_complete:
        notes.append("Not trained in full, so compare it with care.")
    st.caption(" ".join(notes))


def _ratio(title: str, ratio: Ratio) -> None:
    _metric(title, ratio.value, ratio.spread, sign="× ")


def _metric(title: str, value: float, spread: float | None, *, sign: str = "") -> None:
    text = f"{sign}{value:.3g}" + ("" if spread is None else f" ± {spread:.1g}")
    st.metric(title, text, border=True, width=CARD_WIDTH)
