"""What the tests of figures draw: runs with plausible values, and one with everything wrong."""

import dataclasses

import numpy as np

from mad_app.competition.settings import CORNERS
from mad_app.images import nearest_8bit
from mad_app.records import CornerResult, History, Maps, Run

OTHERS = ("lpips-vgg", "lpips-squeeze", "mse", "ssim", "ms-ssim", "gmsd", "fsim", "haarpsi", "vif", "mdsi", "vsi")


def make_sheet_run(
    shape: tuple[int, int] = (24, 24), first: str = "lasi", second: str = "lpips-alex", *, scale: float = 0.3
) -> Run:
    """A run with plausible values: the optimized metric spans decades, the fixed one stays at `scale`."""
    random = np.random.default_rng(0)
    reference = random.random((*shape, 3), np.float32)
    start = np.clip(reference + random.normal(0, 0.1, reference.shape), 0, 1).astype(np.float32)
    finals = np.clip(reference + random.normal(0, 0.05, (4, *reference.shape)), 0, 1).astype(np.float32)
    share = np.linspace(0, 1, 51)
    optimized = scale * np.stack([3**share, 1e-3**share], axis=1)
    fixed = np.full_like(optimized, scale)
    history = History(np.arange(51), np.hstack([optimized, fixed]), np.hstack([fixed, optimized]), np.zeros((51, 4)))
    names = {"first": first, "second": second}
    results = []
    for i, corner in enumerate(CORNERS):
        others: dict[str, float | None] = {
            name: float(value) for name, value in zip(OTHERS, random.lognormal(-3, 2, len(OTHERS)), strict=True)
        }
        others["lpips-squeeze"] = None
        results.append(
            CornerResult(
                optimized=names[corner.optimized],
                fixed=names[corner.fixed],
                direction=corner.direction,
                level=scale,
                start={first: scale, second: scale, **others},
                final={first: float(history.first[-1, i]), second: float(history.second[-1, i]), **others},
                drift=(-1) ** i * 3e-5 * (i + 1),
                drift_8bit=0.002,
                outcome="max_steps",
            )
        )
    settings = {"first": first, "second": second, "image": "astronaut", "distortion": "noise", "strength": 0.1}
    return Run(
        settings=settings, seed=0, versions={}, device="cpu", weights={}, seconds=1.0, results=tuple(results),
        reference=reference, start=start, finals=finals, images_8bit=nearest_8bit(finals), history=history,
    )  # fmt: skip


def make_maps(run: Run) -> Maps:
    """Maps of a run at its end, whose largest value is far above the others."""
    random = np.random.default_rng(1)
    first, second = (
        scale * random.random((1, 4, *run.reference.shape[:2])) ** 2 * np.arange(1, 5)[None, :, None, None]
        for scale in (1, 1e-5)
    )
    return Maps.of(run.history.step[-1:], first, second)


def broken_run() -> Run:
    """Stopped at once; identical images; nothing could be measured; text that is hard to draw."""
    run = make_sheet_run(first="a.b:" + "W" * 20, second="lasi:20")
    nothing = np.full((1, 4), np.nan)
    history = History(np.zeros(1, int), nothing, nothing, nothing)
    outcomes = ("stopped", "a\nb", "<b>$x^2$ & \x07", "日本")
    results = [
        dataclasses.replace(result, final={}, level=None, drift=None, outcome=outcome)
        for result, outcome in zip(run.results, outcomes, strict=True)
    ]
    settings = {"image": "$\\frac{1}$ 日本 <script>.png", "distortion": None}
    finals = np.stack([run.reference] * 4)
    return dataclasses.replace(
        run,
        results=tuple(results),
        history=history,
        settings=settings,
        finals=finals,
        images_8bit=nearest_8bit(finals),
    )


def one_point_run() -> Run:
    run = make_sheet_run()
    return dataclasses.replace(run, history=History(*(column[:1] for column in vars(run.history).values())))
