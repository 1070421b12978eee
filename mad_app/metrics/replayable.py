"""Functions of piq without the operations that a GPU cannot replay from a graph; no value changes.

A graph cannot wait for the device, as for a branch on a value, nor copy numbers from the host (`cuda_graph`). piq does
both: it asserts the range of its images, makes its constants in each call, picks channels by a list of positions, sets
single values, and multiplies along an axis, where PyTorch's gradient counts the zeros on the host.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, reduce
from types import FunctionType
from typing import Any

import torch

from mad_app.metrics.safe_sqrt import SafeSqrt


def without_checks(function: FunctionType) -> Callable[..., torch.Tensor]:
    """A copy of a function of piq that takes its images as they are: of one shape and in [0, 1].

    Its own values are checked where they come in.
    """
    names = {**function.__globals__, "_validate_input": _accept}
    return FunctionType(function.__code__, names, function.__name__, function.__defaults__, function.__closure__)


def _accept(*_: object, **__: object) -> None:
    pass


def _kept(values: Any, *, dtype: torch.dtype | None = None, device: torch.device | None = None) -> torch.Tensor:
    """`torch.tensor` of numbers, made once; it must not be changed."""
    return _made(_hashable(values), dtype, device)


@lru_cache(maxsize=64)
def _made(values: Any, dtype: torch.dtype | None, device: torch.device | None) -> torch.Tensor:
    return torch.tensor(values, dtype=dtype, device=device)


def _hashable(values: Any) -> Any:
    return tuple(map(_hashable, values)) if isinstance(values, list | tuple) else values


def _item(tensor: torch.Tensor, index: Any) -> torch.Tensor:
    """`tensor[index]`, with a slice for two positions: an index of positions would be copied from the host."""
    return torch.Tensor.__getitem__(tensor, tuple(map(_sliced, index)) if isinstance(index, tuple) else index)


def _set_item(tensor: torch.Tensor, index: Any, value: Any) -> None:
    """`tensor[index] = value`, for an index that is a view; a number for one position would be copied from the host."""
    if isinstance(value, int | float):
        torch.Tensor.__getitem__(tensor, index).fill_(value)
    else:
        torch.Tensor.__setitem__(tensor, index, value)


def _product(tensor: torch.Tensor, dim: int) -> torch.Tensor:
    return reduce(torch.mul, tensor.unbind(dim))


def _sliced(positions: Any) -> Any:
    if isinstance(positions, Sequence) and len(positions) == 2 and 0 <= positions[0] < positions[1]:
        first, second = positions
        return slice(first, second + 1, second - first)
    return positions


class Replayable(SafeSqrt):
    """Inside this context roots are safe, and nothing of the above is done but for the range."""

    REPLACED: Mapping[Any, Callable[..., Any]] = {
        **SafeSqrt.REPLACED,
        torch.tensor: _kept,
        torch.Tensor.__getitem__: _item,
        torch.Tensor.__setitem__: _set_item,
        torch.prod: _product,
    }
