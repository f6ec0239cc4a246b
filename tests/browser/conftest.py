"""A real browser and a real server, for the tests that need them.

``browser`` is one headless Chromium for the session; ``page`` a fresh page that refuses every request off this machine;
``launch_app`` starts a Streamlit server; ``canvas_pixels`` reads what a page has drawn.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlparse

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--use-gl=angle",
    "--use-angle=swiftshader",  # WebGL in software, the same picture on every machine
    "--enable-unsafe-swiftshader",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 40_000  # ms for a page to be ready; generous, since test machines share their cores
LOCAL_HOSTS = {"127.0.0.1", "localhost", ""}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is marked ``browser``."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium with software WebGL: the system's, or the one Playwright installed."""
    playwright_api = pytest.importorskip("playwright.sync_api")
    with playwright_api.sync_playwright() as playwright:
        installed = os.environ.get("MSMD_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
        yield (chromium := playwright.chromium.launch(executable_path=installed, args=CHROMIUM_FLAGS))
        chromium.close()


@pytest.fixture
def open_page(browser) -> Iterator[Callable]:
    """``open_page(**context_options)``: a page of its own context that cannot leave this machine.

    ``page.left_the_machine`` lists the requests that tried, ``page.errors`` the JavaScript errors.
    """
    contexts = []

    def open_one(**options):
        contexts.append(context := browser.new_context(**({"viewport": {"width": 1400, "height": 900}} | options)))
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.left_the_machine, page.errors = [], []
        page.on("pageerror", lambda error: page.errors.append(str(error)))

        def guard(route) -> None:
            if urlparse(route.request.url).hostname in LOCAL_HOSTS:
                route.continue_()
            else:
                page.left_the_machine.append(route.request.url)
                route.abort()

        page.route(lambda url: url.startswith("http"), guard)
        return page

    yield open_one
    for context in contexts:
        context.close()


@pytest.fixture
def page(open_page):
    """A page of 1400 by 900 that cannot leave this machine."""
    return open_page()


@pytest.fixture(scope="session")
def canvas_pixels() -> Callable[..., np.ndarray]:
    """``canvas_pixels(page, selector=".stage .panes")``: what the element shows, uint8, shape (height, width, 3)."""

    def read(page, selector: str = ".stage .panes") -> np.ndarray:
        image = pytest.importorskip("PIL.Image")
        picture = page.locator(selector).first.screenshot()
        return np.asarray(image.open(io.BytesIO(picture)).convert("RGB"))

    return read


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def launch_app() -> Iterator[Callable[[Path, str | Path], str]]:
    """``launch_app(folder, script)``: a Streamlit server for a script (its text, or a path) and its address.

    The server runs in ``folder``, where a copy of static/3Dmol-min.js is put if the checkout has one; a path is run
    from the checkout.  Servers stop with the module.
    """
    servers = []

    def launch(folder: Path, script: str | Path) -> str:
        port = free_port()
        if isinstance(script, str):
            (target := folder / "app.py").write_text(script, encoding="utf-8")
            _lay_out(folder)
        else:
            target, folder = script, ROOT
        command = [sys.executable, "-m", "streamlit", "run", str(target), "--server.headless=true"]
        command += [f"--server.port={port}", "--server.address=127.0.0.1", "--server.fileWatcherType=none"]
        command += ["--browser.gatherUsageStats=false", "--server.enableStaticServing=true"]
        log = (folder / "server.log").open("wb") if isinstance(script, str) else subprocess.DEVNULL
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        servers.append(subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log))
        url = f"http://127.0.0.1:{port}"
        _wait_until_healthy(url, servers[-1])
        return url

    yield launch
    for server in servers:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:  # it waits for what it was measuring or forecasting
            server.kill()
            server.wait(10)


def _lay_out(folder: Path) -> None:
    library = ROOT / "static" / "3Dmol-min.js"
    (folder / "static").mkdir(exist_ok=True)
    if library.is_file():
        shutil.copy(library, folder / "static")


def _wait_until_healthy(url: str, server: subprocess.Popen, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise RuntimeError(f"The Streamlit server ended with {server.returncode} before it was healthy.")
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
                return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.2)
    raise TimeoutError(f"The Streamlit server at {url} was not healthy after {seconds:.0f} s.")


def stop_button(page):
    """The page's own; while its script runs, Streamlit shows one of the same name in its header."""
    return page.get_by_test_id("stMainBlockContainer").get_by_role("button", name=re.compile(r"\bStop$")).last
