"""The arrows of a step: where they point, and what is said of them."""

import re

import pytest

from mad_app.figures.web_page.step_arrows import step_arrows_html

NAMES = ("lasi", "<b>:<i>")
GRADIENT, TANGENT = [0.02, -0.004], [0.015, 0.0]


def explained(retraction: list[float], values: list[float | None]) -> dict[str, object]:
    changes = [GRADIENT, TANGENT, retraction]
    return {
        "step": 3,
        "values": [values] * 4,
        "levels": [0.2] * 4,
        "changes": [changes] * 4,
        "pictures": [["data:image/png;base64,AA", "data:image/png;base64,BB"]] * 4,
    }


def line(html: str, name: str) -> tuple[float, float, float, float]:
    """Start and tip of an arrow."""
    found = re.search(rf'<path d="M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)[^"]*" class="mad-arrow mad-{name}"', html)
    assert found, name
    x, y, to_x, to_y = map(float, found.groups())
    return x, y, to_x, to_y


@pytest.mark.parametrize("retraction", [[0.001, 0.002], [0.5, 1.0]])
def test_arrows_point_where_the_metrics_change_and_a_long_retraction_hides_none(retraction: list[float]) -> None:
    html = step_arrows_html(explained(retraction, [0.5, 0.19]), 0, NAMES)
    x, y, to_x, to_y = line(html, "gradient")
    assert to_x > x + 30
    assert to_y > y + 10  # the second metric falls
    assert line(html, "tangent")[:2] == (x, y)
    assert line(html, "tangent")[3] == y
    rx, ry, to_rx, to_ry = line(html, "retraction")
    assert (rx, ry) == line(html, "tangent")[2:]
    assert to_rx > rx
    assert to_ry < ry
    assert ("Drawn shorter than it is." in html) == (retraction[0] > 0.1)


def test_numbers_are_signed_and_names_are_shown_as_text() -> None:
    html = step_arrows_html(explained([0.001, 0.01], [0.5, 0.19]), 0, NAMES)
    assert "<td>+0.0200</td><td>−0.00400</td>" in html
    assert "back to its level; it is off by −5" in html
    assert "The direction in which LASI grows fastest." in html
    assert "<i>" not in html
    assert "LASI falls fastest" in step_arrows_html(explained([0.0, 0.0], [0.5, 0.2]), 1, NAMES)


def test_where_a_metric_failed_there_are_no_arrows() -> None:
    assert "not finite" in step_arrows_html(explained([0.0, 0.0], [None, 0.2]), 0, NAMES)
