"""Draws the synthetic pictures of this folder: `python assets/images/draw_synthetic.py` writes them into it.

Each picture is a pure function of its coordinates and of a fixed seed, uint8 (256, 256, 3), and the committed PNG files
hold exactly these pixels (a test compares them). Levels are rounded from values that are never half-way between two
levels, so that the last bit of a cosine cannot change a pixel.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

SIZE = 256
LEAF_SEED = 2310  # of the dead leaves; any other does as well
MID, SWING = 127, 120  # gray levels: sinusoids run from 7 to 247, clear of both ends of the range

Picture = npt.NDArray[np.uint8]


def main() -> None:
    """Write every picture as PNG into the folder of this program."""
    for name, draw in SYNTHETIC.items():
        Image.fromarray(draw()).save(Path(__file__).with_name(f"{name}.png"), optimize=True)


def zone_plate() -> Picture:
    """Rings whose frequency grows linearly with the radius and reaches half a cycle per pixel at the sides' middles."""
    rows, columns = _centered()
    return _gray(MID + SWING * np.cos(np.pi * (rows**2 + columns**2) / SIZE))


def gratings() -> Picture:
    """Sixteen patches of sinusoids: periods of 4, 8, 16 and 32 pixels across, contrasts of 1, 1/2, 1/4 and 1/8 down."""
    rows, columns = np.mgrid[0:SIZE, 0:SIZE]
    patch = SIZE // 4
    period = 4.0 * 2.0 ** (columns // patch)
    contrast = 0.5 ** (rows // patch)
    return _gray(MID + SWING * contrast * np.sin(2 * np.pi * (columns + 0.5) / period))


def edges() -> Picture:
    """Discs and wedges of flat color: straight and round edges at every angle, strong and faint."""
    rows, columns = _centered()
    sector = np.floor((np.arctan2(rows, columns) / np.pi + 1) * 6 + 0.25).astype(int) % 12
    ring = np.floor(np.hypot(rows, columns) / 24).astype(int)
    picture: Picture = PALETTE[(sector * 5 + ring * 3) % len(PALETTE)]
    return picture


def gradients() -> Picture:
    """Four soft colored lights on gray: no edge and no texture anywhere."""
    rows, columns = np.mgrid[0:SIZE, 0:SIZE]
    picture = np.full((SIZE, SIZE, 3), 90.3)
    for row, column, spread, color in LIGHTS:
        light = np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / (2 * spread**2))
        picture += light[..., None] * np.array(color)
    levels: Picture = np.rint(np.clip(picture, 0, 255)).astype(np.uint8)
    return levels


def dead_leaves() -> Picture:
    """Discs falling on one another, radii by the inverse cube: edges, sizes and occlusion as in natural pictures.

    Source: A. Lee, D. Mumford, J. Huang, "Occlusion models for natural images", IJCV 41 (2001).
    """
    generator = np.random.default_rng(LEAF_SEED)
    rows, columns = np.mgrid[0:SIZE, 0:SIZE]
    picture = np.zeros((SIZE, SIZE, 3), np.uint8)
    bare = np.ones((SIZE, SIZE), bool)
    while bare.any():  # the topmost leaf comes first, so each one only fills what is still bare
        row, column = generator.integers(-16, SIZE + 16, 2)
        radius = 3 / np.sqrt(1 - generator.random() * (1 - (3 / 60) ** 2))
        leaf = bare & ((rows - row) ** 2 + (columns - column) ** 2 <= radius**2)
        picture[leaf] = generator.integers(20, 236, 3)
        bare &= ~leaf
    return picture


def _centered() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Row and column of each pixel, (SIZE, SIZE) each, counted from the picture's middle."""
    rows, columns = np.mgrid[0:SIZE, 0:SIZE] - (SIZE - 1) / 2
    return rows, columns


def _gray(levels: npt.NDArray[np.float64]) -> Picture:
    """The nearest 8-bit levels, the same in all three channels."""
    return np.repeat(np.rint(levels).astype(np.uint8)[..., None], 3, axis=2)


PALETTE = np.array(
    [(238, 238, 238), (24, 24, 28), (200, 52, 44), (226, 178, 60), (52, 120, 80), (40, 84, 168), (128, 128, 128)],
    np.uint8,
)
LIGHTS = (  # row, column, spread in pixels; red, green, blue in levels
    (60, 60, 60, (130, 20, -40)),
    (70, 200, 75, (-50, 60, 120)),
    (200, 70, 80, (-40, 90, 10)),
    (190, 200, 55, (110, 80, -30)),
)
SYNTHETIC: dict[str, Callable[[], Picture]] = {
    "zone-plate": zone_plate,
    "gratings": gratings,
    "edges": edges,
    "gradients": gradients,
    "dead-leaves": dead_leaves,
}
"""File name without its ending → the program that draws it."""

if __name__ == "__main__":
    main()
