"""The foot of a page names the device of each framework, and a GPU that is not used."""

import pytest
from streamlit.testing.v1 import AppTest

from mad_app.metrics.devices import Devices
from mad_app.ui.components import devices


def foot() -> None:
    from mad_app.ui.components.devices import show_devices

    show_devices()


def test_devices_and_problems_are_shown_as_soon_as_they_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Devices("gpu: NVIDIA H100", "cpu: <A>", ("PyTorch cannot use this machine's GPU: its build has no CUDA.",))
    monkeypatch.setattr(devices, "devices_of_workers", lambda: found)
    devices._asked_once.clear()
    devices._asked_once().result()
    page = AppTest.from_function(foot).run()
    devices._asked_once.clear()
    (shown,) = (markdown.value for markdown in page.markdown)
    assert "<p>JAX computes on the GPU (NVIDIA H100), PyTorch on the processor (&lt;A&gt;).</p>" in shown
    assert "<p>PyTorch cannot use this machine&#x27;s GPU: its build has no CUDA.</p>" in shown
