"""The Ablations page in a real browser: click a cell and see it move; run a missing one and see it join the table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest

from msmd.sweeps.cell_run import list_cell_runs, stop_cell
from msmd.sweeps.table import write_table
from msmd.views.player.assets import find_three_dmol
from tests.browser.conftest import stop_button
from tests.views.ablation_records import record

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_three_dmol() is None, reason="3Dmol.js is not installed: `npm ci && npm run static`"),
]

APP = Path(__file__).parents[2] / "app.py"
SLOW = 240_000
"""ms; a cell's process imports torch, on a machine that runs other tests too."""

SPEC = """
molecules = ["ethanol", "toluene"]
[evaluation]
samplings = ["irregular"]
windows = 4
horizon_fs = 100.0
[[forecasters]]
names = ["spectral-ode"]
checkpoint = "checkpoints/gfn2/{molecule}/spectral-ode"
[[forecasters.variants]]
name = "pair"
note = "Two members instead of eight."
set = ["n_members=2"]
reuse = true
"""

PLACE = """([molecule, variant]) => {
  const plot = document.querySelector(".js-plotly-plot");
  const points = plot.data[1];
  const index = points.customdata.findIndex((cell) => cell[0] === molecule && cell[1] === variant);
  const { xaxis, yaxis } = plot._fullLayout;
  const box = plot.getBoundingClientRect();
  return [box.x + xaxis._offset + xaxis.l2p(points.x[index]), box.y + yaxis._offset + yaxis.l2p(points.y[index])];
}"""
"""Where a cell of the heat map lies on the page, in px."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The server's folder of runs, with a sweep of its own of which toluene has been measured."""
    folder = tmp_path_factory.mktemp("runs")
    (folder / "sweeps" / "quick").mkdir(parents=True)
    (folder / "sweeps" / "quick.toml").write_text(SPEC)
    measured = [record(sweep="quick", molecule="toluene", variant=name, n_windows=4) for name in ("full", "pair")]
    write_table(folder / "sweeps" / "mine.csv", measured)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MSMD_RUNS", str(folder))
        yield folder
        for run in list_cell_runs():
            stop_cell(run.cell)


@pytest.fixture(scope="module")
def app_url(launch_app, runs: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    return launch_app(tmp_path_factory.mktemp("app"), APP)


def wait_tracks(page, tracks: str) -> None:
    page.wait_for_selector(f'.msmd-player[data-status="ready"][data-tracks="{tracks}"]', timeout=SLOW)


def chosen(page, name: str) -> str:
    return parse_qs(urlparse(page.url).query)[name][0]


def test_a_click_on_a_cell_plays_it_beside_the_full_model_and_the_reference(page, app_url):
    page.set_viewport_size({"width": 1400, "height": 1800})  # the shipped tables fill more rows than a screen has
    page.goto(f"{app_url}/ablations?tested_times=irregular&molecule=ethanol&variant=full")
    wait_tracks(page, "reference full model")
    page.mouse.click(*page.evaluate(PLACE, ["toluene", "pair"]))
    wait_tracks(page, "reference full model pair")
    assert (chosen(page, "molecule"), chosen(page, "variant")) == ("toluene", "pair")
    assert page.get_by_text("Two members instead of eight.").is_visible()
    assert page.errors == []
    assert page.left_the_machine == []


def test_a_missing_cell_is_run_from_the_page_and_joins_the_heat_map(page, app_url):
    page.goto(f"{app_url}/ablations?tested_times=irregular&molecule=ethanol&variant=pair")
    page.get_by_role("button", name="Run this cell").click(timeout=SLOW)
    stop_button(page).wait_for(timeout=SLOW)
    page.reload()
    page.get_by_text("times the full model's").first.wait_for(timeout=SLOW)
    assert page.get_by_role("button", name="Run this cell").count() == 0
    assert page.errors == []
