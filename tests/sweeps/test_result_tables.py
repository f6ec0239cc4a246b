"""The tables of errors in README.md and docs/results.md are the shipped ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.result_tables import PAGES, filled, written


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_has_the_shipped_numbers(page: Path) -> None:
    """After a table has changed: ``python benchmarks/result_tables.py``."""
    text = page.read_text(encoding="utf-8")
    assert filled(text, PAGES[page]) == text


@pytest.mark.parametrize(
    ("page", "name"), [(page, name) for page, writers in PAGES.items() for name in writers], ids=lambda x: Path(x).name
)
def test_a_table_that_says_something_else_is_noticed(page: Path, name: str) -> None:
    text = page.read_text(encoding="utf-8")
    start = text.index(f"<!-- {name} -->")
    molecule = text.index("toluene", start)
    assert filled(text[:molecule] + "unobtainium" + text[molecule + 7 :], PAGES[page]) == text


def test_a_page_without_a_place_for_a_table_is_refused() -> None:
    page = next(iter(PAGES))
    with pytest.raises(ValueError, match="0 places for the table 'summary'"):
        filled("nothing", PAGES[page])


@pytest.mark.parametrize(
    ("square", "expected"), [(0.12345, "12.3"), (0.0123, "1.23"), (0.001234, ".123"), (1.23e-5, ".0012"), (None, "–")]
)
def test_errors_are_written_with_three_digits(square: float | None, expected: str) -> None:
    assert written(square) == expected
