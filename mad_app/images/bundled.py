"""The pictures that come with the program."""

from dataclasses import dataclass
from pathlib import Path

from mad_app.errors import ArgumentError

DEFAULT_IMAGE = "cat"


@dataclass(frozen=True, kw_only=True)
class BundledImage:
    """A picture that comes with the program.

    Attributes:
        name: its name on the command line, in records and of its file.
        title: its name on a page.
        good_for: what it is good for, in a few words.
        path: its PNG file.
    """

    name: str
    title: str
    good_for: str
    path: Path


def bundled_path(name: str) -> Path:
    """The PNG file of a bundled picture.

    Raises:
        ArgumentError: there is no such picture; lists those that exist.

    Example:
        >>> bundled_path("cat").name
        'cat.png'
    """
    if name not in BUNDLED:
        raise ArgumentError("name", f"must be one of the bundled pictures {', '.join(BUNDLED)}, got {name!r}")
    return BUNDLED[name].path


def assets_folder(name: str) -> Path:
    """A folder of files that come with the program: inside the installed package, or next to it in a clone."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "assets" / name
    return installed if installed.is_dir() else package.parent / "assets" / name


_FOLDER = assets_folder("images")


def _bundled(name: str, title: str, good_for: str) -> BundledImage:
    return BundledImage(name=name, title=title, good_for=good_for, path=_FOLDER / f"{name}.png")


BUNDLED: dict[str, BundledImage] = {
    row.name: row
    for row in (
        _bundled("cat", "Chelsea the cat", "fur, sharp eyes against a soft background, warm color"),
        _bundled("astronaut", "Eileen Collins", "a human face, strong colors, small lettering"),
        _bundled("raccoon", "Raccoon among leaves", "foliage, fur, saturated greens"),
        _bundled("coffee", "Cup of coffee", "a colorful object, smooth porcelain next to wood grain"),
        _bundled("cameraman", "Cameraman", "the classical scene in gray: a person, buildings, grass, plain sky"),
        _bundled("stairs", "Steel stairs", "architecture in gray: straight edges, railings, deep shadow"),
        _bundled("rocket", "Rocket at dusk", "a smooth sky, lattice towers, bright lamps"),
        _bundled("retina", "Retina", "smooth color with fine vessels, a black surround"),
        _bundled("galaxies", "Galaxies", "small bright objects on black"),
        _bundled("grass", "Grass", "dense natural texture in gray"),
        _bundled("gravel", "Gravel", "coarse natural texture in gray"),
        _bundled("bricks", "Brick wall", "a building's regular pattern in perspective, in gray"),
        _bundled("handwriting", "Handwriting", "text: thin dark strokes on paper, in gray"),
        _bundled("zone-plate", "Zone plate", "drawn: every spatial frequency and direction"),
        _bundled("gratings", "Gratings", "drawn: four periods at four contrasts"),
        _bundled("edges", "Edges", "drawn: flat colors, straight and round edges"),
        _bundled("gradients", "Gradients", "drawn: soft light without edge or texture"),
        _bundled("dead-leaves", "Dead leaves", "drawn: occluding discs with the statistics of natural edges"),
    )
}
"""Bundled pictures by name: photographs, then drawn ones. Origins and licenses are in assets/images/LICENSES.md."""
