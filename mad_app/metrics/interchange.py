"""Arrays between JAX and PyTorch, by DLPack: on one device, without a transfer to the host and without waiting for it.

Arrays are passed on the CPU and on a CUDA device. A tensor made from a JAX array shares its memory, which JAX assumes
not to change: nothing here writes into one.

On a CUDA device each framework puts its work on a stream of its own, so two things have to be ensured:

Order. The consumer names its stream in `__dlpack__(stream=…)`, and the producer makes that stream wait for its own:
`torch.from_dlpack` names PyTorch's current stream, on which XLA then waits for the array's definition events;
`jnp.from_dlpack` names a stream of XLA's, on which PyTorch waits for an event of its current stream. Both waits are on
the device. Sources: Python array API standard, "Data interchange mechanisms"; `torch/_tensor.py`, `Tensor.__dlpack__`;
`jax/_src/dlpack.py`, `from_dlpack`; XLA, `PjRtBuffer::ExternalReference::WaitUntilBufferReadyOnStream`.

Lifetime. Each framework reuses the memory of an array as soon as Python drops it, because its own later work comes
later on its own stream; what the other framework has queued does not count (NVIDIA/DALI, issue 5617: batches that JAX
had not yet copied were overwritten). Therefore each crossing on a CUDA device ends in a copy that belongs to the
consumer, and the source is held until that copy is done.
"""

import threading
from collections import deque
from collections.abc import Callable

import jax
import jax.numpy as jnp
import torch
from torch.utils.dlpack import from_dlpack

from mad_app.metrics.protocol import MetricUnavailable


class _InFlight:
    """The sources of copies that a device has not finished; those of finished ones are dropped at the next crossing."""

    def __init__(self) -> None:
        self._held: deque[tuple[Callable[[], bool], object]] = deque()
        self._lock = threading.Lock()

    def hold(self, source: object, is_done: Callable[[], bool]) -> None:
        """Keep the source at least until `is_done()`, which does not wait."""
        with self._lock:
            while self._held and self._held[0][0]():
                self._held.popleft()
            self._held.append((is_done, source))


_TO_TORCH, _TO_JAX = _InFlight(), _InFlight()


def to_torch(images: jax.Array) -> torch.Tensor:
    """Images (N, H, W, 3) as a tensor (N, 3, H, W) with its own memory, on the same device.

    Raises:
        MetricUnavailable: the array is on a GPU that this build of PyTorch cannot use.
    """
    (device,) = images.devices()
    if device.platform == "gpu" and not torch.cuda.is_available():
        raise MetricUnavailable("JAX computes on a GPU that PyTorch cannot use: install a PyTorch build with CUDA")
    tensor = from_dlpack(images).permute(0, 3, 1, 2).clone(memory_format=torch.contiguous_format)
    if tensor.is_cuda:
        copied = torch.cuda.Event()  # type: ignore[no-untyped-call]
        copied.record()
        _TO_TORCH.hold(images, copied.query)
    return tensor


def to_jax(tensor: torch.Tensor) -> jax.Array:
    """A tensor as a JAX array of the same shape and type in row-major order, on a CPU with the same memory."""
    tensor = tensor.contiguous()
    array = jnp.from_dlpack(tensor)
    if not tensor.is_cuda:
        return array
    copy = jnp.copy(array)
    _TO_JAX.hold((tensor, array), copy.is_ready)  # type: ignore[attr-defined]  # missing in JAX's stubs
    return copy
