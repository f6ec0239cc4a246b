"""Widgets tied to choices, and the few arrangements that every page shares."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import streamlit as st

from msmd.app import state
from msmd.app.choices import Choice
from msmd.errors import MsmdError

if TYPE_CHECKING:
    import plotly.graph_objects as go

T = TypeVar("T")

PLOTLY = {"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"], "responsive": True}
"""The bar over a plot offers zoom, pan, reset and PNG."""


@contextmanager
def notes_at_the_top() -> Iterator[None]:
    """Keeps a place above the page for what the page has to say about its link."""
    place = st.container()
    yield
    for sentence in state.notes():
        place.info(sentence, icon=":material/info:")


def say_failure(failure: BaseException) -> None:
    """One sentence on what a visitor can do something about; anything else is a defect and is raised."""
    if not isinstance(failure, MsmdError):
        raise failure
    st.error(str(failure), icon=":material/error:")


def select(
    choice: Choice[T],
    label: str,
    options: Sequence[T],
    *,
    default: T,
    say: Callable[[T], str] = str,
    help: str | None = None,
    elsewhere: Collection[T] = (),
) -> T:
    """A drop-down list; ``elsewhere`` as in ``state.read``."""
    value = state.read(choice, default, options, elsewhere=elsewhere)
    st.selectbox(label, options, format_func=say, help=help, **state.bind(choice, value, options))
    return value


def buttons(
    choice: Choice[T],
    label: str,
    options: Sequence[T],
    *,
    default: T,
    say: Callable[[T], str] = str,
    help: str | None = None,
) -> T:
    """A row of buttons, one of them pressed; for two to five options."""
    value = state.read(choice, default, options)
    st.segmented_control(
        label, options, format_func=say, help=help, required=True, width="stretch", **state.bind(choice, value, options)
    )
    return value


def stops(
    choice: Choice[T],
    label: str,
    options: Sequence[T],
    *,
    default: T,
    say: Callable[[T], str] = str,
    help: str | None = None,
) -> T:
    """A slider that stops at each of the options."""
    value = state.read(choice, default, options)
    if len(options) == 1:
        st.caption(f"{label}: {say(options[0])}")
        return value
    st.select_slider(label, options, format_func=say, help=help, **state.bind(choice, value, options))
    return value


def mode_range(
    choice: Choice[tuple[int, int]], label: str, n_modes: int, *, help: str | None = None
) -> tuple[int, int]:
    """A slider with two ends over the modes 0 … n_modes − 1."""
    whole = (0, n_modes - 1)
    value = state.read(choice, whole, lambda band: 0 <= band[0] <= band[1] < n_modes)
    if n_modes > 1:
        st.slider(label, 0, n_modes - 1, help=help, **state.bind(choice, value))
    return value


def numbers(
    choice: Choice[tuple[float, ...]], label: str, *, default: tuple[float, ...], help: str
) -> tuple[float, ...]:
    """A line of text with numbers in it; what is no number keeps the last numbers, with a sentence."""
    value = state.read(choice, default)
    text = st.text_input(label, help=help, **state.bind_text(choice, value))
    if state.parsed(choice, text) is None:
        st.warning(f"{text!r} is not a list of numbers; write times in fs separated by commas, such as 5, 10.5, 250.")
    return value


def whole_number(choice: Choice[int], label: str, *, default: int, help: str) -> int:
    """A field for a whole number from 0."""
    value = state.read(choice, default, lambda number: number >= 0)
    st.number_input(label, min_value=0, step=1, help=help, **state.bind(choice, value))
    return value


def text(choice: Choice[str], label: str, *, placeholder: str, help: str) -> str:
    """A line of text, empty at first."""
    value = state.read(choice, "")
    st.text_input(label, placeholder=placeholder, help=help, **state.bind(choice, value))
    return value


def plot(figure: go.Figure, *, key: str, on_click: Callable[[], None] | None = None) -> None:
    """A figure with the sentence that says how to read it.

    Args:
        figure: from ``msmd.views``.
        key: identity of this plot.
        on_click: called when a point is clicked; ``state.clicked_point(key)`` then says which.
    """
    from msmd.views.theme import how_to_read

    sentence = how_to_read(figure)
    select = {"on_select": on_click, "selection_mode": "points"} if on_click else {}
    st.plotly_chart(figure, key=key, config=PLOTLY, alt=sentence, **select)
    st.caption(f"**How to read it.** {sentence}")


def heading(title: str, next_step: str) -> None:
    """The page's title and the one thing to do next."""
    st.title(title, anchor=False)
    st.markdown(next_step)
