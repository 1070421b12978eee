"""What is open on the page of lessons, and the address that opens it again.

`/lessons?lesson=NAME` with a lesson's settings and its picture opens it there; `hide=` names controls that are hidden;
`tour=` names the stop of the guided tour, which says which lesson is open.
The session's values are filled from an address that the page has not written itself, then from the controls.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import streamlit as st

from mad_app.declaration import settings_of
from mad_app.lessons import LESSONS, Lesson, read_state, write_state
from mad_app.lessons.tour import TOUR, read_stop
from mad_app.ui.address import came_back, correct_address, current_values, write_address
from mad_app.ui.components.picture_address import picture_query, read_picture
from mad_app.ui.lessons.picture import DEFAULT_SIZE, LARGEST_SIZE, keep_picture
from mad_app.ui.session import PageState

STATE = PageState("lessons")

HIDABLE = ("picture", "prediction", "python", "notes")
"""What an address can hide, besides the settings of a lesson."""

LATE_SECONDS = 2.0
"""How long the browser may still send the address before the present one."""


def follow_address() -> None:
    """Open what the address names, unless this page wrote it, and keep what is wrong with it as `problems`.

    A click may come before the browser reports the address that was corrected: that report opens nothing. Nor does an
    address that was just replaced: the browser had not heard of the new one when it sent the click.
    """
    query, now = current_values(), time.monotonic()
    is_reported = came_back() and query == STATE.get("corrected")
    if is_reported:
        STATE["corrected"] = None
    STATE["replaced"] = [(when, one) for when, one in STATE.get("replaced", ()) if now - when < LATE_SECONDS]
    is_late = not came_back() and any(query == one for _, one in STATE["replaced"])
    if is_reported or is_late or query in STATE.get("known", ()):
        _keep_values()
        return
    problems, name = [], query.get("lesson", "")
    STATE["tour"] = read_stop(query.get("tour", ""))
    if STATE["tour"]:
        name = TOUR[STATE["tour"] - 1].lesson or ""
    elif "tour" in query:
        problems.append(f"the tour has {len(TOUR)} stops, and none is {query['tour']!r:.60}")
    if name and name not in LESSONS:
        problems.append(f"there is no lesson {name!r:.60}")
    STATE["lesson"] = name if name in LESSONS else None
    hidden = [] if STATE["lesson"] is None else [part.strip() for part in query.get("hide", "").split(",")]
    STATE["hidden"] = [part for part in hidden if part in hidable(LESSONS[name])]
    problems += read_picture(STATE, query, size=DEFAULT_SIZE, largest=LARGEST_SIZE)
    STATE["gray"] = False
    if STATE["lesson"]:
        state, wrong = read_state(LESSONS[name].state, query)
        set_state(LESSONS[name], state)
        problems += wrong
    STATE["problems"], STATE["known"], STATE["opened"] = problems, (query,), True


def keep_address() -> None:
    """Let the address name what is shown now."""
    name, query = STATE["lesson"], {}
    if name is not None:
        lesson = LESSONS[name]
        picture = picture_query(STATE, size=DEFAULT_SIZE) if lesson.picture else {}
        query = {"lesson": name, **picture, **write_state(state_of(lesson))}
        query |= {"hide": ",".join(STATE["hidden"])} if STATE["hidden"] else {}
    query |= {"tour": str(STATE["tour"])} if STATE["tour"] else {}
    if STATE["opened"]:
        correct_address(query)
        current = current_values()
        STATE["known"], STATE["opened"] = (current, query), False
        STATE["corrected"] = query if query != current else None
    elif query not in STATE["known"]:
        write_address(query)
        STATE["replaced"] += [(time.monotonic(), one) for one in STATE["known"]]
        STATE["known"], STATE["problems"] = (query,), []


def open_lesson(name: str | None) -> None:
    """Open a lesson as it was left, or the list."""
    STATE["lesson"], STATE["hidden"], STATE["problems"] = name, [], []
    STATE["tour"] = None


def open_stop(stop: int | None) -> None:
    """Open a stop of the tour, counted from 1; None leaves the tour, which can be taken up again where it was."""
    STATE["tour-left"] = (STATE["tour"] or 1) if stop is None and STATE["tour"] != len(TOUR) else 1
    open_lesson(TOUR[stop - 1].lesson if stop else None)
    STATE["tour"] = stop


def hidable(lesson: Lesson) -> list[str]:
    """What an address of a lesson can hide."""
    return [*settings_of(lesson.state), *(part for part in HIDABLE if part != "picture" or lesson.picture)]


def state_of(lesson: Lesson) -> Any:
    """The state of a lesson out of the session, with its default where nothing was chosen."""
    values = {}
    for name, declared in settings_of(lesson.state).items():
        key = setting_key(lesson.name, name)
        values[name] = STATE.get(key, declared.default)
    return lesson.state(**values)


def set_state(lesson: Lesson, state: Any) -> None:
    """Put a state into the session."""
    for name in settings_of(lesson.state):
        STATE[setting_key(lesson.name, name)] = getattr(state, name)


def _keep_values() -> None:
    """Set again what controls hold, so that it outlives runs without them."""
    keep_picture(STATE)
    for lesson in LESSONS.values():
        set_state(lesson, state_of(lesson))


def setting_key(lesson: str, name: str) -> str:
    """Under which the page's state has a setting of a lesson."""
    return f"{lesson}-{name}"


@contextmanager
def place(name: str) -> Iterator[None]:
    """Where a control is drawn that an address may hide by this name; hidden, it keeps its value."""
    if name in STATE["hidden"]:
        with st.container(key=STATE.key(f"hidden-{name}")):
            yield
    else:
        yield
