"""What the tests of figures draw: runs with plausible values, and one that no one should wish for."""

import dataclasses

import numpy as np

from mad_app.competition.settings import CORNERS
from mad_app.records import CornerResult, History, Run

JURY = ("lpips-vgg", "lpips-squeeze", "mse", "ssim", "ms-ssim", "gmsd", "fsim", "haarpsi", "vif", "mdsi", "vsi")


def make_sheet_run(
    shape: tuple[int, int] = (24, 24), first: str = "lasi", second: str = "lpips-alex", *, scale: float = 0.3
) -> Run:
    """A run with plausible values: the driven metric spans decades, the held one stays at `scale`."""
    random = np.random.default_rng(0)
    reference = random.random((*shape, 3), np.float32)
    start = np.clip(reference + random.normal(0, 0.1, reference.shape), 0, 1).astype(np.float32)
    finals = np.clip(reference + random.normal(0, 0.05, (4, *reference.shape)), 0, 1).astype(np.float32)
    way = np.linspace(0, 1, 51)
    driven = scale * np.stack([3**way, 1e-3**way], axis=1)
    held = np.full_like(driven, scale)
    history = History(np.arange(51), np.hstack([driven, held]), np.hstack([held, driven]), np.zeros((51, 4)))
    names = {"first": first, "second": second}
    results = []
    for i, corner in enumerate(CORNERS):
        jury: dict[str, float | None] = {
            name: float(value) for name, value in zip(JURY, random.lognormal(-3, 2, len(JURY)), strict=True)
        }
        jury["lpips-squeeze"] = None
        results.append(
            CornerResult(
                optimized=names[corner.optimized],
                fixed=names[corner.fixed],
                direction=corner.direction,
                level=scale,
                start={first: scale, second: scale, **jury},
                final={first: float(history.first[-1, i]), second: float(history.second[-1, i]), **jury},
                drift=(-1) ** i * 3e-5 * (i + 1),
                drift_8bit=0.002,
                outcome="max_steps",
            )
        )
    settings = {"first": first, "second": second, "image": "astronaut", "distortion": "noise", "strength": 0.1}
    return Run(
        settings=settings, seed=0, versions={}, device="cpu", weights={}, seconds=1.0, images=tuple(results),
        reference=reference, start=start, finals=finals, history=history,
    )  # fmt: skip


def broken_run() -> Run:
    """Stopped at once; identical images; nothing could be measured; text that no one should choose."""
    run = make_sheet_run(first="a.b:" + "W" * 20, second="lasi:20")
    nothing = np.full((1, 4), np.nan)
    history = History(np.zeros(1, int), nothing, nothing, nothing)
    outcomes = ("was stopped by the user", "a\nb", "<b>$x^2$ & \x07", "日本")
    results = [
        dataclasses.replace(result, final={}, level=None, drift=None, outcome=outcome)
        for result, outcome in zip(run.images, outcomes, strict=True)
    ]
    settings = {"image": "$\\frac{1}$ 日本 <script>.png", "distortion": None}
    finals = np.stack([run.reference] * 4)
    return dataclasses.replace(run, images=tuple(results), history=history, settings=settings, finals=finals)


def one_point_run() -> Run:
    run = make_sheet_run()
    return dataclasses.replace(run, history=History(*(column[:1] for column in vars(run.history).values())))
