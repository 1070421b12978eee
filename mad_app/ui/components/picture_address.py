"""The picture of a page's controls as parameters of its address, for pages that ask for a picture and no competition.

The page's state holds the settings of `PICTURE`, as `picture_picker` has them.
"""

from collections.abc import Mapping

from mad_app.request import PICTURE, Request
from mad_app.runs.reproduce import to_query
from mad_app.ui.components.form import from_query, labels
from mad_app.ui.session import PageState


def read_picture(state: PageState, query: Mapping[str, str], *, size: int, largest: int) -> list[str]:
    """Set the controls to what an address names.

    Args:
        state: of the page.
        query: parameters of the address.
        size: longer side in pixels of a picture whose size is not named.
        largest: up to which sizes are taken.

    Returns:
        What is wrong with the address, in clauses.
    """
    named = {name: query[name] for name in PICTURE if name in query}
    request, ignored = from_query({"size": str(size), **named})
    state.update({name: getattr(request, name) for name in PICTURE}, refusal=None, square=None)
    if state["size"] > largest:
        ignored = [*ignored, "size"]
    if "size" in ignored:
        state["size"] = size
    return [f"{labels(ignored)} cannot be used here"] if ignored else []


def picture_query(state: PageState, *, size: int) -> dict[str, str]:
    """The picture as parameters of an address; defaults are left out, and so is a longer side of `size`."""
    query = to_query(Request(**{name: state[name] for name in PICTURE}))
    query.pop("size", None)
    return query | ({"size": str(state["size"])} if state["size"] != size else {})
