"""Runs: from a request to a record."""

from mad_app.request import Request
from mad_app.runs.run import OnProgress, Progress, Resolve, request_of, resume_run, run_competition

__all__ = ["OnProgress", "Progress", "Request", "Resolve", "request_of", "resume_run", "run_competition"]
