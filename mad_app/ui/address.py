"""The address of a page: written when it changes, read again when the browser goes back or forward.

`write_address` makes a new entry in the browser's history, so that Back leads to what was shown before.
`correct_address` puts another one into the place of the current entry, where nothing new is shown.
"""

import json
from collections.abc import Mapping
from urllib.parse import urlencode

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

Query = Mapping[str, str | list[str]]

LOOKS = ("present", "colors")
"""The parameters that ask for the presentation, and for light or dark, on any page; the browser alone changes them."""

_CORRECT = """<script>
if (new URLSearchParams(location.search).toString() === new URLSearchParams({seen}).toString()) {{
  history.replaceState({{}}, "", location.pathname + {wanted});
  {then}
}}
</script>"""

_READ_AGAIN = 'dispatchEvent(new PopStateEvent("popstate"));'
"""Streamlit reads the address again after `popstate`, as when the browser goes back, and draws the page anew."""


def came_back() -> bool:
    """Whether this drawing was caused by Back or Forward, or by a corrected address."""
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def current_address() -> dict[str, str | list[str]]:
    """The parameters of the address without LOOKS; of one that occurs several times, all values."""
    return {
        name: values if len(values) > 1 else values[0]
        for name in st.query_params
        if name not in LOOKS and (values := st.query_params.get_all(name))
    }


def current_values() -> dict[str, str]:
    """The parameters of the address without LOOKS; of one that occurs several times, the last value."""
    return {name: value if isinstance(value, str) else value[-1] for name, value in current_address().items()}


def write_address(query: Query) -> None:
    """Make these the parameters of the address, unless they are already."""
    if _flat(query) != _flat(current_address()):
        st.query_params.from_dict(_with_look(query))


def correct_address(query: Query, *, then_read: bool = True) -> None:
    """Put these in the place of the address, once the browser has drawn the page; Back does not lead to the old one.

    Args:
        query: the parameters.
        then_read: whether the page is drawn anew for them, at the cost of a click that the server has not yet taken:
            Streamlit drops it. If not, the page is drawn for the old ones until `write_address` writes the new ones,
            which makes no further entry, since the address has them already.
    """
    seen, wanted = (urlencode(_with_look(one), doseq=True) for one in (current_address(), query))
    if seen != wanted:
        names = {"seen": json.dumps(seen), "wanted": json.dumps(f"?{wanted}" if wanted else "")}
        st.html(_CORRECT.format(**names, then=_READ_AGAIN if then_read else ""), unsafe_allow_javascript=True)


def pass_by(*, back: bool) -> None:
    """Lead the browser on from an entry of its history that shows nothing of its own: to the one before, or after it.

    Streamlit makes such an entry when it switches to another page with parameters: the old page with the new ones.
    """
    st.html(f"<script>history.{'back' if back else 'forward'}()</script>", unsafe_allow_javascript=True)


def _with_look(query: Query) -> dict[str, str | list[str]]:
    return {**query, **{name: st.query_params[name] for name in LOOKS if name in st.query_params}}


def _flat(query: Query) -> list[tuple[str, str]]:
    """Names and values; their order matters only among the values of a name."""
    pairs = [(name, value) for name, given in query.items() for value in ([given] if isinstance(given, str) else given)]
    return sorted(pairs, key=lambda pair: pair[0])
