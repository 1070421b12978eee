"""From the start to the end of a competition, as a moving picture for slides: GIF or WebP.

The picture is laid out like the page: the reference and the start on the left, the two pairs beside them. WebP keeps
every color of the pixels; GIF has 256.
"""

import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image, ImageColor, ImageDraw, ImageFont

from mad_app.figures.canvas import LINE, Canvas, Theme, drawing, figure_to_bytes, font_path
from mad_app.figures.files import save_as
from mad_app.figures.options import ThemeName, theme_called
from mad_app.figures.text import LETTERS, metric_title, number, verdict
from mad_app.images import from_uint8, to_uint8
from mad_app.records import Run

Moving = Literal["gif", "webp"]

MOVINGS: dict[str, Moving] = {".gif": "gif", ".webp": "webp"}
BLENDS = 16
"""Pictures between start and end, where a record holds none of its way."""

FIRST_MS, NEXT_MS, LAST_MS = 900, 90, 2200
"""How long the start, each picture on the way, and the end are shown, in milliseconds."""

SIDE = 256
"""Least side of an image in dots; smaller ones are shown larger by a whole factor."""

DPI, FONT, GAP = 96, 9.0, 12
"""Dots an inch, size of text in points, and space between images in dots."""


@dataclass(frozen=True, eq=False)
class Frame:
    """The four images at one time.

    Attributes:
        images: (4, H, W, 3) in [0, 1], in the order of CORNERS.
        at: when, such as "start" or "step 20".
        share: how far on the way, 0 to 1.
    """

    images: np.ndarray
    at: str
    share: float


def frames_of(run: Run) -> list[Frame]:
    """The way of the four images from the start to the end, which are the first and the last frame.

    A record that holds the two ends alone gives blends of them, which say so.
    """
    steps = int(run.history.step[-1])
    end = f"end, after {steps} steps"
    if len(run.keyframes.step):
        ways = zip(run.keyframes.step.tolist(), run.keyframes.images, strict=True)
        frames = [Frame(_images(four), f"step {step}" if step else "start", step / steps) for step, four in ways]
        return [*frames, Frame(_images(run.pictures), end, 1.0)]
    start = np.broadcast_to(run.start, run.finals.shape)
    shares = np.linspace(0, 1, BLENDS + 2)
    ends = {0.0: "start", 1.0: end}
    return [
        Frame(start + share * (run.finals - start), ends.get(share, "blended from start to end"), share)
        for share in shares.tolist()
    ]


def _images(four: np.ndarray) -> np.ndarray:
    return np.stack([from_uint8(image) for image in four])


def animation_bytes(run: Run, kind: Moving, *, theme: ThemeName = "light") -> bytes:
    """The moving picture as the bytes of a file that repeats for ever; equal runs give equal bytes.

    Args:
        run: a competition.
        kind: "gif" or "webp".
        theme: "light" or "dark".
    """
    frames, layout = frames_of(run), _Layout(run, theme_called(theme))
    pictures = [layout.picture(frame) for frame in frames]
    durations = [FIRST_MS, *[NEXT_MS] * (len(frames) - 2), LAST_MS]
    buffer = io.BytesIO()
    if kind == "gif":
        few = [_with_few_colors(picture, layout.theme) for picture in pictures]
        few[0].save(buffer, "GIF", save_all=True, append_images=few[1:], duration=durations, loop=0)
    else:
        rest = pictures[1:]
        pictures[0].save(
            buffer, "WEBP", save_all=True, append_images=rest, duration=durations, loop=0, lossless=True, method=2
        )
    return buffer.getvalue()


def save_animation(run: Run, path: str | Path, *, theme: ThemeName = "light") -> None:
    """Write the moving picture to a file, whole or not at all.

    Args:
        run: a competition.
        path: a name that ends in .gif or .webp.
        theme: "light" or "dark".

    Raises:
        ValueError: the name ends otherwise.
        RecordError: the file cannot be written; an older one stays as it was.
    """
    save_as(path, MOVINGS, lambda kind: animation_bytes(run, kind, theme=theme))


