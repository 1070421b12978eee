"""What the tests of campaigns share: a small campaign, and what a folder has of it."""

from pathlib import Path

from mad_app.campaigns import Campaign, read_campaign
from mad_app.records import list_runs

TEXT = 'size = 16\nsteps = 4\nothers = "none"\npairs = [["ssim", "mse"]]\n'


def small(more: str = "seed = [0, 1, 2]") -> Campaign:
    campaign, problems = read_campaign(TEXT + more)
    assert problems == []
    return campaign


def requests_in(root: Path) -> list[str]:
    """The ids of the requests of all runs in a folder, finished or not."""
    return sorted(summary.request_id for summary in list_runs(root))
