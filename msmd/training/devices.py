"""Where training runs."""

from __future__ import annotations

import torch

from msmd.errors import ProtocolError

ACCELERATORS = ("auto", "cpu", "gpu")


def accelerator(wanted: str) -> str:
    """The accelerator to give Lightning Fabric: ``"cuda"`` or ``"cpu"``.

    Never Apple's: it has no double precision, in which structures are aligned.

    Args:
        wanted: ``"auto"`` (a CUDA GPU where there is one), ``"cpu"`` or ``"gpu"``.

    Raises:
        ProtocolError: for another name, or a GPU where there is none.
    """
    if wanted not in ACCELERATORS:
        raise ProtocolError(f"The device is {wanted!r}; expected {', '.join(ACCELERATORS)}.")
    has_gpu = torch.cuda.is_available()
    if wanted == "gpu" and not has_gpu:
        raise ProtocolError("There is no CUDA GPU here; train on the processor with --device cpu.")
    return "cuda" if has_gpu and wanted != "cpu" else "cpu"
