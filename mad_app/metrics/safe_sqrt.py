"""Roots with a finite derivative at 0, for metrics of other packages that take roots without a guard.

√u and u^p, 0 < p < 1, have an infinite derivative at u = 0. The chain rule multiplies it by the derivative of u, which
is 0 where u is a sum of squares or a mean deviation at its minimum, and 0 · ∞ is NaN: in every flat patch, and at
identical images. Defining the root's derivative there as 0 gives the mean of the one-sided derivatives.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch.overrides import TorchFunctionMode


def _square_root(base: torch.Tensor) -> torch.Tensor:
    zero = base == 0
    return torch.where(zero, 0.0, torch.where(zero, 1.0, base).sqrt())


def _power(base: torch.Tensor, exponent: torch.Tensor | float) -> torch.Tensor:
    if isinstance(exponent, int | float) and not 0 < exponent < 1:
        return torch.pow(base, exponent)
    zero = (base == 0) & ((exponent > 0) & (exponent < 1))
    return torch.where(zero, 0.0, torch.pow(torch.where(zero, 1.0, base), exponent))


class SafeSqrt(TorchFunctionMode):
    """Inside this context √u and u^p, 0 < p < 1, have derivative 0 at u = 0; no value changes.

    Example:
        >>> base = torch.tensor([0.0, 4.0], requires_grad=True)
        >>> with SafeSqrt():
        ...     roots = base.sqrt()
        >>> torch.autograd.grad(roots.sum(), base)
        (tensor([0.0000, 0.2500]),)
    """

    REPLACED: Mapping[Any, Callable[..., Any]] = {
        torch.sqrt: _square_root,
        torch.Tensor.sqrt: _square_root,
        torch.pow: _power,
        torch.Tensor.pow: _power,
        torch.Tensor.__pow__: _power,
    }
    """Functions of torch, and what takes their place."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Called by torch instead of each of its functions."""
        del types
        return self.REPLACED.get(func, func)(*args, **(kwargs or {}))
