"""Runs: from a request to a record."""

from mad_app.runs.materialize import Materials, materialize
from mad_app.runs.recorder import OnProgress, Progress
from mad_app.runs.run import (
    Resolve,
    compile_step_of,
    metrics_of,
    record_competition,
    request_of,
    resume_run,
    run_competition,
    source_of,
)

__all__ = [
    "Materials",
    "OnProgress",
    "Progress",
    "Resolve",
    "compile_step_of",
    "materialize",
    "metrics_of",
    "record_competition",
    "request_of",
    "resume_run",
    "run_competition",
    "source_of",
]
