"""A function of one tensor captured as a CUDA graph: its kernels are launched together, not one by one by the host.

Launching the kernels of a small network takes the host longer than the device needs to run them. A graph replays the
same kernels in the same order on the same addresses. It therefore holds for one shape, and the argument and the results
are copied. Source: PyTorch, "CUDA semantics", section "CUDA graphs".
"""

import threading
from collections.abc import Callable

import torch

WARM_UP = 3
"""Calls before the capture, in which cuDNN chooses its algorithms; as many as PyTorch's own examples make."""

Function = Callable[[torch.Tensor], tuple[torch.Tensor, ...]]
"""Its results share no memory with anything that is written later."""


def captured(function: Function, example: torch.Tensor) -> Function:
    """A function that does the same for tensors of one shape, replayed from a graph; itself where capturing fails.

    Capturing fails if the function waits for the device, for instance to branch on a value.

    Args:
        function: does the same operations for every tensor of the shape.
        example: a tensor of the shape, on the device of all others.
    """
    try:
        return _Captured(function, example)
    except RuntimeError:
        return function


class _Captured:
    def __init__(self, function: Function, example: torch.Tensor) -> None:
        self._argument = example.clone()
        self._graph = torch.cuda.CUDAGraph()
        self._lock = threading.Lock()
        caller, side = torch.cuda.current_stream(), torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(caller)
        with torch.cuda.stream(side):  # also if the capture fails, the caller's stream is current again afterwards
            for _ in range(WARM_UP):
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
