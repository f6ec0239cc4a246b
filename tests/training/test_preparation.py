"""Windows that calibrate did not train, whatever the split."""

from __future__ import annotations

import pytest

from msmd.data import load_dataset
from msmd.data.windows import Protocol, Windows, split_dataset
from msmd.training.preparation import calibration_windows

PAPER = Protocol(split="paper", n_train=500, n_validation=60, n_test=20)


def _starts(windows: Windows) -> set[tuple[int, int]]:
    return set(zip(windows.segments.tolist(), windows.start_frames.tolist(), strict=True))


def test_random_starts_that_train_do_not_calibrate() -> None:
    dataset = load_dataset("ethanol")
    split = split_dataset(dataset, PAPER)
    trained, other = calibration_windows(dataset, PAPER)
    assert _starts(trained) <= _starts(split.training.windows)
    assert not _starts(other) & _starts(split.training.windows)
    assert not _starts(other) & _starts(split.test)
    assert (len(_starts(trained)), len(_starts(other))) == (100, 60)


@pytest.mark.parametrize("n_train", [None, 500])
def test_of_blocks_there_are_long_windows_too(n_train: int | None) -> None:
    dataset = load_dataset("ethanol")
    near, other, far = calibration_windows(dataset, Protocol(n_train=n_train))
    assert set(near.segments) == {0, 2, 4, 6, 8}
    assert set(other.segments) == set(far.segments) == {3, 7}
    assert far.times_fs.max() > 3000.0 > near.times_fs.max()
