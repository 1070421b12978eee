"""A function of one tensor captured as a CUDA graph: its kernels are launched together, not one by one by the host.

Launching the kernels of a small network takes the host longer than the device needs to run them. A graph replays the
same kernels in the same order on the same addresses. It therefore holds for one shape, and the argument and the results
are copied. Source: PyTorch, "CUDA semantics", section "CUDA graphs".
"""

import threading
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

aten = torch.ops.aten

WARM_UP = 3
"""Calls before the capture, in which cuDNN chooses its algorithms; as many as PyTorch's own examples make."""

WAITING = {
    aten._local_scalar_dense,
    aten.nonzero,
    aten.masked_select,
    aten.unique_dim,
    aten._unique2,
    aten.unique_consecutive,
    aten.equal,
    aten.bincount,
    aten.prod,
}
"""Operations that wait for the device: for a value, for a size, or, to tell zeros, in their gradient."""

INDEXED = {aten.index, aten.index_put, aten.index_put_, aten._index_put_impl_}
"""Those that wait where an index is a mask, and copy it where it is on the host."""

Function = Callable[[torch.Tensor], tuple[torch.Tensor, ...]]
"""Its results share no memory with anything that is written later."""


def captured(function: Function, example: torch.Tensor) -> Function:
    """A function that does the same for tensors of one shape, replayed from a graph; itself where it has no graph.

    It has none if it waits for the device, for instance to branch on a value, or copies numbers from the host. A call
    finds that out (`Replayed`) before it is captured: PyTorch before 2.12 takes a capture that failed for one still
    under way, and gives no memory back until the process ends (its pull request 180395).

    Args:
        function: does the same operations for every tensor of the shape.
        example: a tensor of the shape, on the device of all others.
    """
    try:
        return _Captured(function, example)
    except RuntimeError:
        return function


class Replayed(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Inside this context, of its thread alone, what a graph cannot replay raises a RuntimeError."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Whether torch's compiler is told to leave this alone, for which torch imports it: a second or more."""
        return False

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Called by torch instead of each operation."""
        del types
        kwargs = kwargs or {}
        operation = getattr(func, "overloadpacket", None)
        if (
            operation in WAITING
            or (operation in INDEXED and _waits(args[0].device, args[1]))
            or (operation is aten.copy_ and _differ(args[0].device, args[1].device))
            or (operation is aten._to_copy and _differ(args[0].device, kwargs.get("device")))
        ):
            raise RuntimeError(f"{func} cannot be replayed from a graph")
        return func(*args, **kwargs)


def _waits(device: torch.device, indices: Iterable[torch.Tensor | None]) -> bool:
    """Whether one of the indices is a mask or on another device."""
    given = [index for index in indices if index is not None]
    return any(index.dtype in (torch.bool, torch.uint8) or _differ(index.device, device) for index in given)


def _differ(one: torch.device, other: torch.device | None) -> bool:
    return other is not None and one.type != other.type


class _Captured:
    def __init__(self, function: Function, example: torch.Tensor) -> None:
        self._argument = example.clone()
        self._graph = torch.cuda.CUDAGraph()
        self._lock = threading.Lock()
        caller, side = torch.cuda.current_stream(), torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(caller)
        with torch.cuda.stream(side):  # also if the capture fails, the caller's stream is current again afterwards
            for _ in range(WARM_UP - 1):
                function(self._argument.detach())
            with Replayed():  # type: ignore[no-untyped-call]
                function(self._argument.detach())
            # Other threads, JAX's among them, may allocate memory meanwhile, which a global capture would forbid.
            with torch.cuda.graph(self._graph, stream=side, capture_error_mode="thread_local"):
                self._results = function(self._argument.detach())
        caller.wait_stream(side)

    def __call__(self, tensor: torch.Tensor) -> tuple[torch.Tensor, ...]:
        with self._lock:
            self._argument.copy_(tensor)
            self._graph.replay()
            return tuple(result.clone() for result in self._results)
