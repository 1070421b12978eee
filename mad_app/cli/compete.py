"""Commands that run one competition: compete and resume."""

from functools import partial
from pathlib import Path
from typing import Any

import click

from mad_app.cli.options import EPILOG, RUN, Command, competition_options, request_of_options
from mad_app.cli.running import fit_steps, follow_run, follow_series, print_picture_notes
from mad_app.records import is_series, load_summary
from mad_app.runs import request_of, resume_run, run_competition
from mad_app.runs.series import resume_series


@click.command(cls=Command, epilog=EPILOG)
@competition_options
def compete(out: Path, **asked: Any) -> None:
    """Run a competition and print, last, its folder.

    IMAGE is a file or the name of a bundled picture. A metric is a name that `metrics` lists,
    package.module:name of your own (a JAX or PyTorch function of two images, a PyTorch module, or a metric made by
    metric_from), or a sum such as lasi+0.5*lpips-alex. Ctrl-C stops after the present step; `resume`
    continues. During a run the fixed metrics may be off their levels; this is corrected at the end. --seconds without
    --steps times the first steps, and makes as many as the time allows.
    """
    request = request_of_options(asked)
    print_picture_notes(request)
    request = fit_steps(request)
    follow_run(request, partial(run_competition, request, out))


@click.command(cls=Command)
@RUN
def resume(run: Path) -> None:
    """Continue a run or series that was stopped.

    RUN is its folder. If its record names a metric of your own, that module is imported and run.
    """
    if is_series(run):
        follow_series(partial(resume_series, run))
    else:
        follow_run(request_of(load_summary(run)), partial(resume_run, run))
