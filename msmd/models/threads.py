"""How many threads a march is worth."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

MANY_COLUMNS = 512
"""Members times windows from which a step is long enough to be shared: a few milliseconds."""


@contextmanager
def threads_for(n_columns: int) -> Iterator[None]:
    """One thread for few columns, whose steps take less time than threads need to meet; torch's own number for many.

    Beside other work on the same cores threads wait for one another at every operation, and two of them took up to a
    hundred times longer than one.
    """
    before = torch.get_num_threads()
    if n_columns < MANY_COLUMNS:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
