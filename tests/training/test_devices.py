"""Training asks for what is there, and never for a GPU without double precision."""

from __future__ import annotations

import pytest
import torch
from lightning.fabric import Fabric

from msmd.errors import ProtocolError
from msmd.training.devices import accelerator, leave_together


@pytest.mark.parametrize(("has_cuda", "found"), [(True, "cuda"), (False, "cpu")])
def test_auto_takes_a_cuda_gpu_or_the_processor(monkeypatch: pytest.MonkeyPatch, has_cuda: bool, found: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: has_cuda)
    assert accelerator("auto") == found
    assert accelerator("cpu") == "cpu"


def test_what_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ProtocolError, match="no CUDA GPU"):
        accelerator("gpu")
    with pytest.raises(ProtocolError, match="expected auto, cpu, gpu"):
        accelerator("tpu")


def test_no_process_leaves_with_its_group_still_open() -> None:
    torch.distributed.init_process_group("gloo", store=torch.distributed.HashStore(), rank=0, world_size=1)
    fabric = Fabric(accelerator="cpu", devices=1)
    leave_together(fabric)
    assert not torch.distributed.is_initialized()
    leave_together(fabric)  # a training by one process has no group
