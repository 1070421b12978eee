"""The foot of every page: what competitions are computed on, and why a GPU is not used."""

from concurrent.futures import Future, ThreadPoolExecutor

import streamlit as st

from mad_app.jobs.devices import devices_of_workers
from mad_app.metrics.devices import Devices
from mad_app.ui.components.html import element, show_html


def show_devices() -> None:
    """The devices of both frameworks, as soon as they are known; the page does not wait."""
    asked = _asked_once()
    devices = asked.result() if asked.done() else None
    if devices:
        lines = [devices.sentence(), *devices.problems]
        show_html(element("footer", *[element("p", line) for line in lines], class_="mad-foot"))


@st.cache_resource(show_spinner=False)
def _asked_once() -> Future[Devices | None]:
    """The answer of this server, asked for when its first page is drawn."""
    return ThreadPoolExecutor(1, thread_name_prefix="devices").submit(devices_of_workers)
