"""What a campaign will take: runs, disk and time."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from mad_app.campaigns.outcomes import Outcomes, kind_of
from mad_app.campaigns.spec import Campaign
from mad_app.request import Request, settings_for_record
from mad_app.runs.pace import Pace, expected_seconds

BYTES_PER_RUN = 30_000
BYTES_PER_PIXEL = 570
"""Of a run with 24 keyframes and maps of both metrics, the most that is kept; large pictures keep fewer keyframes."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What the runs that are left will take.

    Attributes:
        runs: how many are left.
        bytes: on the disk: of each kind of run the median of those that were done, else the most that one takes.
        seconds: of one worker: the median of those of the same kind, else by those of the same metrics (`runs.pace`);
            None where metrics have not been measured.
    """

    runs: int
    bytes: float
    seconds: float | None


def estimate(campaign: Campaign, left: Collection[str], pixels: Mapping[str, int], outcomes: Outcomes) -> Estimate:
    """Estimate what is left of a campaign.

    Args:
        campaign: the campaign.
        left: ids of the requests that are still to be run.
        pixels: of each request's pictures, by its id.
        outcomes: of earlier runs in the folder.
    """
    took, kept = outcomes.measured("seconds"), outcomes.measured("bytes")
    kinds = [(kind_of(settings_for_record(campaign.requests[name])), pixels.get(name, 0)) for name in left]
    known = outcomes.paces(pixels)
    seconds = [
        took.get(kind) or _expected(campaign.requests[name], pixels.get(name), known)
        for name, (kind, _) in zip(left, kinds, strict=True)
    ]
    return Estimate(
        runs=len(kinds),
        bytes=sum(kept.get(kind, BYTES_PER_RUN + BYTES_PER_PIXEL * size) for kind, size in kinds),
        seconds=None if None in seconds else sum(value for value in seconds if value is not None),
    )


def _expected(request: Request, pixels: int | None, known: Sequence[Pace]) -> float | None:
    """What runs of the same metrics let expect."""
    return expected_seconds((request.first, request.second), pixels, request.steps, known) if pixels else None
