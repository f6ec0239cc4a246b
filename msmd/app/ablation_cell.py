"""The chosen cell: what the variant takes away, and what that did to the error."""

from __future__ import annotations

import streamlit as st

from msmd.app.ablation_choice import View
from msmd.forecasters import forecaster_card
from msmd.sweeps.record import FULL
from msmd.views.ablation_scores import Cell, Ratio, Score


def show_note(view: View, variant: str) -> None:
    """The sentence of the variant."""
    title = view.variants.title(variant)
    st.markdown(f"**{title[0].upper()}{title[1:]}.** {view.variants.note(variant)}")


def show_numbers(cell: Cell) -> None:
    """The cell in words, with what the numbers can bear."""
    if cell.score is None:
        return
    n_seeds = len(cell.score.by_seed)
    error = Ratio(value=100 * cell.score.mean, spread=_hundredfold(cell.score.spread), n_seeds=n_seeds)
    parts = [f"Error {_say(error)} · 10⁻² Å²"]
    if cell.variant != FULL and cell.against_full is not None:
        parts.append(f"{_say(cell.against_full)} times the full model's")
    if cell.against_baseline is not None:
        parts.append(f"{_say(cell.against_baseline)} times that of {forecaster_card(cell.baseline).title.lower()}")
    notes = [_say_seeds(n_seeds, cell.full)]
    if not cell.score.is_complete:
        notes.append("not trained in full")
    st.markdown(", ".join(parts) + ".")
    st.caption(", ".join(notes) + ".")


def _say_seeds(n_seeds: int, full: Score | None) -> str:
    if n_seeds > 1:
        return f"± is the spread over {n_seeds} seeds"
    if full is None or full.spread is None:
        return "One seed, so that nobody knows its spread"
    changes = f"± {full.spread / full.mean:.0%} between {len(full.by_seed)} seeds"
    return f"One seed; the full model's error changes by {changes}"


def _hundredfold(value: float | None) -> float | None:
    return None if value is None else 100 * value


def _say(ratio: Ratio) -> str:
    return f"**{ratio.value:.3g}**" + ("" if ratio.spread is None else f" ± {ratio.spread:.1g}")
