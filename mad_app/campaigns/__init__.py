"""Campaigns: many competitions, described in one file, run by any executor, and continued wherever they were.

    campaign, problems = read_campaign(Path("campaign.toml").read_text())
    with LocalProcesses(workers=4) as executor:
        execute(campaign, "runs", executor)

Results are ordinary runs in one folder, matched by the ids of their requests.
"""

from mad_app.campaigns.check import check, mistakes
from mad_app.campaigns.estimate import Estimate, estimate
from mad_app.campaigns.execute import Executor, Standing, execute
from mad_app.campaigns.local import LocalProcesses
from mad_app.campaigns.outcomes import Outcomes
from mad_app.campaigns.spec import Campaign, read_campaign
from mad_app.campaigns.survey import Survey, survey
from mad_app.campaigns.work import worker_environment

__all__ = [
    "Campaign",
    "Estimate",
    "Executor",
    "LocalProcesses",
    "Outcomes",
    "Standing",
    "Survey",
    "check",
    "estimate",
    "execute",
    "mistakes",
    "read_campaign",
    "survey",
    "worker_environment",
]
