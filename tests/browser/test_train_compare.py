"""Ticking two runs in the table lays their curves over one another and tells their settings apart."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict
from pathlib import Path

import pytest

from msmd.training.folder import EpochReport
from msmd.training.job_folder import JobSpec

APP = Path(__file__).parents[2] / "app.py"
SLOW = 120_000
ROW_PX = 35
"""Height of a row and of the head of Streamlit's table, which is drawn on a canvas."""


@pytest.fixture(scope="module")
def app_url(launch_app, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A server that sees two runs that differ in their seed."""
    root = tmp_path_factory.mktemp("runs")
    for seed in (1, 2):
        (folder := root / f"run{seed}").mkdir()
        spec = JobSpec(forecaster="egnn", data="ethanol", minutes=2.0, seed=seed)
        entry = {"title": f"Seed {seed}", "spec": asdict(spec), "created": float(seed), "stopped": True}
        (folder / "job.json").write_text(json.dumps(entry))
        reports = [
            EpochReport(
                stage="windows", stage_index=0, n_stages=1, step=epoch, progress=epoch / 4, loss=1.0 / epoch,
                learning_rate=1e-3, seconds=30.0 * epoch, validation={"a_mse": 0.1 / (seed * epoch)},
            )
            for epoch in (1, 2, 3)
        ]  # fmt: skip
        (folder / "metrics.jsonl").write_text("".join(json.dumps(asdict(report)) + "\n" for report in reports))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MSMD_RUNS", str(root))
        yield launch_app(tmp_path_factory.mktemp("app"), APP)


def test_two_ticked_runs_are_compared_and_the_table_can_be_taken_along(page, app_url):
    page.goto(f"{app_url}/train")
    table = page.get_by_test_id("stDataFrame").first
    table.wait_for(timeout=SLOW)
    page.wait_for_load_state("networkidle")
    for row in (1, 2):
        table.locator(".dvn-scroller").click(position={"x": ROW_PX / 2, "y": (row + 0.5) * ROW_PX})
    page.get_by_text("Settings that differ").wait_for(timeout=SLOW)
    for name in ("1 Seed 2", "2 Seed 1"):
        page.locator(".legendtext", has_text=name).wait_for(timeout=SLOW)
    with page.expect_download() as download:
        page.get_by_role("button", name="Table with every setting (CSV)").click()
    rows = list(csv.DictReader(Path(download.value.path()).read_text(encoding="utf-8").splitlines()))
    assert [(row["title"], row["seed"]) for row in rows] == [("Seed 2", "2"), ("Seed 1", "1")]
    assert page.errors == []
