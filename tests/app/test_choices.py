"""What the URL says and what is read from it."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from msmd.app.choices import BAND, CHOICES, CUSTOM_TIMES, HORIZON


@pytest.mark.parametrize(
    ("choice", "value", "text"),
    [(BAND, (0, 12), "0-12"), (CUSTOM_TIMES, (5.0, 10.5), "5,10.5"), (HORIZON, 1500.0, "1500"), (HORIZON, 0.5, "0.5")],
)
def test_values_come_back_from_their_text(choice, value, text):
    assert choice.show(value) == text
    assert choice.parse(text) == value


@pytest.mark.parametrize(("choice", "text"), [(BAND, "3"), (BAND, "a-b"), (CUSTOM_TIMES, "soon"), (HORIZON, "")])
def test_what_cannot_be_a_value_is_refused(choice, text):
    with pytest.raises(ValueError, match=r"."):
        choice.parse(text)


def test_names_are_unique_and_safe_in_a_url():
    assert all(name == choice.name and name.isidentifier() for name, choice in CHOICES.items())


def _list_whose_option_was_renamed() -> None:
    """A browser that has not yet seen a new list sends the label of an option that is no more."""
    import streamlit as st

    from msmd.app import state
    from msmd.app.choices import MOLECULE

    for sent in ("Ethanol, as it was called", "toluene"):
        tied = state.bind(MOLECULE, "ethanol", ["ethanol", "toluene"])
        st.session_state[tied["key"]] = sent
        tied["on_change"](*tied["args"])
        st.text(state.read(MOLECULE, "nothing"))


def test_a_label_that_is_no_option_any_more_picks_nothing():
    app = AppTest.from_function(_list_whose_option_was_renamed).run()
    assert [text.value for text in app.text] == ["nothing", "toluene"]
