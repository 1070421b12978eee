"""The principal distortions of metrics at a reference: what was found, its figure and its record."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mad_app.directions.findings import Findings
from mad_app.directions.record import read_record, save_record
from mad_app.directions.words import verdict_of


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Distortions(Findings):
    """The small changes that metrics disagree about most, or the eigen-distortions of one metric."""

    @property
    def verdict(self) -> str:
        """The sensitivities and how the search ended, a sentence a line."""
        return verdict_of(self)

    def figure(self, path: str | Path | None = None, *, width: str = "double") -> Any:
        """The figure: the reference, the images, the distortions magnified, and the sensitivities.

        Args:
            path: a file to write, too, whose name ends in .pdf, .svg or .png.
            width: "single" (3.4 inches), "double" (7.0 inches), "slide" (12.8 inches), or millimeters.

        Returns:
            A Matplotlib figure.

        Raises:
            ArgumentError: the name ends otherwise, or there is no such width.
            RecordError: the file cannot be written.
        """
        from mad_app.directions.drawing import drawing_of  # imports Matplotlib, and so below
        from mad_app.figures.distortions import draw_distortions, save_distortions

        shown = drawing_of(self)
        if path is not None:
            save_distortions(shown, path, width=width)
        return draw_distortions(shown, width=width)

    def save(self, root: str | Path) -> Path:
        """Write the record into a folder of its own in `root`, and return that; raises RecordError."""
        return save_record(self, root)


def load_distortions(folder: str | Path) -> Distortions:
    """Read a record of `Distortions.save`; raises RecordError if it is missing, damaged or of a newer schema."""
    return Distortions(**read_record(folder))
