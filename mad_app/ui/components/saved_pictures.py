"""Pictures out of saved runs, to begin another competition with. A sample is named `<id of the run>/<file>`."""

from pathlib import Path

from mad_app.figures import contest_title, metric_title
from mad_app.jobs.paths import runs_root
from mad_app.records import RecordError, Summary, find_run, list_runs, load_summary
from mad_app.ui.components.curves import LETTERS

MOST_RUNS = 200
"""Runs that are offered, the newest ones; a list that is longer helps nobody."""


def list_samples() -> dict[str, str]:
    """The saved runs, newest first: id to what they are called."""
    return {run.id: _run_title(run) for run in list_runs(runs_root())[:MOST_RUNS]}


def files_of(run_id: str) -> dict[str, str]:
    """The pictures of a run: file to what it is called.

    Raises:
        RecordError: there is no such run, or it cannot be read.
    """
    run = load_summary(find_run(runs_root(), run_id))
    files = {"reference.png": "Reference", "start.png": "Start"}
    for letter, result in zip(LETTERS, run.images, strict=True):
        files[result.file] = (
            f"{letter}: {metric_title(result.optimized)} {'up' if result.direction == 'max' else 'down'}"
        )
    return files


def is_sample(name: str) -> bool:
    """Whether there is such a sample; the name may come from outside, such as from a URL."""
    try:
        sample_path(name)
    except RecordError:
        return False
    return True


def sample_path(name: str) -> Path:
    """The PNG file of a sample.

    Raises:
        RecordError: there is none of that name.
    """
    run_id, slash, file = name.partition("/")
    if not slash or file not in files_of(run_id):
        raise RecordError(f"there is no picture {name!r} in the saved runs")
    return find_run(runs_root(), run_id) / file


def sample_title(name: str) -> str:
    """What a sample is called; raises RecordError as `sample_path`."""
    path = sample_path(name)
    return f"{files_of(path.parent.name)[path.name]}, from {_run_title(load_summary(path.parent))}"


def _run_title(run: Summary) -> str:
    rivals = contest_title(run.images[0].optimized, run.images[0].fixed)
    picture = Path(str(run.settings.get("image") or "a picture")).stem
    return f"{rivals} on {picture}, {run.created[:16].replace('T', ' ')}"
