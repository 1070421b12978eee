"""PyTorch on one thread: its spinning threads make every small operation a time slice long on a busy machine."""

import pytest
import torch


@pytest.fixture(autouse=True, scope="package")
def _one_thread() -> None:
    torch.set_num_threads(1)
