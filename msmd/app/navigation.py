"""The pages of the app, in the order of the menu."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

SCREENS = Path(__file__).parent / "screens"


@dataclass(frozen=True, kw_only=True)
class PageCard:
    """One page: a file in ``screens/`` and what the menu says.

    Attributes:
        name: of the file, and of the page in the URL; the first page is the one at ``/``.
        title: in the menu and on the browser's tab.
        icon: a Material symbol, which Streamlit ships with.
    """

    name: str
    title: str
    icon: str


PAGES: tuple[PageCard, ...] = (
    PageCard(name="forecast", title="Forecast", icon=":material/motion_play:"),
    PageCard(name="molecule", title="Molecule", icon=":material/hub:"),
    PageCard(name="modes", title="Modes", icon=":material/graphic_eq:"),
    PageCard(name="train", title="Train", icon=":material/model_training:"),
    PageCard(name="ablations", title="Ablations", icon=":material/grid_on:"),
    PageCard(name="about", title="About", icon=":material/menu_book:"),
)
"""The registry; adding a page is a file in ``screens/`` and a line here.  The first one is where a visitor lands."""


def current_page() -> st.Page:
    """Draws the menu and returns the page to run."""
    landing = PAGES[0]
    pages = [_page(card, url_path=card.name) for card in PAGES[1:]]
    # Streamlit serves the landing page at / alone; a link that names it should work as well.
    by_name = _page(landing, url_path=landing.name, visibility="hidden")
    return st.navigation([_page(landing, url_path="", default=True), *pages, by_name], position="top")


def go_to(name: str) -> None:
    """Switches to another page; choices come along, because they live in the session."""
    st.switch_page(SCREENS / f"{name}.py")


def link_to(name: str, label: str, icon: str | None = None) -> None:
    """A link to another page; choices come along, because they live in the session."""
    st.page_link(SCREENS / f"{name}.py", label=label, icon=icon)


def _page(card: PageCard, **kind: object) -> st.Page:
    return st.Page(SCREENS / f"{card.name}.py", title=card.title, icon=card.icon, **kind)
