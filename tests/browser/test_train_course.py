"""Training in a real browser: start, watch, reload, stop, resume, and play what came out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from msmd.training.job_folder import list_jobs
from msmd.training.jobs import stop_job
from msmd.views.player.assets import find_three_dmol
from tests.browser.conftest import stop_button

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_three_dmol() is None, reason="3Dmol.js is not installed: `npm ci && npm run static`"),
]

APP = Path(__file__).parents[2] / "app.py"
SLOW = 240_000
"""ms; every start of a job imports torch, on a machine that runs other tests too."""

FORM = {"trainee": "egnn", "windows": "100", "set": "n_layers=1 width=4 batch_size=4"}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The server's folder of runs; what is still at work at the end is stopped."""
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MSMD_RUNS", str(folder))
        yield folder
    for job in list_jobs(folder):
        stop_job(job.folder)


@pytest.fixture(scope="module")
def app_url(launch_app, runs: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    return launch_app(tmp_path_factory.mktemp("app"), APP)


def wait_said(page, text: str) -> None:
    page.get_by_text(text).first.wait_for(timeout=SLOW)


def start(page, app_url: str, minutes: str) -> None:
    """Opens the page with a form filled in, and presses the button."""
    page.goto(f"{app_url}/train?{urlencode(FORM | {'minutes': minutes})}")
    page.get_by_role("button", name="Start training").click(timeout=SLOW)


def test_a_long_run_is_seen_after_a_reload_stopped_and_resumed(page, app_url, runs):
    start(page, app_url, minutes="10")  # the first report comes after a fortieth of it
    wait_said(page, "is training")
    page.reload()
    wait_said(page, "is training")
    wait_said(page, "trained, about")
    stop_button(page).click()
    wait_said(page, "was stopped")
    assert list_jobs(runs)[0].state == "stopped"
    page.get_by_role("button", name="Resume").click()
    wait_said(page, "is training")
    stop_job(list_jobs(runs)[0].folder)
    wait_said(page, "was stopped")
    assert page.errors == []


def test_a_short_run_goes_from_the_button_to_the_player(page, app_url):
    start(page, app_url, minutes="0.1")
    wait_said(page, "is finished")
    page.wait_for_selector('.msmd-player[data-status="ready"]', timeout=SLOW)
    page.get_by_role("button", name="Play it on the Forecast page").click()
    page.wait_for_selector('.msmd-player[data-tracks="reference egnn"]', timeout=SLOW)
    assert page.errors == []
    assert page.left_the_machine == []
