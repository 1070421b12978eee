"""The plot of the two distances: where points lie, and that it can be read without seeing it."""

import re

from mad_app.figures.web_page.trajectory_plot import BOTTOM, LEFT, RIGHT, TOP, draw_trajectory_plot
from mad_app.records import Trace

NAMES = ("lasi", "<b>:<i>")
TRACE = Trace(
    step=(0, 5, 10),
    first=((0.5, 0.5, 0.5, 0.5), (1.0, 0.1, 0.5, 0.5), (2.0, 0.02, 0.5, None)),
    second=((0.2, 0.2, 0.2, 0.2), (0.2, 0.2, 0.25, 0.15), (0.2, 0.2, 0.3, 0.1)),
    drift=((0.0,) * 4,) * 3,
)


def test_larger_distances_lie_farther_right_and_up_and_the_paths_start_together() -> None:
    plot = draw_trajectory_plot(TRACE, NAMES)
    assert plot.x.logarithmic
    assert not plot.y.logarithmic
    start, end = (plot.points(TRACE.first[k], TRACE.second[k]) for k in (0, -1))
    assert len(set(start)) == 1
    assert end[3] is None
    (x, y), a, b, c = start[0] or (0, 0), *(point or (0, 0) for point in end[:3])
    assert LEFT < b[0] < x < a[0] < RIGHT
    assert TOP < c[1] < y < BOTTOM
    assert a[1] == b[1] == y


def test_it_is_described_in_words_and_names_are_shown_as_text() -> None:
    svg = draw_trajectory_plot(TRACE, NAMES).svg
    described = re.search(r'aria-label="([^"]*)"', svg)
    assert described
    assert (
        "from the start at 0.500, 0.200 to A 2.00, 0.200; B 0.0200, 0.200; C 0.500, 0.300; D –, 0.100" in described[1]
    )
    assert "<i>" not in svg.lower()
    assert [svg.count(f'data-image="{i}"') for i in range(4)] == [1] * 4
    assert svg.count('visibility="hidden"') == 1


def test_a_metric_without_change_or_values_still_has_an_axis() -> None:
    still = Trace(step=(0,), first=((0.5,) * 4,), second=((None,) * 4,), drift=((0.0,) * 4,))
    plot = draw_trajectory_plot(still, ("lasi", "mse"))
    assert plot.points(still.first[0], still.second[0]) == [None] * 4
    assert LEFT < plot.x(0.5) < RIGHT
