"""A function captured as a CUDA graph, where there is a device; without one, the function itself."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import pytest
import torch

from mad_app.metrics import METRICS, get_metric
from mad_app.metrics.cuda_graph import Replayed, aten, captured
from mad_app.metrics.sums import Summable

on_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="PyTorch has no CUDA device here")


def value_and_gradient(tensor: torch.Tensor) -> tuple[torch.Tensor, ...]:
    variable = tensor.requires_grad_()
    value = (variable**3).sum(dim=1)
    return value.detach(), *torch.autograd.grad(value.sum(), variable)


def branching(tensor: torch.Tensor) -> tuple[torch.Tensor, ...]:
    return (tensor if tensor.sum().item() > 0 else -tensor,)


@on_cuda
def test_a_captured_function_has_its_values_and_keeps_those_of_earlier_calls() -> None:
    first, second = torch.rand(2, 3, 4, device="cuda")
    replayed = captured(value_and_gradient, torch.zeros_like(first))
    assert replayed is not value_and_gradient
    of_first, of_second = replayed(first), replayed(second)
    for found, argument in ((of_first, first), (of_second, second)):
        for one, other in zip(found, value_and_gradient(argument.clone()), strict=True):
            assert torch.equal(one, other)


@on_cuda
def test_a_function_that_waits_for_the_device_is_left_as_it_is() -> None:
    before = torch.cuda.current_stream()
    assert captured(branching, torch.ones(3, device="cuda")) is branching
    assert torch.cuda.current_stream() == before
    assert torch.equal(branching(-torch.ones(3, device="cuda"))[0], torch.ones(3, device="cuda"))


@pytest.mark.skipif(torch.cuda.is_available(), reason="PyTorch has a CUDA device here")
def test_without_a_device_the_function_is_left_as_it_is() -> None:
    assert captured(value_and_gradient, torch.ones(2, 3)) is value_and_gradient


def test_what_looks_at_a_call_does_not_import_torchs_compiler() -> None:
    """A new process, as others of these tests may have imported it."""
    program = (
        "import sys, torch\n"
        "from mad_app.metrics.cuda_graph import Replayed\n"
        "with Replayed(): torch.ones(3) * 2\n"
        "sys.exit('torch._dynamo' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], timeout=120, check=False).returncode == 0


def with_item(tensor: torch.Tensor) -> torch.Tensor:
    return tensor * tensor.sum().item()


def with_branch(tensor: torch.Tensor) -> torch.Tensor:
    return tensor if tensor.sum() > 0 else -tensor


def with_mask(tensor: torch.Tensor) -> torch.Tensor:
    return tensor[tensor > 0.5]


def with_masked_assignment(tensor: torch.Tensor) -> torch.Tensor:
    tensor = tensor.clone()
    tensor[tensor > 0.5] = 0.0
    return tensor


def with_copy(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.to("meta")


def with_product(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.prod(dim=0)


@pytest.mark.parametrize(
    "function", [with_item, with_branch, with_mask, with_masked_assignment, with_copy, with_product]
)
def test_what_no_graph_can_replay_is_known_before_it_is_captured(
    function: Callable[[torch.Tensor], torch.Tensor],
) -> None:
    function(torch.rand(4, 4))
    with Replayed(), pytest.raises(RuntimeError, match="cannot be replayed"):
        function(torch.rand(4, 4))


class NothingCrosses(Replayed):
    """Refuses numbers from the host as well, which on a CPU are not seen to cross."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is aten.lift_fresh.default:
            raise RuntimeError("the host sends numbers")
        return super().__torch_dispatch__(func, types, args, kwargs)


OF_TORCH = [name for name, spec in METRICS.items() if not spec.missing() and spec.framework == "torch"]


@pytest.mark.parametrize("name", OF_TORCH)
def test_a_metric_neither_asks_for_a_value_nor_sends_one_so_that_it_can_be_captured(name: str) -> None:
    height, width = (max(size, METRICS[name].minimum_size) for size in (12, 16))
    bound = get_metric(name).bind(jnp.full((height, width, 3), 0.5))
    images = torch.rand(4, 3, height, width)
    bound._value_and_grad(images)  # type: ignore[attr-defined]  # makes what is kept
    with NothingCrosses():
        _, gradients = bound._value_and_grad(images.detach())  # type: ignore[attr-defined]
    assert gradients.abs().max() > 0


class SaysCuda(torch.Tensor):
    is_cuda = True


@pytest.mark.skipif(torch.cuda.is_available(), reason="PyTorch has a CUDA device here")
def test_a_metric_knows_for_which_pictures_its_capture_failed() -> None:
    metric = get_metric("ssim")
    both = metric + get_metric("mse")  # type: ignore[operator]
    assert isinstance(metric, Summable)
    bound = metric.bind(jnp.zeros((12, 16, 3)))
    bound._value_and_grad(torch.rand(4, 3, 12, 16).as_subclass(SaysCuda))
    assert metric.without_graph((12, 16, 3)) == both.without_graph((12, 16, 3)) == ("ssim",)
    assert metric.without_graph((16, 12, 3)) == ()
