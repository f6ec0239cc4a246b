"""The notebooks as a course: learning goals, exercises with folded solutions, small outputs, links that lead somewhere.

That every cell runs is tested by `make notebook-test` (nbmake); that every solution runs, by `make notebooks`.
"""

from __future__ import annotations

import ast
import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlparse

import pytest

from msmd.app.choices import CHOICES
from msmd.app.navigation import PAGES

HERE = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(HERE.glob("*.ipynb"))
MOST_BYTES = 500_000
MOST_OUTPUT_BYTES = 200_000
PAPER = "https://arxiv.org/abs/2411.01600"
PLOTLY_MIME = "application/vnd.plotly.v1+json"
LINKED_HOSTS = {"localhost:8501", "arxiv.org", "doi.org"}

pytestmark = pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])


def cells(path: Path, kind: str) -> list[dict]:
    return [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == kind]


def prose(path: Path) -> str:
    return "\n\n".join("".join(cell["source"]) for cell in cells(path, "markdown"))


def code(path: Path) -> str:
    return "\n".join("".join(cell["source"]) for cell in cells(path, "code"))


def outputs(path: Path) -> Iterator[dict]:
    for cell in cells(path, "code"):
        yield from cell["outputs"]


def figures(path: Path) -> Iterator[dict]:
    for output in outputs(path):
        if PLOTLY_MIME in output.get("data", {}):
            yield output["data"]


def links(path: Path) -> list[str]:
    return re.findall(r"\]\((\S+?)\)", prose(path))


def test_all_six_are_there_in_order(path: Path) -> None:
    assert [found.name[0] for found in NOTEBOOKS] == list("123456")
    assert prose(path).startswith(f"# {path.name[0]} · ")


def test_it_opens_with_learning_goals_and_the_paper(path: Path) -> None:
    opening = "".join(cells(path, "markdown")[0]["source"])
    goals = opening.partition("**When you have worked through this notebook you can**")[2]
    assert goals.count("\n- ") >= 3
    assert PAPER in opening


def test_every_exercise_has_a_hint_and_a_folded_solution(path: Path) -> None:
    exercises = re.split(r"^### Exercise ", prose(path), flags=re.MULTILINE)[1:]
    assert len(exercises) >= 3
    for exercise in exercises:
        assert "<details><summary>Hint</summary>" in exercise
        assert "<details><summary>Solution</summary>" in exercise
        assert exercise.count("<details>") == exercise.count("</details>") == 2


def test_solutions_are_python(path: Path) -> None:
    solutions = re.findall(r"```python\n(.*?)```", prose(path), flags=re.DOTALL)
    assert len(solutions) >= 3
    for solution in solutions:
        ast.parse(solution)


def test_every_cell_was_run_once_from_top_to_bottom_without_complaint(path: Path) -> None:
    counts = [cell["execution_count"] for cell in cells(path, "code")]
    assert counts == list(range(1, len(counts) + 1))
    assert {output["output_type"] for output in outputs(path)} <= {"stream", "display_data", "execute_result"}
    assert [output["text"] for output in outputs(path) if output.get("name") == "stderr"] == []


def test_outputs_are_small_enough_to_read_in_a_browser(path: Path) -> None:
    assert path.stat().st_size < MOST_BYTES
    assert max(len(json.dumps(output)) for output in outputs(path)) < MOST_OUTPUT_BYTES


def test_outputs_show_without_any_script(path: Path) -> None:
    for output in outputs(path):
        html = "".join(output.get("data", {}).get("text/html", ""))
        assert "<script" not in html
        assert "<iframe" not in html


def test_every_figure_has_axes_with_units_a_picture_and_a_sentence(path: Path) -> None:
    found = list(figures(path))
    assert found
    for figure in found:
        layout = figure[PLOTLY_MIME]["layout"]
        for axis in ("xaxis", "yaxis"):
            title = layout[axis]["title"]["text"]
            assert re.search(r" / |no unit|number|^atom$|periods|optimiser step|mean square", title), title
        assert layout["meta"]["how_to_read"]
        assert base64.b64decode(figure["image/png"]).startswith(b"\x89PNG")


def test_it_holds_no_path_of_a_machine_and_fetches_nothing(path: Path) -> None:
    text = code(path) + "".join(json.dumps(output) for output in outputs(path) if "text" in output)
    assert re.findall(r"(?:/home|/root|/work|/tmp|/Users|C:\\)[/\\\w]*", text + prose(path)) == []
    assert re.findall(r"https?://", text) == []
    assert re.findall(r"^\s*[!%]", code(path), flags=re.MULTILINE) == []


def test_links_lead_to_pages_of_the_app_notebooks_and_papers(path: Path) -> None:
    assert any("localhost:8501" in link for link in links(path))
    for link in links(path):
        address = urlparse(link)
        if not address.scheme:
            assert (HERE / link).is_file(), link
            continue
        assert address.netloc in LINKED_HOSTS, link
        if address.netloc == "localhost:8501":
            names = {card.name for card in PAGES[1:]} | {""}
            assert address.path.strip("/") in names, link
            for name, value in parse_qsl(address.query, strict_parsing=True):
                CHOICES[name].parse(value)


def test_it_defines_next_to_nothing(path: Path) -> None:
    tree = ast.parse(code(path))
    defined = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    assert len(defined) <= 6, "put it in the library"
    assert all(node.end_lineno - node.lineno < 8 for node in defined)
