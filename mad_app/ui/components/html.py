"""HTML and Markdown for pages, with all text escaped: what comes from outside is shown as it is.

HTML is built by `element` (`figures.web_page.markup`). It has no line breaks, so Streamlit's Markdown passes it on
unchanged.
"""

import re
from pathlib import Path

import streamlit as st

from mad_app.figures.web_page.markup import Html, displayable, element, join, unbroken
from mad_app.jobs.paths import runs_root

__all__ = [
    "Html",
    "displayable",
    "element",
    "join",
    "load_styles",
    "page_sheets",
    "plain",
    "sentence",
    "show_color_switch",
    "show_html",
    "term",
    "unbroken",
    "without_paths",
]

_STYLES = Path(__file__).parent
_PRESENTATION = (_STYLES / "presentation.js").read_text(encoding="utf-8")

_PATH = re.compile(r"(?<![\w/.])(?:/[^\s/:,;'\"]+)+/([^\s/:,;'\"]+)")


def term(text: str, explanation: str) -> Html:
    """A word with its explanation, which shows under the pointer and when the word has the focus."""
    return element("abbr", text, title=explanation, tabindex="0", class_="mad-term")


def show_html(content: Html) -> None:
    """Draw HTML in the page, hidden until the styles are there, which can come after it."""
    st.markdown(element("div", content, class_="mad-html", style="display:none"), unsafe_allow_html=True)


def load_styles(*rules: str) -> None:
    """Put the styles of all pages into the app, before any page, so that they stay when another page is opened.

    A sheet beside a script of its name is that of a component with a document of its own; here it would restyle every
    drawing and button. The styles are Markdown as the page's HTML is: the browser loads the program of `st.html` by
    itself.

    Args:
        *rules: further rules.
    """
    sheets = (path.read_text(encoding="utf-8") for path in page_sheets())
    st.markdown(Html(f"<style>{''.join([*sheets, *rules])}</style>"), unsafe_allow_html=True)
    st.html(f"<script>{_PRESENTATION}</script>", unsafe_allow_javascript=True)


def page_sheets() -> list[Path]:
    """The files of the styles of all pages."""
    return [path for path in sorted(_STYLES.glob("*.css")) if not path.with_suffix(".js").exists()]


def show_color_switch() -> None:
    """Draw the button between light and dark, in a corner of the window (`presentation.js`)."""
    show_html(element("button", "◐ Light / dark", type="button", title="Key D", class_="mad-colors-button"))


def plain(text: str) -> str:
    """Text that Streamlit's Markdown shows as it is."""
    return "".join(f"\\{one}" if one in r"\`*_{}[]()<>#+-.!|$:~&" else one for one in displayable(text))


def without_paths(text: str) -> str:
    """A message without folders of the server: of a path, the name alone.

    Example:
        >>> without_paths("there is no file /srv/data/mine/run.json")
        'there is no file run.json'
    """
    root = str(runs_root())
    for path, name in ((f"{root}/", ""), (root, "the folder of the runs")):
        text = text.replace(path, name)
    return _PATH.sub(r"\1", text)


def sentence(text: str, *, capital: bool = True) -> str:
    """A message, which begins in lower case and has no full stop, as a sentence that Markdown shows as it is.

    It names no folder of the server.

    Args:
        text: the message.
        capital: whether it begins with a capital letter; not where it begins with the name of a visitor's file.
    """
    shown = without_paths(" ".join(text.split()))
    end = "" if shown.endswith("?") else "."
    return plain(shown[:1].upper() + shown[1:] if capital else shown) + end
