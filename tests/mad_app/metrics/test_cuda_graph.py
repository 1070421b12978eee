"""A function captured as a CUDA graph, where there is a device; without one, the function itself."""

from typing import Any

import jax.numpy as jnp
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from mad_app.metrics import METRICS, get_metric
from mad_app.metrics.cuda_graph import captured
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


class NothingCrosses(TorchDispatchMode):
    """Refuses what would make the host wait for a device, which no capture survives."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.ops.aten._local_scalar_dense.default:
            raise RuntimeError("the host asks for a value")
        if func is torch.ops.aten.index.Tensor:
            raise RuntimeError("the host may send positions")
        if func is torch.ops.aten.lift_fresh.default and args[0].numel() > 1:
            raise RuntimeError("the host sends numbers")
        return func(*args, **(kwargs or {}))


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
