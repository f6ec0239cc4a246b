"""The explorer: ``streamlit run app.py``."""

from pathlib import Path

import streamlit as st

import msmd.app
from msmd.app import background, state, widgets
from msmd.app.navigation import current_page

ICON = Path(msmd.app.__file__).parent / "icon.svg"  # a Material symbol would be fetched from outside
ABOUT = "An explorer of multiscale molecular dynamics: graph Fourier modes, neural ODEs, honest baselines."

st.set_page_config(
    page_title="msmd · multiscale molecular dynamics", page_icon=ICON, layout="wide", menu_items={"About": ABOUT}
)
page = current_page()
state.begin_run(page.url_path)
with widgets.notes_at_the_top():
    page.run()
background.start()  # after the page is drawn: importing torch would slow it down
