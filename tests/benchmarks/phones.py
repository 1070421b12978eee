"""Sixty phones on one lesson: `python -m tests.benchmarks.phones [--phones 60] [--seconds 60]`, on Linux.

Each phone is a session over a websocket, as a browser's: it opens the lesson on LASI, then moves N, the channel, the
ridge or what is looked at every few seconds, from a seed of its own. Fragments that want to be drawn again are. The
answers of the first half of the time show what is computed for the first time, those of the second what is shared.
Reported are the seconds from a move to the end of the page's answer, and the server's memory once all had opened the
lesson, halfway and at the end, beside the machine's load, which other programs may cause.
"""

import argparse
import asyncio
import os
import random
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from streamlit.proto.WidgetStates_pb2 import WidgetState

from tests.browser.load import Server, Visitor, connected, processes, resident, serve

THINKING = (3.0, 8.0)
"""Seconds between two moves of a student."""

PARTS = (0.4, 0.7, 1.0)
"""Of the time, when memory is looked at."""

CHOICES = {"Channel": ("Red", "Green", "Blue"), "Look at": ("One pixel", "All pixels", "Two pictures")}
"""What may be chosen, by the label of the control."""

MOVES = ("Neighbors N", "Neighbors N", "Neighbors N", "Channel", "Look at")


@dataclass(frozen=True)
class Moment:
    """What the server has taken by some time: memory in MB, processor time in seconds, and the answers it has given."""

    memory: float
    processor: float
    answers: int


@dataclass
class Phone(Visitor):
    """A session on a lesson.

    Attributes:
        widgets: label to id, and for choices how many there are.
        opened: seconds until the lesson was drawn for the first time.
        moments: when each of `answers` came.
    """

    widgets: dict[str, tuple[str, int]] = field(default_factory=dict)
    opened: float = 0.0
    moments: list[float] = field(default_factory=list)

    async def use(self, until: float) -> None:
        """Open the lesson and play with it until that time."""
        chance = random.Random(self.number)
        self.query, self.path = "lesson=lasi", "lessons"
        await asyncio.sleep(chance.uniform(0, 10))
        self.opened = await self.ask()
        if not self.widgets:
            self.faults.append(f"phone {self.number}: the lesson has no controls")
        while time.monotonic() < until:
            pause = time.monotonic() + chance.uniform(*THINKING)
            while self.fragments and time.monotonic() < pause:
                await asyncio.sleep(min(self.fragments.values()))
                for fragment in list(self.fragments):
                    await self.ask(fragment=fragment)
            await asyncio.sleep(max(0.0, pause - time.monotonic()))
            self.answers.append(await self.ask(self._move(chance)))
            self.moments.append(time.monotonic())

    def _move(self, chance: random.Random) -> WidgetState:
        label = chance.choice([move for move in MOVES if move in self.widgets])
        widget_id, count = self.widgets[label]
        widget = WidgetState(id=widget_id)
        if count:
            widget.string_array_value.data.append(chance.choice(CHOICES[label]))
        else:
            widget.double_array_value.data.append(chance.randint(1, 50))
        return widget

    def _see(self, element: Any) -> None:
        kind = element.WhichOneof("type")
        if kind == "slider" and element.slider.label == "Neighbors N":
            self.widgets["Neighbors N"] = (element.slider.id, 0)
        elif kind == "button_group" and element.button_group.label in CHOICES:
            self.widgets[element.button_group.label] = (element.button_group.id, len(element.button_group.options))
        else:
            super()._see(element)


def main() -> None:
    """Start a server, let the phones in, and report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--phones", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=60.0)
    chosen = parser.parse_args()
    with serve() as server:
        phones, moments = asyncio.run(_let_in(chosen.phones, chosen.seconds, server))
        tracebacks = server.tracebacks()
    _report(phones, moments, tracebacks)


async def _let_in(count: int, seconds: float, server: Server) -> tuple[list[Phone], list[Moment]]:
    """All phones after their visit, and what the server took at some times."""
    began = time.monotonic()
    async with connected(count, server) as connections:
        phones = [Phone(number, server.runs, one) for number, one in enumerate(connections)]
        visits = asyncio.gather(*(one.use(began + seconds) for one in phones), return_exceptions=True)
        moments = []
        for part in PARTS:
            await asyncio.sleep(max(0.0, began + part * seconds - time.monotonic()))
            pids = processes("streamlit run", session=server.pid)
            answers = sum(len(one.answers) for one in phones)
            moments.append(Moment(sum(map(resident, pids)), sum(map(_processor_seconds, pids)), answers))
        for phone, end in zip(phones, await visits, strict=True):
            if isinstance(end, BaseException):
                phone.faults.append(f"phone {phone.number} was thrown out: {end!r}")
        return phones, moments


def _processor_seconds(pid: int) -> float:
    """Processor time of a process so far, 0 for one that has ended."""
    try:
        found = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(found[11]) + int(found[12])) / os.sysconf("SC_CLK_TCK")


def _report(phones: list[Phone], moments: list[Moment], tracebacks: int) -> None:
    """Print what was seen; the exit status is 1 if anything went wrong."""
    timed = sorted((when, seconds) for one in phones for when, seconds in zip(one.moments, one.answers, strict=True))
    halves = timed[: len(timed) // 2], timed[len(timed) // 2 :]
    opened = [one.opened for one in phones]
    load = os.getloadavg()[0]
    print(f"phones     {len(phones)}, load of the machine {load:.1f} on {os.cpu_count()} cores")
    print(f"opening    median {statistics.median(opened):.2f} s, longest {max(opened):.2f} s")
    for name, half in zip(("first half", "second"), halves, strict=True):
        answers = [seconds for _, seconds in half]
        if len(answers) > 1:
            high = statistics.quantiles(answers, n=10)[-1]
            print(
                f"{name:10} {len(answers)} answers, median {statistics.median(answers):.2f} s, 90 % within {high:.2f} s"
            )
    times = ", ".join(f"{one.memory:.0f} MB at {100 * part:.0f} %" for one, part in zip(moments, PARTS, strict=True))
    print(f"memory     {times} of the time")
    settled, end = moments[-2:]
    if end.answers > settled.answers:
        each = (end.processor - settled.processor) / (end.answers - settled.answers)
        print(f"processor  {each:.2f} s for each answer between the last two of these, with what is drawn again")
    faults = [fault for one in phones for fault in one.faults]
    print(f"faults     {len(faults)}, tracebacks {tracebacks}")
    for fault in faults[:5]:
        print(" ", fault)
    if faults or tracebacks:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
