"""What a user asks for: a competition, in values that a record keeps."""

import contextlib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal, cast

import numpy as np

from mad_app.competition import Settings
from mad_app.distortions import distort, get_distortion
from mad_app.images import (
    BUNDLED,
    DEFAULT_IMAGE,
    Crop,
    ImageArray,
    ImageError,
    bundled_path,
    load_image,
    luminance,
    to_gray,
)


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a user asks for; with the picture, all that is needed to run it again.

    Attributes:
        image: name of a bundled picture or path of a file.
        size: side of the square that is used, in pixels.
        left: where in the picture that square lies, as in `Crop`.
        top: likewise.
        extent: how much of the picture's shorter side it takes, as in `Crop`.
        first: name of a metric.
        second: name of its rival.
        distortion: name of the distortion that makes the start.
        strength: in the distortion's unit; its default if None.
        seed: of the distortion's random numbers, at least 0.
        steps: number of steps, at least 1.
        seconds: time after which no further step is made, above 0; None for any time.
        gray: the picture is reduced to its luminance, and everything stays gray.
        mask: a picture that is white where the images may change, as in `image`; None for everywhere.
        max_change: largest change of any value from the start, white being 1; None for any.
        low_pass: highest spatial frequency of the change, in cycles a picture; None for any.
        start_file: the picture to start from, in place of a distortion, as in `image`.
        first_level: what the first metric is held at where it is held; None for what it is at the start.
        second_level: likewise for the second metric.

    Raises:
        ValueError: an attribute is out of its range.
    """

    image: str = DEFAULT_IMAGE
    size: int = 128
    left: float = Crop.left
    top: float = Crop.top
    extent: float = Crop.extent
    first: str = "lasi"
    second: str = "lpips-alex"
    distortion: str = "noise"
    strength: float | None = None
    seed: int = 0
    steps: int = 500
    seconds: float | None = None
    gray: bool = False
    mask: str | None = None
    max_change: float | None = None
    low_pass: float | None = None
    start_file: str | None = None
    first_level: float | None = None
    second_level: float | None = None

    def __post_init__(self) -> None:
        distortion = get_distortion(self.distortion)
        if self.strength is None:
            object.__setattr__(self, "strength", distortion.default)
        if self.seed < 0:
            raise ValueError(f"seed must be at least 0, got {self.seed}")
        if self.first == self.second:
            raise ValueError(f"first and second must be two metrics, got {self.first!r} twice")
        self.crop()
        self.settings()

    def settings(self) -> Settings:
        """The engine's part of it."""
        asked = {item.name for item in fields(self)}
        return Settings(**{item.name: getattr(self, item.name) for item in fields(Settings) if item.name in asked})

    def crop(self) -> Crop:
        """The square of the picture that is used."""
        return Crop(left=self.left, top=self.top, extent=self.extent)

    def reference(self) -> ImageArray:
        """The picture, (size, size, 3)."""
        picture = load_image(_file(self.image), size=self.size, crop=self.crop())
        return to_gray(picture) if self.gray else picture

    def start(self, reference: ImageArray) -> ImageArray:
        """The picture from which the four images set out: distorted, or from its file."""
        if self.start_file is not None:
            picture = self._beside(self.start_file, reference)
            return to_gray(picture) if self.gray else picture
        start = distort(reference, self.distortion, strength=cast(float, self.strength), seed=self.seed)
        # Of a gray picture each channel is distorted at full strength; their mean would have less noise.
        return np.repeat(start[..., :1], 3, axis=2) if self.gray else start

    def mask_array(self, reference: ImageArray) -> np.ndarray | None:
        """Where the images may change, bool (size, size): where the mask is lighter than mid gray, and opaque."""
        return None if self.mask is None else luminance(self._beside(self.mask, reference, background="black")) > 0.5

    def _beside(
        self, picture: str, reference: ImageArray, *, background: Literal["white", "black"] = "white"
    ) -> ImageArray:
        """What lies over the picture pixel by pixel: of the picture's own size, or cut to (size, size) before.

        Raises:
            ValueError: it is of another size.
        """
        file = _file(picture)
        rows, columns, _ = load_image(file).shape
        of_picture = None
        with contextlib.suppress(ImageError):  # a reference that was given may have no file
            of_picture = load_image(_file(self.image)).shape[:2]
        if (rows, columns) == of_picture:
            return load_image(file, size=self.size, crop=self.crop(), background=background)
        if (rows, columns) == reference.shape[:2]:
            return load_image(file, background=background)
        sizes = sorted({reference.shape[:2], of_picture or reference.shape[:2]})
        wanted = " or ".join(f"{width} × {height}" for height, width in sizes)
        raise ValueError(
            f"{picture} has {columns} × {rows} pixels, but lies over {self.image} only with {wanted}: cut or scale it"
        )


def _file(picture: str) -> str | Path:
    """Where a picture lies, from its bundled name or its path."""
    return bundled_path(picture) if picture in BUNDLED else picture
