"""The controls of what the four images may do, and of the levels at which metrics are held.

The session holds each value under the name of the field of `Form`.
"""

import streamlit as st

from mad_app.figures import metric_title
from mad_app.ui.components.form import LEAST, LEAST_CHANGE, MOST, MOST_CYCLES

CONSTRAINTS = ("gray", "max_change", "low_pass", "first_level", "second_level")
"""The fields of `Form` that are chosen here."""


def show_constraint_controls(first: str, second: str) -> None:
    """Draw the controls of a competition between two metrics."""
    st.toggle(
        "Gray",
        key="gray",
        help="The picture is reduced to its luminance, and only luminance changes.",
    )
    st.number_input(
        "Largest change of a value",
        LEAST_CHANGE,
        1.0,
        None,
        step=0.01,
        key="max_change",
        placeholder="any",
        help="How far any value may move from the start; black is 0, white is 1.",
    )
    st.number_input(
        "Finest change, in cycles a picture",
        LEAST,
        MOST_CYCLES,
        None,
        step=1.0,
        format="%g",
        key="low_pass",
        placeholder="any",
        help="Changes of higher spatial frequency are not allowed: 4 gives soft blotches, 32 fine grain.",
    )
    for key, name in (("first_level", first), ("second_level", second)):
        st.number_input(
            f"Level of {metric_title(name)}",
            LEAST,
            MOST,
            None,
            step=0.01,
            format="%g",
            key=key,
            placeholder="as at the start",
            help="What this metric is held at while the other one is driven. The start is brought there first.",
        )
