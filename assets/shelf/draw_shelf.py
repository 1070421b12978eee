"""Makes the runs that come with the program: runs each competition and keeps its record, made small.

python assets/shelf/draw_shelf.py            all of them
python assets/shelf/draw_shelf.py veil gray  some of them

A record is made small by keeping few of the images on the way and of the maps, by keeping the four images as people see
them, in 8 bits, and by packing its arrays.
"""

import json
import shutil
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from mad_app import Request, run_competition
from mad_app.images import from_uint8
from mad_app.records import (
    SHELF_RUNS,
    Keyframes,
    Label,
    Maps,
    Run,
    load_maps,
    load_record,
    save_label,
    save_maps,
    save_run,
)

HERE = Path(__file__).parent
MASK = HERE / "face.png"
BETWEEN, LAST_BETWEEN = 5, 0.4
"""Images on the way that are kept beside the start and the end, and the part of the steps at which the last one is."""


@dataclass(frozen=True)
class Shelved:
    """A run of the shelf.

    Attributes:
        request: what is asked.
        name: what it is called.
        notes: what to see in it.
    """

    request: Request
    name: str
    notes: str


SHELF: dict[str, Shelved] = {
    "lasi-lpips": Shelved(
        Request(image="cat", size=128, steps=300),
        "LASI against LPIPS",
        "LPIPS rates A and B the same: in A the cat is gone behind a fine texture, in B you see it with a few dots.",
    ),
    "border": Shelved(
        Request(image="coffee", size=96, first="mse", second="ssim", steps=200),
        "SSIM hardly looks at the border",
        "MSE rates C and D the same. In D all of the change is in the outermost pixels, where SSIM hardly counts it.",
    ),
    "contrast": Shelved(
        Request(
            image="cameraman",
            size=96,
            first="ssim",
            second="mse",
            distortion="contrast",
            strength=0.35,
            max_change=0.12,
            gray=False,
            steps=150,
        ),
        "For MSE, contrast counts as much as detail",
        "MSE rates A and B the same: A has lost its detail, and B little more than some of its contrast.",
    ),
    "veil": Shelved(
        Request(image="raccoon", size=96, first="mse", second="lpips-alex", distortion="jpeg", low_pass=4, steps=150),
        "LPIPS overlooks a veil",
        "LPIPS rates A and B the same, although bright and dark clouds lie over A.",
    ),
    "shatter": Shelved(
        Request(
            image="bricks",
            size=96,
            first="lpips-alex",
            second="lasi",
            distortion="blur",
            strength=1.5,
            gray=False,
            steps=150,
        ),
        "LASI overlooks a shatter",
        "LASI rates A and B the same: A is shattered into colored splinters, and in B you still see every brick.",
    ),
    "gray": Shelved(
        Request(image="rocket", size=96, gray=True, steps=150),
        "In gray",
        "Only luminance may change. LPIPS rates the stripes of A the same as the rocket in B.",
    ),
    "masked": Shelved(
        Request(image="astronaut", size=96, left=0.4, top=0.0, extent=0.55, mask=str(MASK), steps=150),
        "Only the face may change",
        "Outside the face all four images keep the noise of the start. LASI rates C and D the same; look at the faces.",
    ),
    "low-pass": Shelved(
        Request(image="stairs", size=96, strength=0.05, low_pass=8, gray=False, steps=150),
        "Only coarse changes",
        "The change has at most eight waves from edge to edge. LASI rates C and D the same, although clouds cover C.",
    ),
}


def main() -> None:
    """Run and keep those that are named, or all."""
    assert tuple(SHELF) == SHELF_RUNS
    mask = Image.new("L", (512, 512), 0)
    ImageDraw.Draw(mask).ellipse((170, 45, 290, 200), fill=255)
    mask.save(MASK)
    for name in sys.argv[1:] or SHELF:
        with tempfile.TemporaryDirectory() as runs:
            folder = run_competition(SHELF[name].request, runs)
            _keep(name, load_record(folder), load_maps(folder))


def _keep(name: str, run: Run, maps: Maps | None) -> None:
    """Put a record on the shelf, in the place of the one of its name."""
    folder, small = HERE / name, _made_small(run)
    shutil.rmtree(folder, ignore_errors=True)
    made = save_run(small, HERE)
    if maps is not None:
        kept = np.isin(maps.step, [*small.keyframes.step[1:2], run.history.step[-1]])
        save_maps(
            made,
            Maps(
                maps.step[kept],
                *(array[kept] for array in (maps.first, maps.second)),
                *(peak[kept] for peak in (maps.first_peak, maps.second_peak)),
            ),
        )
    made.rename(folder)
    for path in folder.glob("*.npz"):
        with np.load(path) as arrays:
            packed = {key: arrays[key] for key in arrays.files if key != "images_8bit"}
        np.savez_compressed(path, **packed)
    document = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    (folder / "run.json").write_text(json.dumps({**document, "id": name}, indent=1) + "\n", encoding="utf-8")
    save_label(folder, Label(SHELF[name].name, SHELF[name].notes))


def _made_small(run: Run) -> Run:
    """The record with few images on the way, and with the four images as they are seen."""
    steps = run.keyframes.step
    goals = np.geomspace(2, LAST_BETWEEN * run.history.step[-1], BETWEEN)
    few = np.unique([int(np.abs(steps - goal).argmin()) for goal in goals])
    results = tuple(
        replace(
            result,
            final=result.reported,
            final_8bit=result.reported,
            drift=result.reported_drift,
            drift_8bit=result.reported_drift,
        )
        for result in run.results
    )
    mask = run.settings.get("mask")
    return replace(
        run,
        settings={**run.settings, "mask": Path(str(mask)).name if mask else None},
        results=results,
        finals=np.stack([from_uint8(picture) for picture in run.images_8bit]),
        keyframes=Keyframes(steps[few], run.keyframes.images[few]),
    )


if __name__ == "__main__":
    main()
