"""The colors of a page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from mad_app.errors import ArgumentError


@dataclass(frozen=True)
class Theme:
    """Colors of a page.

    Attributes:
        paper: the ground.
        ink: text that matters.
        quiet: text and lines that stay back.
        letters: the four images, colors of Okabe and Ito that color-blind people can tell apart.
    """

    paper: str
    ink: str
    quiet: str
    letters: tuple[str, str, str, str]


LIGHT = Theme("#ffffff", "#1a1a1a", "#666666", ("#d55e00", "#0072b2", "#cc79a7", "#009e73"))
DARK = Theme("#14161a", "#f2f2f2", "#a0a4aa", ("#e69f00", "#56b4e9", "#cc79a7", "#009e73"))

ThemeName = Literal["light", "dark"]

THEMES: Mapping[str, Theme] = {"light": LIGHT, "dark": DARK}


def theme_called(name: str) -> Theme:
    """The theme of that name; raises ArgumentError if there is none."""
    if name not in THEMES:
        raise ArgumentError("theme", f"must be one of {', '.join(THEMES)}, got {name!r:.60}")
    return THEMES[name]
