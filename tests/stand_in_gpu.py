"""A device that is not the processor, for machines without one: its tensors refuse to meet ordinary ones.

They compute on the processor.  What they refuse is what CUDA refuses: an operation on tensors of both kinds (but for
scalars, and ordinary indices), ``numpy()``, and a generator of the processor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

DEVICE = torch.device("meta")
"""What the tensors say they are on: known to every build of torch, and otherwise unused here."""

MOVES = {"_to_copy", "copy_", "_copy_from"}
TAKES = {"index", "index_put", "index_put_", "_index_put_impl_", "_unsafe_index"}


class Remote(Tensor):
    """A tensor on the stand-in; ``value`` is the ordinary one that it computes with."""

    value: Tensor

    @staticmethod
    def __new__(cls, value: Tensor) -> Remote:
        made = Tensor._make_wrapper_subclass(
            cls,
            value.shape,
            strides=value.stride(),
            storage_offset=value.storage_offset(),
            dtype=value.dtype,
            device=DEVICE,
        )
        made.value = value
        return made

    def __init__(self, value: Tensor) -> None: ...

    def __repr__(self, **_: Any) -> str:
        return f"Remote({self.value})"

    def numpy(self, **_: Any) -> None:
        raise TypeError("can't convert a tensor of the stand-in to numpy; use Tensor.cpu() first")

    def __array__(self, *_: Any) -> None:
        self.numpy()

    def tolist(self) -> list[Any]:
        return self.value.tolist()

    @classmethod
    def __torch_dispatch__(cls, operation: Callable, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        return _run(operation, args, kwargs or {})


class _EveryOperation(TorchDispatchMode):
    """Sees operations that make tensors, too."""

    def __torch_dispatch__(self, operation: Callable, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        return _run(operation, args, kwargs or {})


@contextmanager
def stand_in_gpu() -> Iterator[None]:
    """Inside, ``device=DEVICE`` makes tensors of the stand-in."""

    def makes(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
        def made(value: Any, *args: Any, device: Any = None, **kwargs: Any) -> Tensor:
            if device is None or torch.device(device) != DEVICE:
                return function(value, *args, device=device, **kwargs)
            return value if isinstance(value, Remote) else Remote(function(value, *args, **kwargs))

        return made

    made = {name: makes(getattr(torch, name)) for name in ("tensor", "as_tensor")}
    with patch.multiple(torch, **made), _EveryOperation():
        yield


def move(module: nn.Module) -> nn.Module:
    """The module with everything it holds on the stand-in."""
    for part in module.modules():
        for name, buffer in part._buffers.items():
            part._buffers[name] = None if buffer is None else Remote(buffer.detach().clone())
        for name, parameter in part._parameters.items():
            if parameter is not None:
                remote = Remote(parameter.detach().clone())
                part._parameters[name] = nn.Parameter(remote, requires_grad=parameter.requires_grad)
    return module


def _run(operation: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
    """The operation on what the tensors stand for, refused where CUDA would."""
    name = operation._schema.name.rpartition("::")[2]
    tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
    is_remote = any(isinstance(tensor, Remote) for tensor in tensors)
    if is_remote and name not in MOVES:
        _refuse_mixture(name, args, tensors)
    if name == "_local_scalar_dense":
        return _value(args[0]).item()
    wanted = kwargs.get("device")
    makes_remote = is_remote if wanted is None else torch.device(wanted) == DEVICE
    if name == "copy_":
        makes_remote = isinstance(args[0], Remote)
    plain = tree_map(_value, kwargs) | ({} if wanted is None else {"device": torch.device("cpu")})
    if makes_remote and wanted is not None and plain.get("generator") is not None:
        raise RuntimeError("expected a generator of the stand-in")
    found = operation(*tree_map(_value, args), **plain)
    written = [given for given, known in zip(args, operation._schema.arguments, strict=False) if _is_written(known)]
    if written and isinstance(found, Tensor):
        return written[0]
    return tree_map(_remote, found) if makes_remote else found


def _refuse_mixture(name: str, args: tuple, tensors: list[Tensor]) -> None:
    ordinary = [tensor for tensor in tensors if not isinstance(tensor, Remote) and tensor.dim() > 0]
    if name in TAKES:
        if not isinstance(args[0], Remote):
            raise RuntimeError(f"{name}: indices of the stand-in for an ordinary tensor")
        ordinary = [tensor for tensor in ordinary if not any(tensor is index for index in args[1])]
    if ordinary:
        raise RuntimeError(f"{name}: expected all tensors to be on the same device, found the stand-in and the CPU")


def _is_written(argument: Any) -> bool:
    return argument.alias_info is not None and argument.alias_info.is_write


def _value(leaf: Any) -> Any:
    return leaf.value if isinstance(leaf, Remote) else leaf


def _remote(leaf: Any) -> Any:
    return Remote(leaf) if isinstance(leaf, Tensor) and not isinstance(leaf, Remote) else leaf
