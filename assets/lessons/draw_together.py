"""Makes the runs of the lesson on LASI and LPIPS together.

python assets/lessons/draw_together.py               all of them
python assets/lessons/draw_together.py cat           those on some pictures; the others are kept

together.npz holds `about`, JSON in UTF-8 with the settings and for each run its picture, its metrics, its steps and the
values of its two images, and the images of run i as `images_i`, uint8 (2, H, W, 3).
"""

import sys

from mad_app.images import bundled_path, load_image
from mad_app.lessons import together
from mad_app.lessons.together import JUDGES, PICTURES, SIZE, STEPS, STORED, Driven, drive_apart, fixed_metrics


def main(names: list[str]) -> None:
    """Run those on these pictures, on all if none is named, and keep what is there of the others."""
    known: list[tuple[str, Driven]] = list(together.all_stored()) if STORED.exists() else []
    for name in names or PICTURES:
        reference = load_image(bundled_path(name), size=SIZE)
        made = []
        for judge in JUDGES:
            for fixed in fixed_metrics(judge):
                made.append((name, drive_apart(reference, judge, fixed, STEPS)))
                print(name, judge, fixed, made[-1][1].failure, flush=True)
        known = [one for one in known if one[0] != name] + made
        together.save_stored(sorted(known, key=lambda one: PICTURES.index(one[0])))


if __name__ == "__main__":
    main(sys.argv[1:])
