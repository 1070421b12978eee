"""An animation of a competition from its start to its end, for slides: GIF or WebP.

It is laid out like the page: the original and the start on the left, the two pairs beside them. WebP keeps every color
of the pixels; GIF has 256.
"""

import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image, ImageColor, ImageDraw, ImageFont

from mad_app.figures.canvas import LINE, Canvas, drawing, figure_to_bytes, font_path
from mad_app.figures.export import save_as
from mad_app.figures.text import LETTERS, image_title, number, pair_sentence
from mad_app.figures.themes import Theme, theme_called
from mad_app.images import from_uint8, to_uint8
from mad_app.records import Run

Moving = Literal["gif", "webp"]

MOVINGS: dict[str, Moving] = {".gif": "gif", ".webp": "webp"}
BLENDS = 16
"""Frames between start and end where a record holds no keyframes."""

FIRST_MS, NEXT_MS, LAST_MS = 900, 90, 2200
"""How long the start, each frame between, and the end are shown, in milliseconds."""

SIDE = 256
"""Least side of an image in dots; smaller ones are enlarged by a whole factor."""

LEAST_CELL = 256
"""Least width of the cell of an image in dots, so that text fits above a narrow one."""

DPI, FONT, GAP = 96, 9.0, 12
"""Dots per inch, size of text in points, and space between images in dots."""


@dataclass(frozen=True, eq=False)
class Frame:
    """The four images at one time.

    Attributes:
        images: (4, H, W, 3) in [0, 1], in the order of CORNERS.
        at: when, such as "start" or "step 20".
        share: how many of the steps are done, 0 to 1.
    """

    images: np.ndarray
    at: str
    share: float


def frames_of(run: Run) -> list[Frame]:
    """The four images from the start to the end, which are the first and the last frame.

    A record without keyframes gives blends of the two ends, which say so.
    """
    steps = int(run.history.step[-1])
    end = f"end, after {steps} steps"
    if len(run.keyframes.step):
        keyframes = zip(run.keyframes.step.tolist(), run.keyframes.images, strict=True)
        frames = [Frame(_images(four), f"step {step}" if step else "start", step / steps) for step, four in keyframes]
        return [*frames, Frame(_images(run.images_8bit), end, 1.0)]
    ended = _images(run.images_8bit)
    start = np.broadcast_to(run.start, ended.shape)
    shares = np.linspace(0, 1, BLENDS + 2)
    ends = {0.0: "start", 1.0: end}
    return [
        Frame(start + share * (ended - start), ends.get(share, "blended from start to end"), share)
        for share in shares.tolist()
    ]


def _images(four: np.ndarray) -> np.ndarray:
    return np.stack([from_uint8(image) for image in four])


def animation_bytes(run: Run, kind: Moving, *, theme: str = "light") -> bytes:
    """The animation as the bytes of a file that repeats for ever; equal runs give equal bytes.

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


def save_animation(run: Run, path: str | Path, *, theme: str = "light") -> None:
    """Write the animation to a file, whole or not at all.

    Args:
        run: a competition.
        path: a name that ends in .gif or .webp.
        theme: "light" or "dark".

    Raises:
        ArgumentError: the name ends otherwise.
        RecordError: the file cannot be written; an older one stays as it was.
    """
    save_as(path, MOVINGS, lambda kind: animation_bytes(run, kind, theme=theme))


class _Layout:
    """Where everything stands, in dots; what does not change is drawn once."""

    def __init__(self, run: Run, theme: Theme) -> None:
        rows, columns = run.reference.shape[:2]
        self.factor = max(1, round(SIDE / max(rows, columns)))
        self.wide, self.high = columns * self.factor, rows * self.factor
        self.cell = max(self.wide, LEAST_CELL)
        self.theme = theme
        self.width = 3 * self.cell + 4 * GAP
        self.font = ImageFont.truetype(font_path(), FONT * DPI / 72)
        line = math.ceil(LINE * FONT * DPI / 72)
        self.sentences, self.titles = self._texts(run)
        lines = max(map(len, self.sentences)) + max(map(len, self.titles))
        self.head = GAP + lines * line + line // 2
        self.row = self.head + self.high + GAP
        self.height = 2 * self.row + 3 * line
        self.bar = 2 * self.row + line
        self.ground = self._draw_ground(run)

    def _texts(self, run: Run) -> tuple[list[list[str]], list[list[str]]]:
        """The sentence of each pair and the title of each image, in lines."""
        with drawing():
            canvas = Canvas(self.width / DPI, 1.0, font=FONT, theme=self.theme, dpi=DPI)
            space = self.cell / DPI - canvas.measure("W: ", weight="bold")
            titles = [canvas.wrap(_title(run, i), space) for i in range(len(LETTERS))]
            return [canvas.wrap(pair_sentence(run, pair), (2 * self.cell + GAP) / DPI) for pair in (0, 1)], titles

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
        """Sentences, titles, the original and the start."""
        with drawing():
            canvas = Canvas(self.width / DPI, self.height / DPI, font=FONT, theme=self.theme, dpi=DPI)
            for pair, title in enumerate(("original", "start")):
                top = pair * self.row / DPI
                canvas.lines(self._left(1) / DPI, top + GAP / DPI, self.sentences[pair])
                under = top + self.head / DPI - 0.4 * canvas.line
                canvas.text(self._left(0) / DPI, under, title)
                for i in (2 * pair, 2 * pair + 1):
                    x, color = self._left(1 + i % 2) / DPI, self.theme.letters[i]
                    y = under - (len(self.titles[i]) - 1) * canvas.line
                    canvas.text(x, y, f"{LETTERS[i]}:", color=color, weight="bold")
                    for line, text in enumerate(self.titles[i]):
                        canvas.text(x + canvas.measure("W: ", weight="bold"), y + line * canvas.line, text)
            content = figure_to_bytes(canvas.figure, "png", dpi=DPI)
        ground = Image.open(io.BytesIO(content)).convert("RGB")
        self._paste(ground, run.reference, 0, 0)
        self._paste(ground, run.start, 0, 1)
        return ground

    def _left(self, column: int) -> int:
        return GAP + column * (self.cell + GAP)

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
    """What one of the four images is, without its letter, and its optimized metric at the start and at the end."""
    result = run.results[i]
    before, after = (number(values.get(result.optimized)) for values in (result.start, result.reported))
    return f"{image_title(i, result.optimized).removeprefix(f'{LETTERS[i]}: ')}, {before} → {after}"
