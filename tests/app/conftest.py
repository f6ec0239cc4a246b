"""The app without a browser: Streamlit's AppTest on the real app.py."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).parents[2]
PATIENCE_S = 90.0
"""Importing torch and fitting baselines takes seconds, on a machine shared with other tests many."""


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of runs of the test's own: a developer's runs would show in the lists."""
    folder = (tmp_path / "runs").resolve()
    monkeypatch.setenv("MSMD_RUNS", str(folder))
    return folder


@pytest.fixture
def open_app() -> Callable[..., AppTest]:
    """``open_app(page, **query)``: the app at a page, with a URL, run once."""

    def open_one(page: str = "forecast", **query: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=PATIENCE_S)
        for name, value in query.items():
            app.query_params[name] = value
        app.run()
        if page != "forecast":
            app.switch_page(f"msmd/app/screens/{page}.py").run()
        return app

    return open_one


def settle(app: AppTest) -> AppTest:
    """Runs the app again until nothing is being made any more, as the browser would."""
    deadline = time.monotonic() + PATIENCE_S
    while any(caption.value.endswith("…") for caption in app.caption):
        assert time.monotonic() < deadline, f"still being made: {said(app.caption)}"
        time.sleep(0.1)
        app.run()
    return app


def said(elements: object) -> list[str]:
    """What a kind of element says, for comparison."""
    return [element.value for element in elements]


def scores(app: AppTest) -> dict[str, float]:
    """The cards of a page as numbers, by label."""
    return {card.label: float(card.value.split()[0].replace(",", "")) for card in app.metric}


def final_distances(app: AppTest) -> dict[str, float]:
    """How far off each forecast is at the end, Å, by the label of its card."""
    return {card.label: float(card.delta.split()[0]) for card in app.metric}


def link(app: AppTest) -> dict[str, str]:
    """The parameters of the URL; AppTest hands out what it was given, text or a list of it."""
    return {name: value if isinstance(value, str) else value[0] for name, value in app.query_params.items()}


def first_card(app: AppTest) -> str:
    """The label of the first card: the forecaster in question stands first."""
    return app.metric[0].label