class _Layout:
    """Where everything stands, in dots; what does not move is drawn once."""

    def __init__(self, run: Run, theme: Theme) -> None:
        rows, columns = run.reference.shape[:2]
        self.factor = max(1, round(SIDE / max(rows, columns)))
        self.wide, self.high = columns * self.factor, rows * self.factor
        line = math.ceil(LINE * FONT * DPI / 72)
        self.head = 4 * line
        self.row = self.head + self.high + GAP
        self.width, self.height = 3 * self.wide + 4 * GAP, 2 * self.row + 3 * line
        self.bar = 2 * self.row + line
        self.theme = theme
        self.font = ImageFont.truetype(font_path(), FONT * DPI / 72)
        self.ground = self._draw_ground(run)

    def picture(self, frame: Frame) -> Image.Image:
        """The whole picture at one time."""
        picture = self.ground.copy()
        for i, image in enumerate(frame.images):
            self._paste(picture, image, 1 + i % 2, i // 2)
        draw, end = ImageDraw.Draw(picture), self.width - GAP - 1
        draw.rectangle((GAP, self.bar, end, self.bar + 3), fill=self.theme.quiet)
        draw.rectangle((GAP, self.bar, GAP + frame.share * (end - GAP), self.bar + 3), fill=self.theme.letters[1])
        draw.text((GAP, self.bar + 8), frame.at, font=self.font, fill=self.theme.quiet)
        return picture

    def _draw_ground(self, run: Run) -> Image.Image:
        """Verdicts, names, the reference and the start."""
        with drawing():
            canvas = Canvas(self.width / DPI, self.height / DPI, font=FONT, theme=self.theme, dpi=DPI)
            for pair, title in enumerate(("reference", "start")):
                top = pair * self.row / DPI
                space = (2 * self.wide + GAP) / DPI
                canvas.lines(self._left(1) / DPI, top + GAP / DPI, canvas.wrap(verdict(run, pair), space)[:2])
                under = top + self.head / DPI - 0.4 * canvas.line
                canvas.text(self._left(0) / DPI, under, title)
                for i in (2 * pair, 2 * pair + 1):
                    x, color = self._left(1 + i % 2) / DPI, self.theme.letters[i]
                    canvas.text(x, under, LETTERS[i], color=color, weight="bold")
                    x += canvas.measure("W ", weight="bold")
                    canvas.text(x, under, _title(run, i), width=self.wide / DPI - canvas.measure("WW"))
            content = figure_to_bytes(canvas.figure, "png", dpi=DPI)
        ground = Image.open(io.BytesIO(content)).convert("RGB")
        self._paste(ground, run.reference, 0, 0)
        self._paste(ground, run.start, 0, 1)
        return ground

    def _left(self, column: int) -> int:
        return GAP + column * (self.wide + GAP)

    def _paste(self, picture: Image.Image, image: np.ndarray, column: int, row: int) -> None:
        small = Image.fromarray(to_uint8(np.clip(image, 0, 1)))
        large = small.resize((self.wide, self.high), Image.Resampling.NEAREST)
        picture.paste(large, (self._left(column), row * self.row + self.head))


def _with_few_colors(picture: Image.Image, theme: Theme) -> Image.Image:
    """In 256 colors, among which are those of the theme, so that letters keep theirs."""
    kept = [ImageColor.getrgb(color) for color in (theme.paper, theme.ink, theme.quiet, *theme.letters)]
    found = picture.quantize(256 - len(kept)).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette([*found[: 3 * (256 - len(kept))], *(value for color in kept for value in color)])
    return picture.quantize(palette=palette, dither=Image.Dither.NONE)


def _title(run: Run, i: int) -> str:
    result = run.images[i]
    before, after = (number(values.get(result.optimized)) for values in (result.start, result.seen))
    return f"{result.direction} {metric_title(result.optimized)}, {before} → {after}"
