"""Tests that need an NVIDIA GPU for both JAX and PyTorch; elsewhere they are skipped with the reason."""

import importlib.util

import jax
import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder, and skip them without a GPU."""
    ours = [item for item in items if item.path.parent.name == "gpu"]
    reason = _why_not() if ours else None
    for item in ours:
        item.add_marker(pytest.mark.gpu)
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))


def _why_not() -> str | None:
    if jax.default_backend() != "gpu":
        return "JAX has no GPU here"
    if importlib.util.find_spec("torch") is None:
        return "PyTorch is not installed"
    import torch

    return None if torch.cuda.is_available() else "PyTorch has no GPU here"
