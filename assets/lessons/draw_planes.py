"""Measures the planes of the lesson on level sets for the runs of the shelf.

python assets/lessons/draw_planes.py            all of them
python assets/lessons/draw_planes.py veil gray  some of them

planes.npz holds for each run float32 (4, 2, 25, 25): for the planes through A, B, C and D the values of its first
metric and of its second one, NaN where there is no such plane.
"""

import sys

import numpy as np

from mad_app.errors import ArgumentError
from mad_app.lessons.level_sets import (
    BUNDLED_VALUES,
    FINE,
    LETTERS,
    grid_places,
    metrics_of_run,
    plane_values,
    run_plane,
    shelf_run,
)
from mad_app.records import SHELF_RUNS, Run


def main(names: list[str]) -> None:
    """Measure the planes of these runs, of all if none is named, and keep the values of the others."""
    path, kept = BUNDLED_VALUES, {}
    if path.exists():
        with np.load(path) as file:
            kept = dict(file)
    for name in names or SHELF_RUNS:
        run = shelf_run(name)
        kept[name] = np.stack([_measure(run, letter) for letter in LETTERS])
        np.savez_compressed(path, **kept)
        print(name, flush=True)


def _measure(run: Run, letter: str) -> np.ndarray:
    try:
        plane = run_plane(run, letter)
    except ArgumentError:
        return np.full((2, FINE, FINE), np.nan, np.float32)
    return np.stack([plane_values(plane, metric, grid_places()) for metric in metrics_of_run(run)]).astype(np.float32)


if __name__ == "__main__":
    main(sys.argv[1:])
