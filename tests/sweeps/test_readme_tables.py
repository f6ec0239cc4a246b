"""The README's tables of errors are those of the shipped tables."""

from __future__ import annotations

import pytest

from benchmarks.readme_tables import README, WRITERS, filled, written


def test_the_readme_has_the_shipped_numbers() -> None:
    """After a table has changed: ``python benchmarks/readme_tables.py``."""
    text = README.read_text(encoding="utf-8")
    assert filled(text) == text


@pytest.mark.parametrize("name", WRITERS)
def test_a_table_that_says_something_else_is_noticed(name: str) -> None:
    text = README.read_text(encoding="utf-8")
    start = text.index(f"<!-- {name} -->")
    molecule = text.index("toluene", start)
    assert filled(text[:molecule] + "unobtainium" + text[molecule + 7 :]) == text


def test_a_readme_without_a_place_for_a_table_is_refused() -> None:
    with pytest.raises(ValueError, match="0 places for the table 'embedded'"):
        filled("nothing")


@pytest.mark.parametrize(
    ("square", "expected"), [(0.12345, "12.3"), (0.0123, "1.23"), (0.001234, ".123"), (1.23e-5, ".0012"), (None, "–")]
)
def test_errors_are_written_with_three_digits(square: float | None, expected: str) -> None:
    assert written(square) == expected
