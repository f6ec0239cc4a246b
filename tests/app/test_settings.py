"""What .streamlit/config.toml sets is what Streamlit knows."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from streamlit import config

SETTINGS = tomllib.loads((Path(__file__).parents[2] / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
NAMES = [
    f"{section}.{name}"
    for section, entries in SETTINGS.items()
    if section != "theme"
    for name, value in entries.items()
    if not isinstance(value, dict)
]


@pytest.mark.parametrize("name", NAMES)
def test_a_setting_is_one_that_streamlit_has(name: str) -> None:
    """A name that it no longer has would be passed over with a line in the log."""
    assert name in config.get_config_options()


def test_no_garbage_is_collected_after_every_look() -> None:
    """With torch imported that holds every thread of the server for a third of a second."""
    assert SETTINGS["runner"]["postScriptGC"] is False
