"""Few columns march on one thread, and torch keeps its own number."""

from __future__ import annotations

import pytest
import torch

from msmd.models.threads import MANY_COLUMNS, threads_for


@pytest.fixture
def three_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(("n_columns", "expected"), [(9, 1), (MANY_COLUMNS, 3)])
def test_few_columns_take_one_thread(three_threads: None, n_columns: int, expected: int) -> None:
    with threads_for(n_columns):
        assert torch.get_num_threads() == expected
    assert torch.get_num_threads() == 3


def test_the_number_comes_back_after_an_error(three_threads: None) -> None:
    with pytest.raises(RuntimeError, match="stopped"), threads_for(1):
        raise RuntimeError("stopped")
    assert torch.get_num_threads() == 3
