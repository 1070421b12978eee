"""What a folder knows of its campaigns survives damage to one of them."""

import json
from pathlib import Path

import pytest

from mad_app.campaigns.status import FILE, STATUS, Status, keep_campaign, known_campaigns
from mad_app.records import RecordError
from tests.mad_app.campaigns.examples import small


def test_a_status_of_wrong_types_costs_no_other_campaign(tmp_path: Path) -> None:
    right, wrong = (keep_campaign(tmp_path, small(f"seed = {seed}")) for seed in (0, 1))
    values = {"name": 1, "created": 2, "runs": "x", "done": True, "seconds_left": "x", "handed_out": [1], "problems": 3}
    (wrong.folder / STATUS).write_text(json.dumps({**values, "failed": 4}))
    found = {known.id: known.status for known in known_campaigns(tmp_path)}
    assert found == {right.id: right.status, wrong.id: Status(name=wrong.id, failed=4)}


def test_a_file_that_is_no_text_is_damaged(tmp_path: Path) -> None:
    known = keep_campaign(tmp_path, small())
    (known.folder / FILE).write_bytes(b"\xff")
    with pytest.raises(RecordError, match="it is not UTF-8 text"):
        known.text()
