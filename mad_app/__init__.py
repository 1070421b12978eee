"""Maximum Differentiation competitions between perceptual image metrics.

    from mad_app import load_run, mad_competition

    result = mad_competition("astronaut", "lasi", "lpips-alex")   # names, metrics or functions; any array or path
    result.images, result.values, result.verdict, result.figure("figure.pdf")
    load_run(result.save("runs"))                           # the same from a folder

    from mad_app import Request, run_competition            # the same by a request, into a folder from the first step
    folder = run_competition(Request(image="astronaut", first="lasi", second="lpips-alex"), "runs")

    from mad_app import level_sweep, run_series             # several competitions that differ in one setting
    run_series(level_sweep(Request(first="ssim", second="mse"), "second", [0.001, 0.01]), "runs")

    from mad_app import compete, get_metric                 # the engine itself, step by step
    steps = compete(reference, start, get_metric("ssim"), get_metric("mse"))

An image is float32 (H, W, 3), sRGB in [0, 1]; every metric is a distance, 0 between identical images.
"""

from mad_app.garbage import no_search_for_garbage

with no_search_for_garbage():
    from mad_app.call import mad_competition
    from mad_app.competition import Settings, SolverOptions, compete
    from mad_app.directions import eigen_distortions, load_distortions, principal_distortions
    from mad_app.images import Crop
    from mad_app.metrics import get_metric, metric_from
    from mad_app.records import load_series
    from mad_app.request import Request
    from mad_app.result import Result, load_run
    from mad_app.runs import resume_run, run_competition
    from mad_app.runs.series import level_sweep, repeated_seeds, resume_series, run_series, wang_simoncelli_2008

__all__ = [
    "Crop",
    "Request",
    "Result",
    "Settings",
    "SolverOptions",
    "compete",
    "eigen_distortions",
    "get_metric",
    "level_sweep",
    "load_distortions",
    "load_run",
    "load_series",
    "mad_competition",
    "metric_from",
    "principal_distortions",
    "repeated_seeds",
    "resume_run",
    "resume_series",
    "run_competition",
    "run_series",
    "wang_simoncelli_2008",
]
