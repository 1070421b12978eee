"""What both metrics say of the start before a run: asked of a worker process that waits, and drawn when it answers."""

import base64
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from mad_app.figures import metric_title, number
from mad_app.images import ImageArray
from mad_app.jobs.process import Answer
from mad_app.records.run import content_hash
from mad_app.request import Request
from mad_app.ui.compete.answers import ask_once, when_answered
from mad_app.ui.components.form import Form
from mad_app.ui.components.html import plain, sentence, unbroken


def show_start_values(form: Form, place: DeltaGenerator) -> None:
    """Draw the values of both metrics of the start, and, where a level is given, between which levels it may be.

    Args:
        form: what the controls add up to.
        place: where they are drawn.
    """
    if form.request is None:
        return
    answer = _answer(form.request, form.picture.reference)
    if answer is None:
        return
    with place:
        values = when_answered(answer, "Measuring the start …")
        if values is not None:
            problem = values.get("problem")
            shown = sentence(problem) if problem else plain(" ".join(describe_start(form.request, values)))
            st.caption(unbroken(shown))


def describe_start(request: Request, answer: Mapping[str, Any]) -> list[str]:
    """Sentences on a start, from a worker's answer that measured it.

    Example:
        >>> describe_start(Request(first="ssim", second="mse"), {"values": {"first": 0.4358, "second": 0.00842}})
        ['The start: 1 − SSIM 0.436, MSE 0.00842.']
    """
    titles = {"first": metric_title(request.first), "second": metric_title(request.second)}
    values = ", ".join(f"{titles[role]} {number(value)}" for role, value in answer["values"].items())
    sentences = [f"The start: {values}."]
    for role, (lowest, highest) in answer.get("levels", {}).items():
        reached = f"from {number(lowest)} to {number(highest)}, perhaps higher"
        sentences.append(f"{titles[role]} can be given any level {reached}.")
    return sentences


def _answer(request: Request, reference: ImageArray) -> Future[Answer] | None:
    """What a worker answers or will answer; asked once, as long as nothing changes that the values depend on."""
    levels = request.first_level is not None or request.second_level is not None
    asked = replace(request, steps=1, seconds=None, others="none", first_level=None, second_level=None)

    def ask() -> dict[str, Any]:
        encoded = base64.b64encode(reference.astype(np.float32).tobytes()).decode()
        return {"measure": asdict(asked), "reference": encoded, "shape": reference.shape, "levels": levels}

    return ask_once("start-values", (asked, levels, content_hash(reference)), ask)
