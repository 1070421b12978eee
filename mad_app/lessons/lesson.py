"""What a lesson consists of, and how an address carries its state.

A state is a frozen dataclass of settings (`mad_app.declaration`), which checks itself. An address names what is not at
its default, so that a teacher's link opens a lesson as it was left.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from mad_app.declaration import settings_of
from mad_app.errors import ArgumentError


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """A question that is asked before what it is about is explained.

    Attributes:
        question: a sentence.
        answers: to choose from.
        right: position of the right one.
    """

    question: str
    answers: tuple[str, ...]
    right: int


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """A lesson. Its texts are Markdown.

    Attributes:
        name: in LESSONS and in an address.
        title: the question that it answers.
        minutes: that it takes.
        objective: what you can do afterwards.
        text: three or four sentences.
        tasks: what to try, in this order.
        prediction: asked before `seen` is shown.
        seen: what you should see.
        notes: for the teacher: expected answers, timing, questions to ask.
        more: further tasks for the quick.
        source: the paper.
        state: its dataclass of settings, whose defaults are what the lesson opens with.
        python: the lines that give the numbers of a state, for the image `reference` where a picture is chosen.
        picture: whether one is.
    """

    name: str
    title: str
    minutes: int
    objective: str
    text: str
    tasks: tuple[str, ...]
    prediction: Prediction
    seen: str
    notes: tuple[str, ...]
    more: tuple[str, ...]
    source: str
    state: Any
    python: Callable[[Any], str]
    picture: bool = True


def read_state(kind: Any, query: Mapping[str, str]) -> tuple[Any, list[str]]:
    """The state that an address carries; what is not allowed stays at its default.

    Args:
        kind: the state's dataclass.
        query: parameters of an address; those that are no settings are left out.

    Returns:
        The state, and for each value that is not allowed what is wrong with it, a clause.

    Example:
        >>> from mad_app.lessons.neighborhood import LasiState
        >>> read_state(LasiState, {"n": "20", "channel": "5"})[1]
        ['channel must be at least 0 and at most 2, got 5']
    """
    state, problems = kind(), []
    for name, declared in settings_of(kind).items():
        if name in query:
            try:
                state = replace(state, **{name: declared.parse(query[name])})
            except ArgumentError as error:
                problems.append(str(error))
    return state, problems


def write_state(state: Any) -> dict[str, str]:
    """A state as parameters of an address; defaults are left out.

    Example:
        >>> from mad_app.lessons.neighborhood import LasiState
        >>> write_state(LasiState(n=20))
        {'n': '20'}
    """
    kind: Any = type(state)
    declared = settings_of(kind)
    values = asdict(state).items()
    return {name: declared[name].text(value) for name, value in values if value != declared[name].default}


def check_choice(name: str, value: str, allowed: Collection[str]) -> None:
    """Check that a text is one of those allowed.

    Raises:
        ArgumentError: it is not; lists those that are.
    """
    if value not in allowed:
        raise ArgumentError(name, f"must be one of {', '.join(allowed)}, got {value!r:.60}")
