"""What became of the runs that a campaign started.

    .campaign/outcomes.jsonl     in the folder of the runs: a line of JSON for each run that ended (plain JSON Lines)

A line has the `id` and the `settings` of a request, its `state` ("done" or "failed"), the name of its `run`, the
`reason` of a failure, and what a run took: `bytes` on the disk, and `seconds` from its start to its last file, which
one that was interrupted lacks. Of several lines of a request the last one counts. A line that is damaged is left out.
"""

import contextlib
import json
import os
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mad_app.records.storage import refusals
from mad_app.request import REQUEST_SETTINGS
from mad_app.runs.pace import Pace

FOLDER = ".campaign"
"""In the folder of the runs, hidden: what campaigns keep there."""

FILE = "outcomes.jsonl"
DONE, FAILED = "done", "failed"

_DEFAULTS = {name: declared.default for name, declared in REQUEST_SETTINGS.items()}

Kind = str
"""What the time and the disk of a run depend on, as text."""


class Outcomes:
    """The outcomes in a folder of runs. One process at a time may add to them.

    Args:
        root: the folder of the runs.
    """

    def __init__(self, root: Path) -> None:
        self._path, self._end = root / FOLDER / FILE, 0
        self.lines: dict[str, dict[str, Any]] = {}
        self.refresh()

    def refresh(self) -> None:
        """Read what another process has added."""
        with contextlib.suppress(OSError), self._path.open("rb") as file:
            if file.seek(0, os.SEEK_END) < self._end:  # it was made anew
                self.lines, self._end = {}, 0
            file.seek(self._end)
            for text in file:
                with contextlib.suppress(ValueError, TypeError, KeyError):
                    line = json.loads(text)
                    self.lines[str(line["id"])] = line
                self._end += len(text) if text.endswith(b"\n") else 0  # the last line may be half written

    def add(self, identity: str, settings: Mapping[str, Any], outcome: Mapping[str, Any]) -> None:
        """Keep an outcome.

        Raises:
            DiskFullError: there is no room; RecordError: the disk refused it.
        """
        line = {"id": identity, **outcome, "settings": dict(settings)}
        self.lines[identity] = line
        with refusals(f"{self._path} could not be written"):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(f"\n{json.dumps(line)}" if self._path.stat().st_size else json.dumps(line))
                file.flush()
                os.fsync(file.fileno())

    def failures(self) -> dict[str, str]:
        """Why runs failed, by the ids of their requests."""
        return {name: str(line.get("reason", "")) for name, line in self.lines.items() if line.get("state") == FAILED}

    def measured(self, what: str) -> dict[Kind, float]:
        """The median of what runs took, by their kind.

        Args:
            what: "seconds" or "bytes".
        """
        found: dict[Kind, list[float]] = {}
        for line in self.lines.values():
            value = line.get(what)
            if line.get("state") == DONE and isinstance(value, int | float) and value > 0:
                found.setdefault(kind_of(line.get("settings", {})), []).append(value)
        return {kind: statistics.median(values) for kind, values in found.items()}

    def paces(self, pixels: Mapping[str, int]) -> list[Pace]:
        """What a step of the runs that were done took, where the pixels of their pictures are known, by their ids."""
        return [
            Pace(frozenset((settings["first"], settings["second"])), pixels[name], line["seconds"] / settings["steps"])
            for name, line in self.lines.items()
            if line.get("state") == DONE and pixels.get(name) and line.get("seconds")
            for settings in [{**_DEFAULTS, **line.get("settings", {})}]
        ]


def kind_of(settings: Mapping[str, Any]) -> Kind:
    """The kind of a run: its metrics, its length, its constraints and the size of its pictures.

    Example:
        >>> kind_of({"image": "cat", "seed": 1}) == kind_of({"image": "coffee"}) != kind_of({"steps": 7})
        True
    """
    values = {
        name: settings.get(name, declared.default)
        for name, declared in REQUEST_SETTINGS.items()
        if declared.group not in ("start", "levels") and not declared.file
    }
    return json.dumps(values, sort_keys=True)
