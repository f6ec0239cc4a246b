"""The explorer: ``streamlit run app.py``."""

import streamlit as st

from msmd.app import cache, state, widgets
from msmd.app.navigation import current_page

st.set_page_config(
    page_title="msmd · multiscale molecular dynamics", page_icon=":material/hub:", layout="wide",
    menu_items={"About": "An explorer of multiscale molecular dynamics: graph Fourier modes, neural ODEs, honest baselines."},
)  # fmt: skip
cache.start_importing_torch()
state.begin_run()
page = current_page()
with widgets.notes_at_the_top():
    page.run()
