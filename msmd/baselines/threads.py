"""One thread for fits in closed form, whose many small matrices are not worth more."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

try:
    from threadpoolctl import threadpool_limits
except ImportError:  # fits are the same without it, if slow beside other work
    threadpool_limits = None

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")


def on_one_thread(function: Callable[Asked, Answer]) -> Callable[Asked, Answer]:
    """The function with one thread for numpy's linear algebra.

    Threads of OpenBLAS spin while they wait for one another.  Beside other work on the same cores two of them took
    forty times longer than one.
    """
    if threadpool_limits is None:
        return function

    @wraps(function)
    def limited(*args: Asked.args, **kwargs: Asked.kwargs) -> Answer:
        with threadpool_limits(limits=1, user_api="blas"):
            return function(*args, **kwargs)

    return limited
