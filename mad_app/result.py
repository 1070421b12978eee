"""The result of a competition: its images and numbers, and what can be drawn of them."""

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack

import numpy as np

from mad_app.competition import CORNERS, Reason
from mad_app.figures import (
    LETTERS,
    contest_title,
    image_title,
    metric_title,
    number,
    outcome_sentence,
    pair_sentence,
    reported_drift_sentence,
)
from mad_app.figures.web_page.markup import Html, element
from mad_app.images import ImageArray, from_uint8
from mad_app.images.encode import Picture
from mad_app.records import (
    Checkpoint,
    History,
    Maps,
    RecordError,
    Run,
    is_resumable,
    load_checkpoint,
    load_record,
    readable_maps,
    save_maps,
    save_run,
)

if TYPE_CHECKING:
    from mad_app.figures.options import SheetOptions
    from mad_app.figures.themes import ThemeName

Table = Mapping[str, Mapping[str, float]] | Any
"""`values[metric][image]`: a pandas DataFrame where pandas is installed, otherwise a dictionary of dictionaries."""

VIEWER_HEIGHT = 900
LEAST_WIDTH = 192
"""Height of the viewer and least width of an image in a notebook, in pixels of the page."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Result:
    """One competition, in memory.

    The four images are A and B, the first metric as high and as low as possible while the second keeps its level, and C
    and D, the second metric while the first keeps its level. Jupyter shows a result as these images, their values and
    the viewer.

    Attributes:
        run: the whole record: settings, versions, device, keyframes, and each image's values before rounding.
        maps: where each metric finds differences; None where they were not measured.
        checkpoint: of a run that was stopped: what it continues from once it is saved (`mad_app.resume_run`).
    """

    run: Run
    maps: Maps | None = None
    checkpoint: Checkpoint | None = None

    @property
    def images(self) -> np.ndarray:
        """The four images, float32 (4, H, W, 3), sRGB in [0, 1], on their levels to within 1e-5."""
        return self.run.finals

    @property
    def quantized(self) -> np.ndarray:
        """The four images as they are saved, uint8 (4, H, W, 3), each value rounded so that the level is kept."""
        return self.run.images_8bit

    @property
    def reference(self) -> ImageArray:
        """The original, float32 (H, W, 3) in [0, 1]."""
        return self.run.reference

    @property
    def start(self) -> ImageArray:
        """The image from which all four started, float32 (H, W, 3) in [0, 1]."""
        return self.run.start

    @property
    def metrics(self) -> tuple[str, str]:
        """Names of the first and the second metric."""
        return self.run.results[0].optimized, self.run.results[0].fixed

    @property
    def levels(self) -> dict[str, float]:
        """Name of each metric to the value that it keeps where it is fixed."""
        return {image.fixed: float("nan") if image.level is None else image.level for image in self.run.results}

    @property
    def values(self) -> Table:
        """Distances to the reference: `values[metric][image]` for the images "start", "A", "B", "C" and "D".

        They are those of the 8-bit images; NaN where a metric could not be measured. A pandas DataFrame where pandas is
        installed, otherwise a dictionary of dictionaries.
        """
        table = {
            name: {
                label: float("nan") if (value := of_image.get(name)) is None else value
                for label, of_image in zip(("start", *LETTERS), self._values_of_images(), strict=True)
            }
            for name in self.run.results[0].final
        }
        if importlib.util.find_spec("pandas") is None:
            return table
        import pandas

        return pandas.DataFrame(table)

    @property
    def history(self) -> History:
        """The values along the run: `step` (T,), and `first`, `second` and `drift` (T, 4)."""
        return self.run.history

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Why each of the four images ended: the values of `mad_app.competition.Reason`, such as "max_steps"."""
        return tuple(image.outcome for image in self.run.results)

    @property
    def stopped(self) -> bool:
        """Whether the competition was stopped before its end."""
        return Reason.STOPPED.value in self.outcomes

    @property
    def verdict(self) -> str:
        """The values of both pairs, how well the levels were kept, and why the images ended, one sentence per line."""
        run = self.run
        return "\n".join(
            [pair_sentence(run, 0), pair_sentence(run, 1), reported_drift_sentence(run), outcome_sentence(run)]
        )

    def figure(
        self, path: str | Path | None = None, *, dpi: float | None = None, **options: "Unpack[SheetOptions]"
    ) -> Any:
        """The figure of the competition.

        Args:
            path: a file to write, too, whose name ends in .pdf, .svg or .png.
            dpi: dots per inch of a PNG.
            **options: as in `mad_app.figures.SheetSettings`, such as `width`, `theme` and `show`.

        Returns:
            A Matplotlib figure.

        Raises:
            ArgumentError: an option is out of its range, or the name ends otherwise.
            RecordError: the file cannot be written.
        """
        from mad_app.figures.export import mad_sheet, save_figure  # imports Matplotlib, and so below

        if path is not None:
            save_figure(self.run, path, dpi=dpi, maps=self.maps, **options)
        return mad_sheet(self.run, maps=self.maps, **options)

    def animate(
        self, path: str | Path | None = None, *, kind: Literal["webp", "gif"] = "webp", theme: "ThemeName" = "light"
    ) -> bytes:
        """The four images from start to end.

        Args:
            path: a file to write instead, whose name ends in .webp or .gif.
            kind: "webp" or "gif", where no path is given.
            theme: "light" or "dark".

        Returns:
            The bytes of the file.

        Raises:
            ArgumentError: the name ends otherwise.
            RecordError: the file cannot be written.
        """
        from mad_app.figures.animation import animation_bytes, save_animation

        if path is None:
            return animation_bytes(self.run, kind, theme=theme)
        save_animation(self.run, path, theme=theme)
        return Path(path).read_bytes()

    def page(self, path: str | Path | None = None) -> str:
        """A web page in one file: the viewer, the numbers and the settings.

        Args:
            path: a file to write, too, whose name ends in .html.

        Returns:
            The page as text.

        Raises:
            ArgumentError: the name ends otherwise.
            RecordError: the file cannot be written.
        """
        from mad_app.figures.web_page.page import run_page, save_run_page

        if path is not None:
            save_run_page(self.run, path, self.maps)
        return run_page(self.run, self.maps).decode()

    def save(self, root: str | Path) -> Path:
        """Write the record as a new folder under `root`, which is made if missing.

        Returns:
            The folder, which `load_run` reads; one of a run that was stopped can be resumed.

        Raises:
            RecordError: the disk refused it.
        """
        folder = save_run(self.run, root, checkpoint=self.checkpoint)
        if self.maps is not None:
            save_maps(folder, self.maps)
        return folder

    def __repr__(self) -> str:
        height, width = self.reference.shape[:2]
        title = f"{contest_title(*self.metrics)}, {width} × {height} pixels, {self.history.step[-1]} steps"
        return f"<Result: {title}>\n{self.verdict}"

    def _repr_html_(self) -> str:
        """What Jupyter shows: the four images with their values, the verdict, and the viewer."""
        values = self._values_of_images()[1:]
        images = [self._image_html(i, values[i]) for i in range(len(CORNERS))]
        pairs = (element("div", *images[i : i + 2], style="display:flex;gap:12px") for i in (0, 2))
        viewer = element(
            "iframe",
            srcdoc=self.page(),
            title="Viewer",
            sandbox="allow-scripts",
            allow="fullscreen",
            loading="lazy",
            style=f"width:100%;height:{VIEWER_HEIGHT}px;border:1px solid #8884",
        )
        verdict = (element("p", line) for line in self.verdict.splitlines())
        return element(
            "div",
            element("div", *pairs, style="display:flex;flex-wrap:wrap;gap:12px"),
            *verdict,
            element("details", element("summary", "Viewer and all numbers"), viewer, open=True),
        )

    def _image_html(self, i: int, values: Mapping[str, float | None]) -> Html:
        """One of the four images, its title and its values."""
        result = self.run.results[i]
        picture = Picture.png(from_uint8(self.quantized[i])).uri()
        width = self.quantized.shape[2]
        style = f"width:{width * -(-LEAST_WIDTH // width)}px;max-width:100%;image-rendering:pixelated"
        lines = [f"{metric_title(name)} {number(values.get(name))}" for name in self.metrics]
        return element(
            "figure",
            element("figcaption", image_title(i, result.optimized)),
            element("img", src=picture, alt=image_title(i, result.optimized), style=style),
            element("figcaption", ", ".join(lines)),
            style="margin:0",
        )

    def _values_of_images(self) -> list[Mapping[str, float | None]]:
        """Metric name to distance, of the start and of the four images as people see them."""
        return [self.run.results[0].start, *(image.reported for image in self.run.results)]


def load_run(folder: str | Path) -> Result:
    """Read the record of a competition; nothing in it is executed.

    Keyframes, maps and a checkpoint that are damaged are left out, and `run.faults` of the result says so.

    Args:
        folder: of the run, as `run_competition` and `Result.save` return it.

    Raises:
        RecordError: a file is missing, damaged, of a newer format, or does not fit the others.
    """
    run = load_record(folder)
    maps, faults = readable_maps(folder)
    checkpoint = None
    if is_resumable(folder):
        try:
            checkpoint = load_checkpoint(folder)
        except RecordError as error:
            faults += (f"the run cannot be continued: {error}",)
    return Result(run=replace(run, faults=run.faults + faults), maps=maps, checkpoint=checkpoint)
