"""What a folder has of a campaign: which of its runs are done, which can go on, which failed, and which are missing."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mad_app.campaigns.outcomes import Outcomes
from mad_app.campaigns.spec import Campaign
from mad_app.records import State
from mad_app.records.index import Index


@dataclass(frozen=True, kw_only=True)
class Survey:
    """The runs of a campaign in a folder, by the ids of their requests.

    Attributes:
        done: folders of runs that are finished.
        resumable: folders of runs that can go on from a checkpoint.
        failed: why runs that are not done failed when they were last tried.
        left: requests of the runs that are still to be run: neither done nor failed.
    """

    done: Mapping[str, Path]
    resumable: Mapping[str, Path]
    failed: Mapping[str, str]
    left: tuple[str, ...]


def survey(campaign: Campaign, root: Path) -> Survey:
    """Look for the runs of a campaign in a folder.

    Raises:
        RecordError: the folder cannot be listed.
    """
    found: dict[State, dict[str, Path]] = {state: {} for state in State}
    for entry in Index(root).entries().runs:  # the newest first
        if entry.request_id in campaign.requests:
            found[entry.state].setdefault(entry.request_id, entry.folder)
    done = found[State.FINISHED]
    reasons = Outcomes(root).failures()
    failed = {name: reasons[name] for name in campaign.requests if name in reasons and name not in done}
    return Survey(
        done=done,
        resumable={name: folder for name, folder in found[State.RESUMABLE].items() if name not in done},
        failed=failed,
        left=tuple(name for name in campaign.requests if name not in done and name not in failed),
    )
