"""What metrics in PyTorch share so that a GPU can replay them from a graph, and gives the same values each time.

A graph cannot copy numbers from the host, and PyTorch's gradient of a mirrored or repeated border adds in any order.
"""

from collections.abc import Sequence
from functools import lru_cache

import torch


@lru_cache(maxsize=64)
def constant(values: tuple[float, ...], device: torch.device) -> torch.Tensor:
    """A float32 tensor (len(values),) that is made once for each device; it must not be changed."""
    return torch.tensor(values, device=device, dtype=torch.float32)


def bordered(features: torch.Tensor, before: Sequence[int], after: Sequence[int]) -> torch.Tensor:
    """Features (N, C, h, w) with copies of some of their rows above and below, then of columns left and right.

    Args:
        features: of which the border is made.
        before: positions of the lines that come first; negative ones count from the end.
        after: of those that come last.

    Example:
        >>> bordered(torch.arange(4.0).reshape(1, 1, 1, 4), (0,), (-1, -1))[0, 0].shape
        torch.Size([4, 7])
        >>> bordered(torch.arange(4.0).reshape(1, 1, 1, 4), (0,), (-1,))[0, 0, 0].tolist()
        [0.0, 0.0, 1.0, 2.0, 3.0, 3.0]
    """
    for axis in (2, 3):
        size = features.shape[axis]
        first, last = ([features.narrow(axis, index % size, 1) for index in lines] for lines in (before, after))
        features = torch.cat([*first, features, *last], dim=axis)
    return features
