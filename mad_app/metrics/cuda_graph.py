"""A function of one tensor captured as a CUDA graph: its kernels are launched all at once, not one by one by the host.

The launches of a small network take the host longer than its kernels take the device. A graph replays them with the
same kernels, in the same order, on the same addresses; so it holds for one shape, and its arguments and results are
copied in and out. Source: PyTorch, "CUDA semantics", section "CUDA graphs".
"""

import threading
from collections.abc import Callable

import torch

WARM_UP = 3
"""Calls before the capture, in which cuDNN chooses algorithms and memory is allocated; PyTorch's own number."""

Function = Callable[[torch.Tensor], tuple[torch.Tensor, ...]]


class CapturedFunction:
    """A function of a tensor of one shape on a CUDA device, captured by the constructor.

    Args:
        function: its work is the same for every tensor of the shape, and it never waits for the device.
        example: a tensor of the shape.

    Raises:
        RuntimeError: the function cannot be captured.
    """

    def __init__(self, function: Function, example: torch.Tensor) -> None:
        self._argument = example.clone()
        self._lock = threading.Lock()
        side = torch.cuda.Stream(example.device)
        side.wait_stream(torch.cuda.current_stream(example.device))
        with torch.cuda.stream(side):
            for _ in range(WARM_UP):
                function(self._argument.detach())
        torch.cuda.current_stream(example.device).wait_stream(side)
        self._graph = torch.cuda.CUDAGraph()
        # Other threads, among them JAX's, may allocate memory meanwhile: only this thread's calls can spoil the capture.
        with torch.cuda.graph(self._graph, capture_error_mode="thread_local"):
            self._results = function(self._argument.detach())

    def __call__(self, tensor: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """The function's results in memory of their own."""
        with self._lock:
            self._argument.copy_(tensor)
            self._graph.replay()
            return tuple(result.clone() for result in self._results)
