"""What a record refuses, and what makes two records the same measurement."""

from __future__ import annotations

import pytest

from msmd.errors import DataError
from msmd.sweeps.record import band_name
from tests.sweeps.records import record


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"budget": "some"}, "has the budget 'some'; expected one of frames, windows, none"),
        ({"from_fs": 50.0, "to_fs": 50.0}, "from 50 to 50 fs; expected it to end later"),
        ({"n_windows": 0}, "on 0 windows; expected at least 1"),
        ({"heavy_mse": float("nan")}, "has heavy_mse = nan; expected a finite number"),
        ({"train_seconds": -1.0}, "has train_seconds = -1.0; expected a finite number of 0 or more"),
    ],
)
def test_refuses_what_cannot_be(changes: dict, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        record(**changes)


def test_two_measurements_of_one_number_share_their_key() -> None:
    assert record().key == record(heavy_mse=9.0, command="another", date="2027-01-01").key
    assert record().key != record(variant="one-member").key
    assert record().key != record(from_fs=50.0, to_fs=150.0, band=band_name(50.0, 150.0)).key


def test_the_whole_horizon_is_told_from_its_bands() -> None:
    assert record().is_whole
    assert not record(band="0-50", to_fs=50.0).is_whole
