"""Training outlives its tab and its server, is seen by a second tab, and a killed job says so and goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from msmd.training.folder import read_metrics
from msmd.training.job_folder import list_jobs
from msmd.training.jobs import stop_job
from msmd.training.locks import holder
from tests.browser.conftest import ROOT, free_port, stop_button

SLOW = 300_000
"""ms; every start of a job or a server imports a lot, on a machine that runs other tests too."""

FORM = {"trainee": "egnn", "windows": "100", "minutes": "20", "set": "n_layers=1 width=4 batch_size=4"}


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Path]:
    """The servers' folder of runs; what is still at work at the end is stopped."""
    yield tmp_path
    for job in list_jobs(tmp_path):
        stop_job(job.folder)


@pytest.fixture
def serve(runs: Path) -> Iterator[Callable[[int], subprocess.Popen]]:
    """``serve(port)``: the app on a port, with its own process to kill."""
    servers = []

    def start(port: int) -> subprocess.Popen:
        command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py"), "--server.headless=true"]
        command += [f"--server.port={port}", "--server.address=127.0.0.1", "--browser.gatherUsageStats=false"]
        environment = os.environ | {"MSMD_RUNS": str(runs), "PYTHONPATH": str(ROOT)}
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        servers.append(subprocess.Popen(command, cwd=ROOT, env=environment, **quiet))
        wait_for(lambda: is_healthy(port))
        return servers[-1]

    yield start
    for server in servers:
        server.kill()
        server.wait(10)


def is_healthy(port: int) -> bool:
    try:
        return urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2).status == 200
    except OSError:
        return False


def wait_for(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SLOW / 1000
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def wait_said(page, text: str) -> None:
    page.get_by_text(text).first.wait_for(timeout=SLOW)


def test_nothing_is_lost_when_tab_server_and_job_are_killed(open_page, serve, runs):
    port = free_port()
    server, url = serve(port), f"http://127.0.0.1:{port}/train"
    first = open_page()
    first.goto(f"{url}?{urlencode(FORM)}")
    first.get_by_role("button", name="Start training").click(timeout=SLOW)
    wait_said(first, "trained, about")
    first.context.close()
    second = open_page()
    second.goto(url)
    wait_said(second, "is training")
    folder = list_jobs(runs)[0].folder

    server.kill()
    server.wait(10)
    n_before = len(read_metrics(folder))
    wait_for(lambda: len(read_metrics(folder)) > n_before)

    serve(port)
    third = open_page()
    third.goto(url)
    wait_said(third, "is training")
    os.killpg(holder(folder), signal.SIGKILL)
    wait_said(third, "ended before it was finished")
    wait_said(third, "it was killed, ran out of memory")
    n_before = len(read_metrics(folder))
    third.get_by_role("button", name="Resume").click()
    wait_said(third, "trained, about")
    wait_for(lambda: len(read_metrics(folder)) > n_before)

    third.get_by_role("button", name="Rename", exact=True).first.click()
    third.get_by_label("Title").fill("My first run")
    third.get_by_label("Title").press("Enter")
    third.get_by_test_id("stPopoverBody").get_by_role("button", name="Rename").click()
    third.get_by_role("heading", name="My first run").wait_for(timeout=SLOW)
    stop_button(third).click()
    wait_said(third, "was stopped")
    third.get_by_role("button", name="Delete", exact=True).first.click()
    third.get_by_role("button", name="Delete this run").click()
    wait_said(third, "No run yet")
    assert not folder.exists()
    assert third.errors == []
