"""Where training runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from msmd.errors import ProtocolError

if TYPE_CHECKING:
    from lightning.fabric import Fabric

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


def leave_together(fabric: Fabric) -> None:
    """Ends the exchange between the processes of a training, once all have come here.

    A process that simply exits aborts now and then, when the last connection of its group breaks while it goes; its
    launcher then takes the whole training for failed.  Call it once, when all is done, in every process.
    """
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        fabric.barrier()
        torch.distributed.destroy_process_group()
