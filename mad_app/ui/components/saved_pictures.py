"""Pictures out of saved runs, to start another competition from.

Such a picture is named `<id of the run>/<file>`, where the id of a run in a series begins with that of the series.
"""

from pathlib import Path

from mad_app.figures import contest_title, image_title
from mad_app.jobs.paths import runs_root
from mad_app.records import RecordError, Summary, load_summary
from mad_app.records.index import Entry
from mad_app.ui.components.collection import find_folder, runs_with_series
from mad_app.ui.components.html import displayable

MAX_RUNS = 200
"""Runs that are offered, the newest ones; nobody reads a longer list."""


def list_saved_runs() -> dict[str, str]:
    """The saved runs, newest first: id to title."""
    return {card.id: _run_title(card.entry) for card in runs_with_series(runs_root())[:MAX_RUNS]}


def pictures_of(run_id: str) -> dict[str, str]:
    """The pictures of a run: file to title.

    Raises:
        RecordError: there is no such run, or it cannot be read.
    """
    run = load_summary(find_folder(runs_root(), run_id))
    files = {"reference.png": "Original", "start.png": "Start"}
    return files | {result.file: image_title(i, result.optimized) for i, result in enumerate(run.results)}


def is_saved_picture(name: str) -> bool:
    """Whether there is such a picture; the name may come from outside, such as from an address."""
    try:
        saved_picture_path(name)
    except RecordError:
        return False
    return True


def saved_picture_path(name: str) -> Path:
    """The PNG file of a picture.

    Raises:
        RecordError: there is none of that name.
    """
    run_id, slash, file = name.rpartition("/")
    if not slash or file not in pictures_of(run_id):
        raise RecordError(f"there is no picture {name!r} in the saved runs")
    return find_folder(runs_root(), run_id) / file


def saved_picture_title(name: str) -> str:
    """The title of a picture; raises RecordError as `saved_picture_path`."""
    path = saved_picture_path(name)
    return f"{pictures_of(name.rpartition('/')[0])[path.name]}, from {_run_title(load_summary(path.parent))}"


def _run_title(run: Summary | Entry) -> str:
    metrics = run.metrics if isinstance(run, Entry) else (run.results[0].optimized, run.results[0].fixed)
    contest = contest_title(*metrics)
    picture = Path(str(run.settings.get("image") or "a picture")).stem
    return displayable(f"{contest} on {picture}, {run.created[:16].replace('T', ' ')}")
