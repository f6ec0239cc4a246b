"""Fits use one thread of the linear algebra, and give the others back."""

from __future__ import annotations

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from msmd.baselines.threads import on_one_thread


def blas_threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_inside_there_is_one_thread_and_afterwards_as_many_as_before() -> None:
    @on_one_thread
    def fit(fails: bool = False) -> set[int]:
        if fails:
            raise ValueError("singular")
        return blas_threads()

    with threadpool_limits(limits=2, user_api="blas"):
        before = blas_threads()
        assert fit() == {1}
        with pytest.raises(ValueError, match="singular"):
            fit(fails=True)
        assert blas_threads() == before
