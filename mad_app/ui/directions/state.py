"""What is chosen on the page of directions, and the address that opens it again.

    /directions?image=coffee&size=32&metrics=ssim,mse&count=2&steps=100

What is at its default is left out. The session's values are filled from the address at the start of a visit and where
the browser went back or forward, then from the controls.
"""

from collections.abc import Collection, Mapping

from mad_app.request import PICTURE
from mad_app.ui.address import came_back, correct_address, current_values, write_address
from mad_app.ui.components.picture_address import picture_query, read_picture
from mad_app.ui.session import PageState

STATE = PageState("directions")
SIZE, LARGEST_SIZE = 64, 128
"""Of pictures, in pixels: by default, and at most, for which a search takes minutes."""

METRICS = ("lasi", "lpips-alex")
"""That are chosen at first."""

MOST_METRICS = 4
COUNTS = (1, 2, 3)
"""Of pairs."""

STEPS, FEW_STEPS = (50, 100, 200, 500), 200
"""That a search may make for each pair, and how many at first."""

NONE = "none"
"""In the place of the metrics in an address, where none is chosen."""

CONTROLS = (*PICTURE, "gray", "metrics", "count", "steps")


def follow_address(offered: Collection[str]) -> None:
    """Set the controls to what the address names, where it was not written by this page; else to what they were.

    A click may come before the browser reports an address that was corrected: that report changes nothing. What is
    wrong with the address is kept as `problems`, in clauses.

    Args:
        offered: names of the metrics that can be chosen.
    """
    query, kept = current_values(), STATE.get("kept")
    is_reported = came_back() and query == STATE.pop("corrected", None)
    if kept is not None and (is_reported or not came_back()):
        STATE.update({name: STATE.get(name, value) for name, value in kept.items()})
        STATE["size"] = min(STATE["size"], LARGEST_SIZE)  # a saved picture brings its own
        return
    STATE["problems"] = [
        *read_picture(STATE, query, size=SIZE, largest=LARGEST_SIZE),
        *_read_metrics(query, offered),
        *_read_number(query, "count", COUNTS, COUNTS[0]),
        *_read_number(query, "steps", STEPS, FEW_STEPS),
    ]
    STATE["gray"], STATE["opened"] = None, True


def keep_address() -> None:
    """Let the address name what is shown now; Back leads to what was chosen before."""
    query = picture_query(STATE, size=SIZE)
    metrics = tuple(STATE["metrics"])
    query |= {"metrics": ",".join(metrics) or NONE} if metrics != METRICS else {}
    query |= {"count": str(STATE["count"])} if STATE["count"] != COUNTS[0] else {}
    query |= {"steps": str(STATE["steps"])} if STATE["steps"] != FEW_STEPS else {}
    if STATE.pop("opened", False) or query == STATE.get("written"):
        if query != current_values():
            STATE["corrected"] = query
        correct_address(query)
    else:
        write_address(query)
        STATE["problems"] = []
    STATE["written"], STATE["kept"] = query, {name: STATE[name] for name in CONTROLS}


def _read_metrics(query: Mapping[str, str], offered: Collection[str]) -> list[str]:
    asked = query.get("metrics", ",".join(METRICS))
    names = list(dict.fromkeys(name.strip() for name in asked.split(",") if name.strip() not in ("", NONE)))
    STATE["metrics"] = [name for name in names if name in offered][:MOST_METRICS]
    lost = [name for name in names if name not in STATE["metrics"]]
    return [f"metrics {', '.join(lost):.100} cannot be chosen here"] if lost else []


def _read_number(query: Mapping[str, str], name: str, allowed: Collection[int], default: int) -> list[str]:
    text = query.get(name, str(default))
    STATE[name] = next((number for number in allowed if text == str(number)), default)
    return (
        [] if text == str(STATE[name]) else [f"{name} must be one of {', '.join(map(str, allowed))}, got {text!r:.60}"]
    )
