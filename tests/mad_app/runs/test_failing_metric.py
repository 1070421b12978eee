"""A metric of one's own that fails in the middle of a run: one sentence, and the record can be continued."""

from pathlib import Path
from typing import Any

import pytest

from mad_app.metrics import KnownMetric, MetricFailed, custom, get_metric, metric_from
from mad_app.records import is_resumable, load_checkpoint, load_record
from mad_app.request import Request
from mad_app.runs import Resolve, resume_run, run_competition
from mad_app.runs import recorder as recording

REQUEST = Request(image="coffee", size=16, first="mine:metric", second="mse", steps=6, others="none")


class Mine:
    """A metric in PyTorch that stops working after some calls."""

    def __init__(self) -> None:
        self.calls_left = 10**9

    def __call__(self, reference: Any, image: Any) -> Any:
        if (type(image).__module__) != "torch":
            raise TypeError("PyTorch tensors only")
        self.calls_left -= 1
        if self.calls_left < 0:
            raise OSError("the license server is gone")
        return ((reference - image).abs() ** 1.5).mean()


def resolver(function: Mine) -> Resolve:
    def resolve(name: str) -> KnownMetric:
        return metric_from(function, name=name) if name == "mine:metric" else get_metric(name)

    return resolve


def test_a_run_whose_metric_fails_can_be_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(custom, "PROBE_SIZES", (16,))
    monkeypatch.setattr(recording, "SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    function = Mine()

    def fail_after(progress: Any) -> None:
        if progress.step.index == 3:
            function.calls_left = 0

    message = r"^the metric mine:metric failed: it raised OSError: the license server is gone, test_failing_metric\.py"
    with pytest.raises(MetricFailed, match=message):
        run_competition(REQUEST, tmp_path / "failed", resolve=resolver(function), on_progress=fail_after)
    (folder,) = (path for path in (tmp_path / "failed").iterdir() if not path.name.startswith("."))
    assert is_resumable(folder)
    assert 1 <= load_checkpoint(folder).step.index <= 3
    function.calls_left = 10**9
    whole = load_record(run_competition(REQUEST, tmp_path / "whole", resolve=resolver(function)))
    continued = load_record(resume_run(folder, resolve=resolver(function)))
    assert not is_resumable(folder)
    assert (continued.finals == whole.finals).all()
