"""The shelf: finished runs that come with the program, each with a name and a sentence on what to see (its label).

They are records like all others, but nobody can change them. Outside they are called `shelf/<name>`.
`assets/shelf/draw_shelf.py` makes them.
"""

from pathlib import Path

from mad_app.images import assets_folder

SHELF = "shelf"
"""Before the slash in the id of such a run."""

SHELF_RUNS = ("lasi-lpips", "border", "contrast", "veil", "shatter", "gray", "masked", "low-pass")
"""Their names in the order in which they are shown; the first one is shown where no other fits."""


def shelf_root() -> Path:
    """The folder of all of them."""
    return assets_folder(SHELF)


def shelf_folder(run_id: str) -> Path | None:
    """The folder of a run by its id, which may come from outside; None if it is not on the shelf.

    Example:
        >>> shelf_folder("shelf/border").name, shelf_folder("shelf/../images")
        ('border', None)
    """
    shelf, _, name = run_id.partition("/")
    return shelf_root() / name if shelf == SHELF and name in SHELF_RUNS else None
