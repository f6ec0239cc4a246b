"""Executes the notebooks and keeps their outputs small enough to commit: `make notebooks`.

Figures keep plotly's data and get a PNG beside it, for readers without plotly's extension (a browser, GitHub).  Players
and still molecules, which carry 3Dmol.js with them (0.7 MB each), are replaced by a PNG of what they show; running the
cell brings them to life.  Needs Chromium, like the browser tests.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import os
import re
import resource
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from PIL import Image
from playwright.sync_api import Page, sync_playwright
from plotly.offline import get_plotlyjs

HERE = Path(__file__).parent
PLOTLY_MIME = "application/vnd.plotly.v1+json"
CHROMIUM_FLAGS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
FIGURE_WIDTH = 760
PALETTE = 128
"""Colours of a PNG: lines and text need no more, and the file shrinks to a third."""

TIMEOUT_SECONDS = 600
SOLUTION = re.compile(r"```python\n(.*?)```", re.DOTALL)


def main() -> None:
    """Refreshes the notebooks named on the command line, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebooks", nargs="*", type=Path, default=sorted(HERE.glob("*.ipynb")))
    for path in parser.parse_args().notebooks:
        notebook = nbformat.read(path, as_version=4)
        wall, cpu = _execute(notebook)
        with _browser() as page:
            for cell in notebook.cells:
                _shrink(cell, page)
        nbformat.write(notebook, path)
        print(f"{path.name}: {wall:.0f} s, {cpu:.0f} s of CPU, {path.stat().st_size / 1000:.0f} kB")  # noqa: T201


def _solutions(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """The code inside folded solutions, as cells."""
    sources = (SOLUTION.findall(cell.source) for cell in notebook.cells if cell.cell_type == "markdown")
    return [nbformat.v4.new_code_cell(source) for found in sources for source in found]


def _execute(notebook: nbformat.NotebookNode) -> tuple[float, float]:
    """Runs every cell in the notebook's own folder; returns wall seconds of these, and CPU seconds of everything.

    The solutions of the exercises run after them in the same kernel, so that none is wrong, and are left out again.
    """
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    n_cells = len(notebook.cells)
    client = NotebookClient(notebook, timeout=TIMEOUT_SECONDS, kernel_name="python3", record_timing=False)
    with client.setup_kernel(cwd=str(HERE)):
        for index, cell in enumerate(notebook.cells):
            client.execute_cell(cell, index)
        wall = time.perf_counter() - began
        notebook.cells += _solutions(notebook)
        for index, cell in enumerate(notebook.cells[n_cells:], n_cells):
            client.execute_cell(cell, index)
        del notebook.cells[n_cells:]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return wall, cpu


def _shrink(cell: nbformat.NotebookNode, page: Page) -> None:
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        html = "".join(data.get("text/html", ""))
        if PLOTLY_MIME in data:
            data["image/png"] = _png(_figure_picture(page, data[PLOTLY_MIME]))
        elif "<iframe" in html:
            data["image/png"] = _png(_iframe_picture(page, html))
            del data["text/html"]
        elif html:
            data["text/html"] = re.sub(r"T_[0-9a-f]{5}", "T_table", html)  # pandas draws a new name each time
        if len(data) > 1:
            data.pop("text/plain", None)


def _figure_picture(page: Page, figure: dict) -> bytes:
    page.set_content("<body></body>")
    page.add_script_tag(content=get_plotlyjs())
    height = figure["layout"].get("height") or figure["layout"]["template"]["layout"]["height"]
    url = page.evaluate(
        "([figure, width, height]) => Plotly.toImage(figure, {format: 'png', width, height, scale: 1.5})",
        [json.loads(json.dumps(figure)), FIGURE_WIDTH, height],
    )
    return base64.b64decode(url.partition(",")[2])


def _iframe_picture(page: Page, html: str) -> bytes:
    """What the frame's own document shows once it has drawn."""
    size = [int(found) for found in re.findall(r"(?:width|height):(\d+)px", html)]
    width, height = size if len(size) == 2 else (FIGURE_WIDTH, size[-1])
    page.set_viewport_size({"width": width, "height": height})
    page.set_content(unescape(re.search(r'srcdoc="([^"]*)"', html).group(1)))
    page.wait_for_selector("canvas")
    page.wait_for_timeout(2500)
    return page.screenshot()


def _png(picture: bytes) -> str:
    """The picture with few colours, base64."""
    image = Image.open(io.BytesIO(picture)).convert("RGBA")
    out = io.BytesIO()
    image.quantize(PALETTE, method=Image.Quantize.FASTOCTREE).save(out, "PNG", optimize=True)
    return base64.b64encode(out.getvalue()).decode("ascii") + "\n"


@contextmanager
def _browser() -> Iterator[Page]:
    installed = os.environ.get("MSMD_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=installed, args=CHROMIUM_FLAGS)
        yield chromium.new_page(reduced_motion="reduce")
        chromium.close()


if __name__ == "__main__":
    main()
