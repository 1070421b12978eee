"""What is static in a compiled program, and the choice of its layout when it is lowered for a kind of processor."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from jax import lax

from lasi.linear_map import lowered_for
from lasi.neighborhood import Shape
from lasi.strips import Layout, Target, group_of, layout_of

T = TypeVar("T")


class Spec(NamedTuple):
    """Which images, neighborhoods and regression, and for what the program is laid out.

    Attributes:
        shape: (H, W, C).
        neighborhood_size: N.
        ridge: λ.
        target: the processor and its memory.
    """

    shape: Shape
    neighborhood_size: int
    ridge: float
    target: Target

    @property
    def on_cpu(self) -> bool:
        """Whether the program is laid out for a CPU."""
        return self.target.processor == "cpu"

    def layout(self, images: int) -> Layout:
        """How n such images are cut."""
        return layout_of(self.shape, self.neighborhood_size, images, self.target)

    def group(self, images: int) -> int:
        """How many of n such images are computed together: a divisor of n."""
        return group_of(self.shape, self.neighborhood_size, images, self.target)


def by_processor(function: Callable[..., T], spec: Spec, *arguments: Any, keeps_solutions: bool = False) -> T:
    """The value of a function of a `Spec` and arrays, laid out for the processor that the program is lowered for.

    Args:
        function: of the spec, its processor chosen, and the arguments.
        spec: a processor chosen in it already stays, and one that is known (`lowered_for`) is taken.
        arguments: trees of arrays.
        keeps_solutions: whether the function keeps the solutions of all elements.
    """
    processor = spec.target.processor or lowered_for()
    target = spec.target._replace(processor=processor, keeps_solutions=keeps_solutions)
    if target.processor is not None:
        return function(spec._replace(target=target), *arguments)
    cpu, gpu = (spec._replace(target=target._replace(processor=name)) for name in ("cpu", "gpu"))
    branches = {"cpu": functools.partial(function, cpu), "default": functools.partial(function, gpu)}
    value: T = lax.platform_dependent(*arguments, **branches)
    return value
